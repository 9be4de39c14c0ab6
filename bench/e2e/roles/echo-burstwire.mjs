// Round trips over one stream of burstwire.
import { Endpoint, generateIdentity } from '../../../dist/index.js';
import { isServer, measureRoundTrips, PAYLOAD, serverInfo } from '../round-trips.mjs';

if (isServer) {
  const identity = generateIdentity();
  const server = await Endpoint.bind({ address: '127.0.0.1', identity });
  server.on('connection', (connection) => {
    connection.on('stream', (stream) => {
      stream.on('data', (bytes) => stream.write(bytes));
      stream.on('error', () => {});
    });
  });
  const publicKey = Buffer.from(identity.publicKey).toString('hex');
  process.send({ port: server.address.port, publicKey });
} else {
  const { port, publicKey } = serverInfo();
  const client = await Endpoint.bind({ address: '127.0.0.1' });
  const connection = await client.connect({
    address: '127.0.0.1',
    port,
    publicKey: Buffer.from(publicKey, 'hex'),
  });
  const stream = connection.openStream();
  stream.on('error', () => process.exit());
  const onAnswer = measureRoundTrips(() => stream.write(PAYLOAD));
  stream.on('data', (bytes) => onAnswer(bytes.length));
}
