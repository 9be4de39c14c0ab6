// Bulk over udx-native: reliable UDP in C, without encryption or handshake.
import { createRequire } from 'node:module';
import { CHUNK, isServer, Meter, pour, say, serverInfo } from '../meter.mjs';

const UDX = createRequire(new URL('../../peers/package.json', import.meta.url))('udx-native');
const udx = new UDX();
const socket = udx.createSocket();
socket.bind(0, '127.0.0.1');

if (isServer) {
  // Who the client is, it says in its first line on standard input.
  process.stdin.once('data', (line) => {
    const meter = new Meter();
    const stream = udx.createStream(1);
    stream.on('error', () => {});
    stream.on('data', (bytes) => meter.add(bytes.length));
    stream.connect(socket, 2, JSON.parse(line).port, '127.0.0.1');
    say({ isReady: true });
  });
  say({ port: socket.address().port, wantsClient: true });
} else {
  say({ port: socket.address().port });
  const stream = udx.createStream(2);
  stream.on('error', () => process.exit());
  process.stdin.once('data', () => {
    stream.connect(socket, 1, serverInfo().port, '127.0.0.1');
    pour(stream, Buffer.from(CHUNK));
  });
}
