/**
 * What `stats()` says after traffic that is known, and which diagnostics channels speak of it.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import * as announcements from '../../lib/api/diagnostics.js';
import { createSocket as createDgramSocket } from '../../lib/dgram.js';
import { type Connection, Endpoint, type TransportStream } from '../../lib/index.js';
import { until } from '../conformance/support/waiting.js';
import { collect, seeded } from './support/bytes.js';
import { addressOf, ignore, open, pair } from './support/pair.js';
import { catchUncaught } from './support/uncaught.js';
import { engines } from './support/variants.js';

const LIB = new URL('../../lib/', import.meta.url);

describe.each(engines)('stats: $name', (variant) => {
  it('add up on both sides', async () => {
    const { here, there, client, server } = await pair(variant);
    there.on('stream', (stream) => stream.pipe(stream));
    const bytes = seeded(1_000_000, 51);
    const stream = here.openStream();
    stream.end(bytes);
    await collect(stream);
    for (let number = 0; number < 5; number++) await here.sendMessage(seeded(100, number));
    here.sendDatagram(seeded(50));
    await until(
      () => there.stats().datagramsReceived === 1,
      () => 'the datagram',
    );
    const ours = here.stats();
    const theirs = there.stats();
    expect(ours).toMatchObject({
      streamsOpened: 1,
      streamsAccepted: 0,
      messagesSent: 5,
      datagramsSent: 1,
    });
    expect(theirs).toMatchObject({ streamsAccepted: 1, messagesReceived: 5, datagramsReceived: 1 });
    expect(ours.rtt).toBeGreaterThan(0);
    expect(ours.rtt).toBeLessThan(10_000);
    expect(ours.cwnd).toBeGreaterThanOrEqual(2400);
    expect(ours.pathMtu).toBeGreaterThanOrEqual(1200);
    expect(ours.bytesSent).toBeGreaterThan(bytes.length);
    expect(theirs.bytesReceived).toBeGreaterThan(bytes.length);
    expect(Number(ours.packetsSent)).toBeGreaterThanOrEqual(Number(theirs.packetsReceived));
    expect(ours.lost).toBe(ours.packetsLost);
    for (const [name, value] of Object.entries(ours)) {
      if (typeof value === 'number')
        expect([name, Number.isNaN(value) || value < 0]).toEqual([name, false]);
    }
    const endpoint = server.stats();
    expect(endpoint.connections).toBe(1);
    expect(endpoint.connectionsOpened).toBe(1);
    expect(endpoint.receivedPackets).toBeGreaterThanOrEqual(Number(theirs.packetsReceived));
    expect(client.stats().socket.bytesSent).toBeGreaterThan(bytes.length);
    expect(client.engine.name).toBe(variant.name);
  });

  it('are snapshots', async () => {
    const { here } = await pair(variant);
    const before = here.stats();
    const copy = { ...before };
    await here.sendMessage(seeded(10_000));
    expect(before).toEqual(copy);
    expect(here.stats().messagesSent).toBe(1);
  });

  it('count what a rate limit lets through', async () => {
    const { here, there } = await pair(variant, { client: { connectionRateLimit: 2_000_000 } });
    const arrived = once(there, 'message');
    await here.sendMessage(seeded(400_000));
    await arrived;
    const slow = await pair(variant, { client: { rateLimit: 2_000_000 } });
    await slow.here.sendMessage(seeded(400_000));
  });
});

describe('diagnostics channels', () => {
  /** Messages of a channel, as they come, until the test ends. */
  function listen(name: string): unknown[] {
    const messages: unknown[] = [];
    const listener = (message: unknown): void => {
      messages.push(message);
    };
    subscribe(name, listener);
    onTestFinished(() => void unsubscribe(name, listener));
    return messages;
  }

  it('announce endpoints, connections, streams, and how they end', async () => {
    const binds = listen('burstwire:endpoint.bind');
    const closes = listen('burstwire:endpoint.close');
    const opened = listen('burstwire:connection.open');
    const ended = listen('burstwire:connection.close');
    const streams = listen('burstwire:stream.open');
    const { here, there, server, client } = await pair(engines[0]!);
    expect(binds).toEqual([{ endpoint: server }, { endpoint: client }]);
    const connections = (opened as { connection: Connection }[]).map(
      ({ connection }) => connection,
    );
    expect(new Set(connections)).toEqual(new Set([here, there]));
    const accepted = once(there, 'stream');
    const stream = here.openStream();
    stream.end('x');
    const [peer] = (await accepted) as [TransportStream];
    peer.resume().end();
    stream.resume();
    await once(stream, 'close');
    expect(streams).toEqual([
      { connection: here, stream },
      { connection: there, stream: peer },
    ]);
    const closed = await here.close();
    await there.closed;
    expect(ended).toContainEqual({ connection: here, closed });
    expect(ended).toContainEqual({ connection: there, closed: await there.closed });
    await client.close();
    await server.close();
    expect(closes).toEqual([{ endpoint: client }, { endpoint: server }]);
  });

  it('announce a connect that failed', async () => {
    const failures = listen('burstwire:connection.fail');
    const server = await open(engines[0]!);
    server.on('connection', ignore);
    const client = await open(engines[0]!, { authorize: () => false });
    const { publicKey: _, ...where } = addressOf(server);
    const error = await client.connect(where).then(
      () => undefined,
      (reason) => reason,
    );
    expect(failures).toEqual([{ endpoint: client, error }]);
  });

  it('may throw without hurting anybody', async () => {
    const caught = catchUncaught('from a subscriber');
    const names = ['endpoint.bind', 'connection.open', 'stream.open', 'connection.close'];
    const thrower = (): never => {
      throw new Error('from a subscriber');
    };
    for (const name of names) subscribe(`burstwire:${name}`, thrower);
    try {
      const { here, there } = await pair(engines[0]!);
      there.on('stream', (stream) => stream.pipe(stream));
      const stream = here.openStream();
      stream.end('x');
      expect(String(await collect(stream))).toBe('x');
      await here.close();
      await there.closed;
      await until(
        () => caught.length === 8,
        () => `8 exceptions, not ${caught.length}`,
      );
    } finally {
      for (const name of names) unsubscribe(`burstwire:${name}`, thrower);
    }
  });
});

