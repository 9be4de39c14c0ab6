/**
 * What a packet of bulk data costs besides its payload: bytes on the wire, and system calls.
 */

import { describe, expect, it } from 'vitest';
import { Endpoint, generateIdentity } from '../../lib/index.js';

const BYTES = 40_000_000;
const CHUNK = new Uint8Array(64 * 1024);

async function transfer() {
  const identity = generateIdentity();
  const options = { address: '127.0.0.1', maxDatagramSize: 1452 } as const;
  const server = await Endpoint.bind({ ...options, identity });
  const client = await Endpoint.bind(options);
  let received = 0;
  server.on('connection', (connection) => {
    connection.on('stream', (stream) => {
      stream.on('data', (bytes: Uint8Array) => {
        received += bytes.byteLength;
      });
    });
  });
  const { port } = server.address;
  const connection = await client.connect({
    address: '127.0.0.1',
    port,
    publicKey: identity.publicKey,
  });
  const stream = connection.openStream({ unidirectional: true });
  for (let sent = 0; sent < BYTES; sent += CHUNK.byteLength) {
    if (!stream.write(CHUNK)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  await new Promise<void>((resolve) => stream.end(resolve));
  const figures = {
    connection: connection.stats(),
    client: client.stats(),
    server: server.stats(),
  };
  const { engine } = client;
  await client.close();
  await server.close();
  return { ...figures, engine, received };
}

describe('a packet of bulk data', () => {
  it('has at most 40 bytes of overhead and takes at most 0.05 system calls', async () => {
    const { connection, client, server, engine, received } = await transfer();
    expect(received).toBeGreaterThanOrEqual(BYTES);
    const { bytesSent, streamBytesSent, packetsSent } = connection;
    expect((bytesSent - streamBytesSent) / packetsSent).toBeLessThanOrEqual(40);
    // Without trains a datagram is a call: there is nothing to promise then.
    if (!engine.gso || !engine.gro) return;
    const calls = [client, server].map(({ socket }) => socket.sendCalls + socket.receiveCalls);
    expect((calls[0] + calls[1]) / packetsSent).toBeLessThanOrEqual(0.05);
  });
});
