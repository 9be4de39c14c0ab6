/**
 * How connections and endpoints end: what is delivered, what both sides are told, and what may be called afterwards.
 */

import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type Connection, Endpoint, type TransportStream } from '../../lib/index.js';
import { until, within } from '../conformance/support/waiting.js';
import { collect, hashOf, seeded } from './support/bytes.js';
import { addressOf, ignore, join, open, pair } from './support/pair.js';
import { engines } from './support/variants.js';

describe.each(engines)('the end: $name', (variant) => {
  it('comes after what was written, with code and reason on both sides', async () => {
    const { here, there } = await pair(variant);
    const bytes = seeded(5_000_000, 31);
    const messages: string[] = [];
    there.on('message', (message) => messages.push(String(message)));
    const accepted = once(there, 'stream');
    here.openStream({ unidirectional: true }).end(bytes);
    const sent = here.sendMessage(Buffer.from('the last word'));
    const ended = here.close({ code: 7, reason: 'done \u20ac' });
    const [peer] = (await accepted) as [TransportStream];
    expect(hashOf(await collect(peer))).toBe(hashOf(bytes));
    await sent;
    const info = { isApplication: true, code: 7, name: '7', reason: 'done \u20ac' };
    expect(await ended).toEqual({ origin: 'local', ...info });
    expect(await within(there.closed, () => 'closed')).toEqual({ origin: 'remote', ...info });
    expect(messages).toEqual(['the last word']);
  });

  it('comes after what Node still held, and the end behind it', async () => {
    const { here, there } = await pair(variant);
    const bytes = seeded(12_000_000, 32);
    const stream = here.openStream({ unidirectional: true });
    for (let at = 0; at < bytes.length; at += 1_000_000) {
      stream.write(bytes.subarray(at, at + 1_000_000));
      // Some of it is held by hand as well.
      if (at === 9_000_000) stream.cork();
    }
    stream.end();
    expect(stream.writableLength).toBeGreaterThan(0);
    const finished = once(stream, 'finish');
    const accepted = once(there, 'stream');
    const ended = here.close();
    const [peer] = (await accepted) as [TransportStream];
    expect(hashOf(await collect(peer))).toBe(hashOf(bytes));
    await finished;
    expect(await ended).toMatchObject({ origin: 'local', code: 0 });
  });

  it('does not wait for streams that are left open, only for what was written to them', async () => {
    const { here, there } = await pair(variant);
    const bytes = seeded(6_000_000, 35);
    const chunks: Buffer[] = [];
    there.on('stream', (peer) => {
      peer.on('error', ignore);
      peer.on('data', (chunk) => chunks.push(chunk));
    });
    const stream = here.openStream();
    here.openStream();
    stream.write(bytes);
    await within(here.close(), () => 'the close of streams that are open');
    expect(stream.errored).toBeNull();
    await there.closed;
    await until(
      () => chunks.reduce((sum, { length }) => sum + length, 0) === bytes.length,
      () => 'all that was written',
    );
    expect(hashOf(Buffer.concat(chunks))).toBe(hashOf(bytes));
  });

  it('does not wait for a writer that never ends', async () => {
    const { here, there } = await pair(variant);
    there.on('stream', (peer) => peer.on('error', ignore).resume());
    const stream = here.openStream();
    const failed = once(stream, 'error');
    const chunk = Buffer.alloc(1 << 20);
    const source = new Readable({ read: () => void source.push(chunk) });
    source.pipe(stream);
    await until(
      () => stream.bytesAcknowledged > 10_000_000,
      () => 'the writer to be under way',
    );
    await within(here.close(), () => 'the close in spite of a writer');
    expect(await failed).toMatchObject([{ code: 'ERR_CONNECTION_CLOSED' }]);
    source.destroy();
  });

  it('at once tells the peer as well', async () => {
    const { here, there } = await pair(variant);
    const closes = [once(here, 'close'), once(there, 'close')];
    const info = await here.destroy({ code: Number.MAX_SAFE_INTEGER, reason: 'x'.repeat(1000) });
    expect(info).toMatchObject({ origin: 'local', code: Number.MAX_SAFE_INTEGER });
    const theirs = await there.closed;
    expect(theirs).toMatchObject({ origin: 'remote', code: Number.MAX_SAFE_INTEGER });
    expect(theirs.reason).toBe('x'.repeat(256));
    expect((await closes[0])![0]).toBe(await here.closed);
    expect((await closes[1])![0]).toBe(theirs);
  });

  it('of both sides at once is one end for each', async () => {
    const { here, there } = await pair(variant);
    let closes = 0;
    here.on('close', () => closes++);
    there.on('close', () => closes++);
    const infos = await Promise.all([here.close({ code: 1 }), there.close({ code: 2 })]);
    for (const info of infos) expect([1, 2]).toContain(info.code);
    await until(
      () => closes === 2,
      () => `two closes, not ${closes}`,
    );
  });

  it('is the end of every call', async () => {
    const { here, there } = await pair(variant);
    const first = await here.close({ reason: 'first' });
    expect(await here.close({ code: 5 })).toBe(first);
    expect(await here.destroy()).toBe(first);
    expect(() => here.openStream()).toThrow(
      expect.objectContaining({ code: 'ERR_CONNECTION_CLOSED' }),
    );
    await expect(here.sendMessage(new Uint8Array(1))).rejects.toMatchObject({
      code: 'ERR_CONNECTION_CLOSED',
    });
    expect(here.sendDatagram(new Uint8Array(1))).toBe(false);
    expect(here.stats().packetsSent).toBeGreaterThan(0);
    for (const loop of [here.streams(), here.messages(), here.datagrams()]) {
      expect(await loop.next()).toEqual({ value: undefined, done: true });
    }
    await there.closed;
    expect(() => there.openStream()).toThrow(/the peer closed it with code 0: first/);
  });

  it('makes an error of what was not delivered, on both sides', async () => {
    const { here, there } = await pair(variant, { server: { maxStreamData: 16 << 10 } });
    const accepted = once(there, 'stream');
    const stream = here.openStream();
    stream.write(seeded(3 << 20));
    const [peer] = (await accepted) as [TransportStream];
    peer.on('error', ignore);
    peer.write('unread');
    const failed = once(stream, 'error');
    there.destroy({ code: 3, reason: 'no more' });
    expect(await failed).toMatchObject([
      { name: 'ConnectionError', code: 'ERR_CONNECTION_APPLICATION', remoteCode: 3 },
    ]);
    expect(stream.destroyed).toBe(true);
  });

  it('leaves what came to be read', async () => {
    const { here, there } = await pair(variant);
    const bytes = seeded(200_000, 33);
    const stream = here.openStream({ unidirectional: true });
    const accepted = once(there, 'stream');
    stream.end(bytes);
    await once(stream, 'finish');
    const [peer] = (await accepted) as [TransportStream];
    await here.close();
    await there.closed;
    expect(hashOf(await collect(peer))).toBe(hashOf(bytes));
  });

  it('does not hurt the other connections of the endpoint', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const [first] = await join(client, server);
    const [second, there] = await join(client, server);
    first.destroy({ code: 99 });
    await first.closed;
    const arrived = once(there, 'message');
    await second.sendMessage(Buffer.from('unharmed'));
    expect(String((await arrived)[0])).toBe('unharmed');
    expect(client.connections).toEqual(new Set([second]));
  });

  it('is what await using does to a connection', async () => {
    const { here, there } = await pair(variant);
    await here[Symbol.asyncDispose]();
    expect(await there.closed).toMatchObject({ origin: 'remote', code: 0 });
  });

  it('comes to a peer that has vanished after the idle timeout', async () => {
    const idleTimeout = 1000;
    const { here, there, server } = await pair(variant, {
      server: { idleTimeout },
      client: { idleTimeout, keepAlive: 0 },
    });
    there.destroy();
    await there.closed;
    await server.close();
    const { here: lonely, there: gone } = await pair(variant, {
      client: { idleTimeout, keepAlive: 0 },
      server: { idleTimeout, keepAlive: 0 },
    });
    const ends = await Promise.all(
      [lonely, gone].map(({ closed }) => within(closed, () => 'the idle timeout')),
    );
    // A stalled machine may let one of them send a probe after the other is over: that is answered by a stateless reset.
    const origins = ends.map(({ origin }) => origin).filter((origin) => origin !== 'reset');
    expect(new Set(origins)).toEqual(new Set(['idle']));
    await here.closed;
  });

  it('does not come while keep-alives go', async () => {
    const options = { idleTimeout: 1000, keepAlive: 100 };
    const { here, there } = await pair(variant, { server: options, client: options });
    const pings = there.stats().packetsReceived;
    let isClosed = false;
    void here.closed.then(() => {
      isClosed = true;
    });
    await until(
      () => there.stats().packetsReceived >= pings + 16,
      () => 'keep-alives',
    );
    expect(isClosed).toBe(false);
  });
});