describe('docs/diagnostics.md', () => {
  const text = readFileSync(new URL('../../docs/diagnostics.md', import.meta.url), 'utf8');
  /** Channels of the catalogue, and what their messages hold. */
  const catalogue = new Map(
    Array.from(
      text.matchAll(/^\| `((?:burstwire:|udp\.)[a-z.]+)` \| `\{ ([\w, ]+) \}` \|/gm),
      (row) => [row[1], row[2].split(', ').sort()],
    ),
  );

  it('names every figure', async () => {
    const { here, server } = await pair(engines[0]!);
    const names = [...Object.keys(here.stats()), ...Object.keys(server.stats())];
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('has every channel that there is in lib, and no other', () => {
    const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' });
    const made = files
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(new URL(name, LIB), 'utf8').match(/\bchannel\(.*\)/g) ?? []);
    expect(made.map((call) => call.slice(9, -2)).sort()).toEqual([...catalogue.keys()].sort());
    // Those of the transport, and the one that burstwire/dgram has from Node.
    expect(Object.values(announcements)).toHaveLength(made.length - 1);
  });

  it('says what the messages of each channel hold, and each one speaks', async () => {
    const heard = new Map<string, string[]>();
    for (const name of catalogue.keys()) {
      const listener = (message: unknown): void => {
        heard.set(name, Object.keys(message as object).sort());
      };
      subscribe(name, listener);
      onTestFinished(() => void unsubscribe(name, listener));
    }
    const { here, there, client, server } = await pair(engines[0]!);
    there.on('stream', (stream) => stream.pipe(stream));
    const stream = here.openStream();
    stream.end('x');
    await collect(stream);
    await here.close();
    await there.closed;
    // Nobody takes connections at the client.
    await expect(server.connect(addressOf(client))).rejects.toThrow();
    await client.close();
    await server.close();
    createDgramSocket('udp4').close();
    expect(heard).toEqual(catalogue);
  });
});

describe('an endpoint', () => {
  it('has the class that is exported, and copies of what it shows', async () => {
    const endpoint = await open(engines[0]!);
    expect(endpoint).toBeInstanceOf(Endpoint);
    endpoint.publicKey.fill(0);
    expect(endpoint.publicKey.some((byte) => byte !== 0)).toBe(true);
    (endpoint.connections as Set<Connection>).add({} as Connection);
    expect(endpoint.connections.size).toBe(0);
  });
});
