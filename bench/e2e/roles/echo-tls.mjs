// Round trips over TLS 1.3 with AES-128-GCM, without Nagle's delay.
import { connect, createServer } from 'node:tls';
import { CIPHERS, makeCertificate } from '../certificate.mjs';
import { isServer, measureRoundTrips, PAYLOAD, serverInfo } from '../round-trips.mjs';

if (isServer) {
  const options = { ...makeCertificate(), ciphers: CIPHERS, minVersion: 'TLSv1.3' };
  const server = createServer(options, (socket) => {
    socket.setNoDelay();
    socket.on('data', (bytes) => socket.write(bytes));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
} else {
  const { port } = serverInfo();
  const options = { port, host: '127.0.0.1', rejectUnauthorized: false, ciphers: CIPHERS };
  const socket = connect(options, () => {
    socket.setNoDelay();
    const onAnswer = measureRoundTrips(() => socket.write(PAYLOAD));
    socket.on('data', (bytes) => onAnswer(bytes.length));
  });
}