describe.each(engines)('closing an endpoint: $name', (variant) => {
  it('closes its connections in good order, with code and reason', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const [here, there] = await join(client, server);
    const bytes = seeded(2_000_000, 34);
    const accepted = once(there, 'stream');
    here.openStream({ unidirectional: true }).end(bytes);
    const closed = once(client, 'close');
    const done = client.close({ code: 4, reason: 'shutting down' });
    const [peer] = (await accepted) as [TransportStream];
    expect(hashOf(await collect(peer))).toBe(hashOf(bytes));
    expect(await there.closed).toMatchObject({
      origin: 'remote',
      code: 4,
      reason: 'shutting down',
    });
    await done;
    await closed;
    expect(client.connections.size).toBe(0);
    await client.close();
    expect(client.ref()).toBe(client);
    expect(client.stats().connections).toBeGreaterThanOrEqual(0);
  });

  it('ends all connections, whoever began them', async () => {
    const server = await open(variant);
    const clients = await Promise.all([1, 2, 3].map(() => open(variant)));
    const pairs: [Connection, Connection][] = [];
    for (const client of clients) pairs.push(await join(client, server));
    await server.close({ code: 6 });
    for (const [here, there] of pairs) {
      expect(await there.closed).toMatchObject({ origin: 'local', code: 6 });
      expect(await within(here.closed, () => 'closed')).toMatchObject({
        origin: 'remote',
        code: 6,
      });
    }
  });

  it('leaves no connection without an end, even one that comes at the same moment', async () => {
    const server = await open(variant);
    const clients = await Promise.all([1, 2, 3, 4].map(() => open(variant)));
    const all: Connection[] = [];
    server.on('connection', (connection) => {
      all.push(connection);
      void server.close();
    });
    const attempts = clients.map((client) =>
      client
        .connect({ ...addressOf(server), signal: AbortSignal.timeout(4000) })
        .then((connection) => connection.close(), ignore),
    );
    await once(server, 'close');
    for (const connection of all) await within(connection.closed, () => 'closed');
    for (const client of clients) for (const each of client.connections) each.destroy();
    await Promise.all(attempts);
  });

  it('ends loops over connections', async () => {
    const server = await open(variant);
    const client = await open(variant);
    const seen: Connection[] = [];
    const loop = (async () => {
      for await (const connection of server) {
        seen.push(connection);
        void connection.closed.then(() => server.close());
      }
    })();
    const here = await client.connect(addressOf(server));
    await here.sendMessage(Buffer.from('taken'));
    await here.close();
    await within(loop, () => 'the end of the loop');
    expect(seen).toHaveLength(1);
  });

  it('frees the port, and is what await using does', async () => {
    let port = 0;
    for (let round = 0; round < 5; round++) {
      const endpoint = await Endpoint.bind({ address: '127.0.0.1', port, ...variant.options });
      port = endpoint.address.port;
      await endpoint[Symbol.asyncDispose]();
    }
  });

  // Three seconds, the same on every engine.
  it.runIf(variant === engines[0])(
    'of one connection gives up on a peer that takes nothing',
    async () => {
      const { here, there } = await pair(variant, { server: { maxStreamData: 16 << 10 } });
      const [stream, read] = [here.openStream(), here.openStream()];
      const failed = once(stream, 'error');
      const started = new Promise<void>((resolve) => {
        there.on('stream', (peer) => {
          peer.on('error', ignore);
          if (peer.id !== stream.id) peer.resume();
          else resolve();
        });
      });
      stream.end(seeded(1 << 20));
      // What is delivered beside it is no reason to wait on.
      const chatter = setInterval(() => read.write('x'), 50);
      read.on('error', ignore);
      await started;
      const message = here.sendMessage(Buffer.from('taken'));
      expect(await here.close({ code: 8 })).toMatchObject({ origin: 'local', code: 8 });
      clearInterval(chatter);
      expect(await failed).toMatchObject([{ code: 'ERR_CONNECTION_APPLICATION' }]);
      await message;
    },
  );

  it.runIf(variant === engines[0])(
    'does not wait for long for a peer that takes nothing',
    async () => {
      const server = await open(variant, { maxStreamData: 16 << 10 });
      const client = await open(variant);
      const [here, there] = await join(client, server);
      const stream = here.openStream();
      stream.on('error', ignore);
      // More than the window, and nobody reads.
      stream.end(seeded(1 << 20));
      there.on('stream', (peer) => peer.on('error', ignore));
      const started = once(there, 'stream');
      await started;
      await client.close();
      expect(await here.closed).toMatchObject({ origin: 'local', code: 0 });
      expect(stream.destroyed).toBe(true);
    },
  );
});
