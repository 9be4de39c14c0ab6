/** A client behind a NAT that forgets (a relay on loopback), and a server that is started anew, on both engines. */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { generateIdentity, type SocketAddress, type TransportStream } from '../../lib/index.js';
import { within } from '../conformance/support/waiting.js';
import { hashOf, seeded } from './support/bytes.js';
import { addressOf, ignore, join, open } from './support/pair.js';
import { Relay } from './support/relay.js';
import { engines } from './support/variants.js';

const BYTES = 6_000_000;

describe.each(engines)('another address: $name', (variant) => {
  it('three times in one transfer loses nothing', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const relay = await Relay.open(server.address.port);
    const accepted = within(once(server, 'connection'), () => "'connection'");
    const here = await client.connect({ ...addressOf(server), port: relay.port });
    const [there] = await accepted;
    const paths: SocketAddress[] = [];
    there.on('path', (address: SocketAddress) => paths.push(address));
    const stream = here.openStream({ unidirectional: true });
    const [incoming] = await new Promise<[TransportStream]>((resolve) => {
      there.once('stream', (taken: TransportStream) => resolve([taken]));
      stream.write(seeded(BYTES).subarray(0, 1000));
    });
    const ports = [];
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const end of [2_000_000, 4_000_000, BYTES]) {
      await relay.rebind();
      ports.push(relay.publicPort);
      const moved = within(once(there, 'path'), () => `'path' to ${relay.publicPort}`);
      stream.write(seeded(BYTES).subarray(end === 2_000_000 ? 1000 : end - 2_000_000, end));
      await moved;
    }
    const ended = within(once(incoming, 'end'), () => "'end'");
    stream.end();
    await ended;
    expect(hashOf(Buffer.concat(chunks))).toBe(hashOf(seeded(BYTES)));
    expect(paths.map(({ port }) => port)).toEqual(ports);
    expect(there.remoteAddress.port).toBe(ports[2]);
    expect(there.stats()).toMatchObject({ pathSwitches: 3, pathsValidated: 3, pathsFailed: 0 });
  });

  it('of a server that was started anew: the client learns that its connection is gone', async () => {
    const identity = generateIdentity();
    const server = await open(variant, { identity });
    const client = await open(variant);
    const relay = await Relay.open(server.address.port);
    const accepted = within(once(server, 'connection'), () => "'connection'");
    server.on('connection', ignore);
    const here = await client.connect({ ...addressOf(server), port: relay.port });
    await accepted;
    // With the acknowledgement the client has the reset token.
    await here.sendMessage(new Uint8Array(1));
    const { port } = server.address;
    // It goes without a word: what it says at the end arrives nowhere.
    await relay.rebind();
    await server.close();
    await open(variant, { identity, port });
    here.sendDatagram(new Uint8Array(100));
    const closed = await within(here.closed, () => 'closed');
    expect(closed).toMatchObject({ origin: 'reset', isApplication: false });
    // Each packet that arrives there is answered: a probe on a slow machine as well.
    expect(client.stats().receivedResets).toBeGreaterThanOrEqual(1);
    await expect(here.sendMessage(new Uint8Array(1))).rejects.toMatchObject({
      code: 'ERR_CONNECTION_CLOSED',
    });
  });
});

describe.each(engines)('the same address: $name', (variant) => {
  it('makes no event', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const [here, there] = await join(client, server);
    for (const connection of [here, there]) connection.on('path', () => expect.unreachable());
    await here.sendMessage(seeded(100_000));
    expect(there.stats()).toMatchObject({ pathSwitches: 0, pathsRefused: 0 });
  });
});
