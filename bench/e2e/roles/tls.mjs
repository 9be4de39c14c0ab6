// Bulk over TLS 1.3 with AES-128-GCM: what people use today.
import { connect, createServer } from 'node:tls';
import { CIPHERS, makeCertificate } from '../certificate.mjs';
import { CHUNK, isServer, Meter, pour, say, serverInfo } from '../meter.mjs';

const ciphers = CIPHERS;

if (isServer) {
  const meter = new Meter();
  const server = createServer(
    { ...makeCertificate(), ciphers, minVersion: 'TLSv1.3' },
    (socket) => {
      socket.on('data', (bytes) => meter.add(bytes.length));
      socket.on('error', () => {});
    },
  );
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
} else {
  const { port } = serverInfo();
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ciphers }, () =>
    pour(socket, CHUNK),
  );
  socket.on('error', () => process.exit());
}
