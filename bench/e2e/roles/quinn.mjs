// Bulk over quinn (QUIC in Rust), through the addon of @chainsafe/libp2p-quic.
import { createRequire } from 'node:module';
import { CHUNK, isServer, Meter, say, serverInfo } from '../meter.mjs';

const require = createRequire(new URL('../../peers/package.json', import.meta.url));
const { Client, QuinnConfig, Server } = require('@chainsafe/libp2p-quic-linux-x64-gnu');
const { generateKeyPair, privateKeyToProtobuf } = await import(
  require.resolve('@libp2p/crypto/keys').replace(/^/, 'file://')
);

const privateKey = await generateKeyPair('Ed25519');
const config = new QuinnConfig({
  privateKeyProto: privateKeyToProtobuf(privateKey),
  handshakeTimeout: 5000,
  shutdownTimeout: 1000,
  maxIdleTimeout: 10_000,
  keepAliveInterval: 5000,
  maxConcurrentStreamLimit: 256,
  maxStreamData: 10_000_000,
  maxConnectionData: 15_000_000,
  mtuUpperBound: 1452,
  receiveBufferSize: 4 << 20,
  sendBufferSize: 4 << 20,
});

if (isServer) {
  const meter = new Meter();
  const port = 20_000 + (process.pid % 20_000);
  const server = new Server(config, '127.0.0.1', port);
  say({ port });
  const connection = await server.inboundConnection();
  const stream = await connection.inboundStream();
  for (;;) {
    const bytes = await stream.read(65_536);
    if (bytes == null) break;
    meter.add(bytes.length);
  }
} else {
  const client = new Client(config, 0);
  const connection = await client.outboundConnection('127.0.0.1', serverInfo().port);
  const stream = await connection.outboundStream();
  for (;;) await stream.write(CHUNK);
}
