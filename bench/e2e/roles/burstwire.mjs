// Bulk over burstwire: one stream of one connection. BENCH_OPTIONS: options of the endpoints, as JSON; BENCH_BORROW=1:
// the receiver reads without a copy.
import { Endpoint, generateIdentity } from '../../../dist/index.js';
import { CHUNK, isServer, Meter, pour, say, serverInfo } from '../meter.mjs';

const options = JSON.parse(process.env.BENCH_OPTIONS ?? '{}');

if (isServer) {
  const identity = generateIdentity();
  const server = await Endpoint.bind({ ...options, address: '127.0.0.1', identity });
  const meter = new Meter(() => {
    const { socket } = server.stats();
    return {
      datagrams: socket.datagramsReceived,
      calls: socket.receiveCalls + socket.sendCalls,
    };
  });
  server.on('connection', (connection) => {
    connection.on('stream', (stream) => {
      if (process.env.BENCH_BORROW === '1') {
        stream.readBorrowed((_bytes, _offset, byteLength) => meter.add(byteLength));
      } else {
        stream.on('data', (bytes) => meter.add(bytes.length));
      }
      stream.on('error', () => {});
    });
  });
  const publicKey = Buffer.from(identity.publicKey).toString('hex');
  say({ port: server.address.port, publicKey });
} else {
  const { port, publicKey } = serverInfo();
  const client = await Endpoint.bind({ ...options, address: '127.0.0.1' });
  const connection = await client.connect({
    address: '127.0.0.1',
    port,
    publicKey: Buffer.from(publicKey, 'hex'),
  });
  const stream = connection.openStream({ unidirectional: true });
  stream.on('error', () => process.exit());
  pour(stream, CHUNK);
  if (process.env.BENCH_STATS) {
    setInterval(
      () => process.stderr.write(`${JSON.stringify(connection.stats())}\n`),
      1000,
    ).unref();
  }
}
