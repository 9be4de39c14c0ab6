// Bulk over TLS 1.3 with AES-128-GCM: what people use today.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { CHUNK, isServer, Meter, pour, say, serverInfo } from '../meter.mjs';

const ciphers = 'TLS_AES_128_GCM_SHA256';

function makeCertificate() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-tls-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 1`;
  execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

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
