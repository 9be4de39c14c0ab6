// A telemetry feed: readings as unreliable datagrams, alarms as reliable messages, over one connection.
// Run: node examples/telemetry.mjs
//
// A reading that is late is worth nothing, so nobody sends it again; an alarm must arrive.
import { Endpoint, generateIdentity } from 'burstwire';

const READINGS = 1000;
const identity = generateIdentity();
const collector = await Endpoint.bind({ address: '127.0.0.1', identity });
let readings = 0;
let newest = 0;
const alarms = [];
const over = new Promise((resolve) => {
  collector.on('connection', (connection) => {
    connection.on('datagram', (bytes) => {
      const reading = JSON.parse(Buffer.from(bytes));
      readings++;
      // Datagrams may overtake each other.
      newest = Math.max(newest, reading.at);
    });
    connection.on('message', (bytes) => alarms.push(Buffer.from(bytes).toString()));
    connection.closed.then(resolve);
  });
});

const sensor = await Endpoint.bind({ address: '127.0.0.1' });
const connection = await sensor.connect({
  address: '127.0.0.1',
  port: collector.address.port,
  publicKey: identity.publicKey,
});
let dropped = 0;
for (let at = 1; at <= READINGS; at++) {
  const celsius = 20 + 5 * Math.sin(at / 50);
  // False: the queue was full, and something older gave way.
  if (!connection.sendDatagram(Buffer.from(JSON.stringify({ at, celsius })))) dropped++;
  if (at % 250 === 0)
    await connection.sendMessage(Buffer.from(`reading ${at} was ${celsius.toFixed(1)} C`));
}
await connection.close();
await over;

console.log(
  `${readings} of ${READINGS} readings, the newest ${newest}, ${dropped} dropped before sending`,
);
for (const alarm of alarms) console.log(`alarm: ${alarm}`);
await Promise.all([sensor.close(), collector.close()]);
