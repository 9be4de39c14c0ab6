// Bulk over plain TCP: the bound that an unencrypted kernel transport sets.
import { connect, createServer } from 'node:net';
import { CHUNK, isServer, Meter, pour, say, serverInfo } from '../meter.mjs';

if (isServer) {
  const meter = new Meter();
  const server = createServer((socket) => {
    socket.on('data', (bytes) => meter.add(bytes.length));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
} else {
  const socket = connect(serverInfo().port, '127.0.0.1', () => pour(socket, CHUNK));
  socket.on('error', () => process.exit());
}
