// Round trips over node:dgram: connected sockets, nothing encrypted, nothing repeated.
import { createSocket } from 'node:dgram';
import { isServer, measureRoundTrips, PAYLOAD, serverInfo } from '../round-trips.mjs';

const socket = createSocket('udp4');
if (isServer) {
  socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address));
  socket.bind(0, '127.0.0.1', () => process.send({ port: socket.address().port }));
} else {
  socket.connect(serverInfo().port, '127.0.0.1', () => {
    const onAnswer = measureRoundTrips(() => socket.send(PAYLOAD));
    socket.on('message', (bytes) => onAnswer(bytes.length));
  });
}
