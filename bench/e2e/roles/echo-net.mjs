// Round trips over plain TCP without Nagle's delay.
import { connect, createServer } from 'node:net';
import { isServer, measureRoundTrips, PAYLOAD, serverInfo } from '../round-trips.mjs';

if (isServer) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
} else {
  const socket = connect({ port: serverInfo().port, host: '127.0.0.1', noDelay: true }, () => {
    const onAnswer = measureRoundTrips(() => socket.write(PAYLOAD));
    socket.on('data', (bytes) => onAnswer(bytes.length));
  });
}
