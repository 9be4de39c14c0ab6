// Callbacks of the application that throw, all of them and always, on one connection; beside it another one transfers.
// Prints what surfaced, and what the other connection got, as JSON.
import { subscribe } from 'node:diagnostics_channel';
import { Endpoint } from '../../../dist/index.js';

const surfaced = new Set();
process.on('uncaughtException', (error) => surfaced.add(error.message));
const fail = (where) => () => {
  throw new Error(where);
};

const bad = await Endpoint.bind({
  address: '127.0.0.1',
  idleTimeout: 2000,
  authorize: fail('authorize'),
  keyLog: fail('keyLog'),
});
const server = await Endpoint.bind({ address: '127.0.0.1', idleTimeout: 2000 });
let goodKey;
let streams = 0;
server.on('connection', (connection) => {
  if (Buffer.compare(connection.remotePublicKey, goodKey) === 0) {
    connection.on('stream', (stream) => stream.pipe(stream));
    return;
  }
  const { closed } = connection;
  closed.then(() => surfaced.add('closed'));
  for (const event of ['message', 'datagram', 'drain', 'path', 'pathMtu', 'close']) {
    connection.on(event, fail(`connection ${event}`));
  }
  connection.on('stream', (stream) => {
    for (const event of ['end', 'close', 'error', 'finish', 'drain']) {
      stream.on(event, fail(`stream ${event}`));
    }
    if (streams++ % 2 === 0) stream.on('data', fail('stream data'));
    else stream.on('readable', fail('stream readable'));
    stream.write('an answer');
    throw new Error('connection stream');
  });
  throw new Error('endpoint connection');
});
server.on('close', fail('endpoint close'));
subscribe('burstwire:connection.open', fail('diagnostics'));
subscribe('burstwire:stream.open', fail('diagnostics'));

const { address, port } = server.address;
const peer = { address, port, publicKey: server.publicKey };
const client = await Endpoint.bind({ address: '127.0.0.1' });
goodKey = client.publicKey;

/** Bytes that came back of so many. */
async function echoed(connection, byteLength) {
  const stream = connection.openStream();
  let received = 0;
  stream.on('data', (bytes) => {
    received += bytes.length;
  });
  const over = new Promise((resolve) => stream.once('close', resolve));
  stream.on('error', () => {});
  stream.end(new Uint8Array(byteLength));
  await over;
  return received;
}

const good = await client.connect(peer);
const transfer = echoed(good, 5_000_000);

setTimeout(() => process.exit(9), 20_000).unref();
const troubled = await (await Endpoint.bind({ address: '127.0.0.1' })).connect(peer);
for (let round = 0; round < 20; round++) {
  const stream = troubled.openStream();
  stream.on('error', () => {});
  stream.on('data', () => {});
  if (round % 3 === 0) stream.end(new Uint8Array(50_000));
  else if (round % 3 === 1) stream.write(new Uint8Array(2_000_000));
  else stream.write('x', () => stream.destroy());
  troubled.sendMessage(new Uint8Array(1000)).catch(() => {});
  troubled.sendDatagram(new Uint8Array(100));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
const refused = await client
  .connect({
    address: bad.address.address,
    port: bad.address.port,
    publicKey: bad.publicKey,
    signal: AbortSignal.timeout(500),
  })
  .then(
    () => 'connected',
    (error) => error.name,
  );
troubled.destroy();
const received = await transfer;

await client.close();
await server.close();
await bad.close();
console.log(JSON.stringify({ surfaced: [...surfaced].sort(), received, refused }));
process.exit(0);
