/**
 * Streams over real sockets: all bytes, in order, both ways, as many streams as one likes, and how they end.
 */

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Connection, TransportStream } from '../../lib/index.js';
import { turns, until, within } from '../conformance/support/waiting.js';
import { collect, hashOf, seeded } from './support/bytes.js';
import { ignore, pair } from './support/pair.js';
import { engines } from './support/variants.js';

/** The next stream that the peer opens. */
async function accept(connection: Connection): Promise<TransportStream> {
  const [stream] = await within(once(connection, 'stream'), () => "'stream'");
  return stream as TransportStream;
}

describe.each(engines)('streams: $name', (variant) => {
  it.each([0, 1, 1200, 100_000, 10_000_000])('bring %i bytes back', async (size) => {
    const { here, there } = await pair(variant);
    there.on('stream', (stream) => stream.pipe(stream));
    const bytes = seeded(size, size);
    const stream = here.openStream();
    stream.end(bytes);
    const echo = await collect(stream);
    expect(echo.length).toBe(size);
    expect(hashOf(echo)).toBe(hashOf(bytes));
  });

  it('carry both directions at once', async () => {
    const { here, there } = await pair(variant);
    const ours = seeded(3_000_000, 1);
    const theirs = seeded(2_000_000, 2);
    const stream = here.openStream();
    stream.end(ours);
    const peer = await accept(there);
    peer.end(theirs);
    const [there_, here_] = await Promise.all([collect(peer), collect(stream)]);
    expect(hashOf(there_)).toBe(hashOf(ours));
    expect(hashOf(here_)).toBe(hashOf(theirs));
  });

  it('are opened by both sides', async () => {
    const { here, there } = await pair(variant);
    for (const [opener, other] of [
      [here, there],
      [there, here],
    ]) {
      const stream = opener!.openStream();
      stream.end('question');
      const peer = await accept(other!);
      expect([stream.isLocal, peer.isLocal, stream.id === peer.id]).toEqual([true, false, true]);
      peer.end('answer');
      expect(String(await collect(peer))).toBe('question');
      expect(String(await collect(stream))).toBe('answer');
    }
  });

  it('keep apart what many of them carry', async () => {
    const { here, there } = await pair(variant);
    there.on('stream', (stream) => stream.pipe(stream));
    const streams = Array.from({ length: 200 }, () => here.openStream());
    for (const [number, stream] of streams.entries()) stream.end(seeded(100 * number, number));
    const echoes = await Promise.all(streams.map(collect));
    echoes.forEach((echo, number) => {
      expect(hashOf(echo)).toBe(hashOf(seeded(100 * number, number)));
    });
  });

  it('wait their turn beyond what the peer allows at once', async () => {
    const { here, there } = await pair(variant, { server: { maxStreams: 2 } });
    let open = 0;
    let most = 0;
    there.on('stream', (stream) => {
      most = Math.max(most, ++open);
      stream.on('close', () => open--);
      stream.pipe(stream);
    });
    const streams = Array.from({ length: 20 }, () => here.openStream());
    for (const [number, stream] of streams.entries()) stream.end(`stream ${number}`);
    const echoes = await Promise.all(streams.map(collect));
    expect(echoes.map(String)).toEqual(streams.map((_, number) => `stream ${number}`));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('that nobody takes are as many as are allowed, though they are nothing but an end', async () => {
    const { here, there } = await pair(variant, { server: { maxStreams: 16 } });
    const streams = Array.from({ length: 200 }, () => here.openStream({ unidirectional: true }));
    for (const stream of streams) stream.end();
    const talk = here.openStream();
    // Each round is time enough for another 16.
    for (let round = 0; round < 20; round++) {
      await new Promise((resolve) => talk.write('.', resolve));
      expect(there.stats().streamsAccepted).toBeLessThanOrEqual(16 + 1);
    }
    await until(
      () => there.stats().streamsAccepted === 16 + 1,
      () => 'the first of them',
    );
    expect(there.stats().streamsUnclaimed).toBe(16 + 1);
    // Taken, and not read: the peer still has to wait.
    const taken: TransportStream[] = [];
    there.on('stream', (peer) => taken.push(peer));
    for (let round = 0; round < 20; round++) {
      await new Promise((resolve) => talk.write('.', resolve));
    }
    expect(taken).toHaveLength(16 + 1);
    expect(there.stats().streamsUnclaimed).toBe(0);
    there.on('stream', (peer) => peer.resume());
    const [first, ...others] = taken;
    first!.destroy();
    for (const peer of others) peer.resume();
    await until(
      () => taken.length === streams.length + 1,
      () => `all streams, not ${taken.length}`,
    );
  });

  it('pass by the thousand when somebody reads them', async () => {
    const { here, there } = await pair(variant, { server: { maxStreams: 100 } });
    const sizes: number[] = [];
    const loop = (async () => {
      for await (const peer of there.streams()) {
        void collect(peer).then(({ length }) => {
          sizes.push(length);
        });
      }
    })();
    const count = 3000;
    for (let number = 0; number < count; number++) {
      const stream = here.openStream({ unidirectional: true });
      stream.end(Buffer.alloc(number % 3));
      if (number % 500 === 499) await once(stream, 'close');
    }
    await until(
      () => sizes.length === count,
      () => `all streams, not ${sizes.length}`,
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(count);
    await until(
      () => there.stats().streamsActive === 0 && here.stats().streamsActive === 0,
      () => 'both sides to forget them',
    );
    await here.close();
    await loop;
  });

  it('go one way when they shall', async () => {
    const { here, there } = await pair(variant);
    const bytes = seeded(500_000, 5);
    const stream = here.openStream({ unidirectional: true });
    expect([stream.readable, stream.writable]).toEqual([false, true]);
    const closed = once(stream, 'close');
    stream.end(bytes);
    const peer = await accept(there);
    expect([peer.readable, peer.writable, peer.unidirectional]).toEqual([true, false, true]);
    expect(hashOf(await collect(peer))).toBe(hashOf(bytes));
    await closed;
    expect(stream.errored).toBeNull();
  });

  it('answer after the question has ended', async () => {
    const { here, there } = await pair(variant);
    const stream = here.openStream();
    const finished = once(stream, 'finish');
    stream.end('the question');
    const peer = await accept(there);
    expect(String(await collect(peer))).toBe('the question');
    await finished;
    const answer = seeded(300_000, 7);
    peer.end(answer);
    expect(hashOf(await collect(stream))).toBe(hashOf(answer));
  });

  it("tell 'finish', 'end' and one 'close' on both sides", async () => {
    const { here, there } = await pair(variant);
    const stream = here.openStream();
    stream.end('x');
    const peer = await accept(there);
    const told: string[] = [];
    for (const [side, each] of [
      ['here', stream],
      ['there', peer],
    ] as const) {
      for (const event of ['finish', 'end', 'close', 'error']) {
        each.on(event, () => told.push(`${side} ${event}`));
      }
    }
    const closed = Promise.all([once(stream, 'close'), once(peer, 'close')]);
    peer.end('y').resume();
    stream.resume();
    await within(closed, () => `'close' after ${told}`);
    await turns(5);
    const sorted = [...told].sort();
    expect(sorted).toEqual(
      ['close', 'end', 'finish'].flatMap((event) => [`here ${event}`, `there ${event}`]).sort(),
    );
    expect(told.indexOf('here close')).toBeGreaterThan(told.indexOf('here end'));
    expect(told.indexOf('there close')).toBeGreaterThan(told.indexOf('there finish'));
  });

  it('tell the peer the code of a reset, and the connection goes on', async () => {
    const { here, there } = await pair(variant);
    const stream = here.openStream();
    stream.on('error', ignore);
    stream.write('begun');
    const peer = await accept(there);
    const failed = once(peer, 'error');
    stream.destroy(Object.assign(new Error('changed my mind'), { code: 42 }));
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_RESET', remoteCode: 42 }]);
    await here.sendMessage(Buffer.from('still here'));
  });

  it('tell the peer the code with which nobody reads any more', async () => {
    const { here, there } = await pair(variant);
    const stream = here.openStream({ unidirectional: true });
    const failed = once(stream, 'error');
    const peer = new Promise<void>((resolve) => {
      there.once('stream', (accepted) => {
        accepted.on('error', ignore);
        accepted.destroy(Object.assign(new Error('enough'), { code: 43 }));
        resolve();
      });
    });
    const callback = new Promise((resolve) => stream.write(seeded(8 << 20), resolve));
    await peer;
    const stopped = { code: 'ERR_STREAM_STOPPED', remoteCode: 43 };
    expect(await failed).toMatchObject([stopped]);
    expect(await callback).toMatchObject(stopped);
    await here.sendMessage(Buffer.from('still here'));
  });

  it('hold a writer back whose reader is slow, and lose nothing', async () => {
    const window = 256 << 10;
    const limits = { maxStreamData: window, maxConnectionData: 2 * window };
    const { here, there } = await pair(variant, { server: limits });
    const stream = here.openStream({ highWaterMark: 64 << 10 });
    const chunk = seeded(64 << 10, 3);
    const total = 12 << 20;
    let offered = 0;
    const writeOn = (): void => {
      while (offered < total) {
        offered += chunk.length;
        if (!stream.write(chunk)) return;
      }
      stream.end();
    };
    stream.on('drain', writeOn);
    writeOn();
    const peer = await accept(there);
    // Until nothing moves any more: the window is used up.
    await until(
      () => here.stats().bytesInFlight === 0 && stream.bytesAcknowledged >= window,
      () => `a full window: ${stream.bytesAcknowledged} bytes acknowledged`,
    );
    await turns(20);
    // The window, what Node holds at the reader, what the core holds at the sender (4 MiB), what Node holds there.
    expect(stream.bytesAcknowledged).toBeLessThanOrEqual(window + (512 << 10));
    expect(offered).toBeLessThanOrEqual(window + (512 << 10) + (4 << 20) + (192 << 10));
    let received = 0;
    peer.on('data', (bytes: Buffer) => {
      const at = received % chunk.length;
      const part = chunk.subarray(at, Math.min(at + bytes.length, chunk.length));
      if (Buffer.compare(bytes.subarray(0, part.length), part) !== 0) {
        peer.destroy(new Error(`other bytes at ${received}`));
      }
      received += bytes.length;
    });
    await within(once(peer, 'end'), () => `the end after ${received} bytes`);
    expect(received).toBe(total);
  });

  it('call back when a chunk is free for other bytes, and not before', async () => {
    const { here, there } = await pair(variant);
    const stream = here.openStream({ unidirectional: true });
    const peer = accept(there).then(collect);
    const buffer = Buffer.alloc(50_000);
    const rounds = 40;
    let expected = Buffer.alloc(0);
    for (let round = 0; round < rounds; round++) {
      seeded(buffer.length, round).copy(buffer);
      expected = Buffer.concat([expected, buffer]);
      await new Promise<void>((resolve, reject) => {
        stream.write(buffer, (error) => (error ? reject(error) : resolve()));
      });
      expect(stream.bytesAcknowledged).toBe(expected.length);
    }
    stream.end();
    expect(hashOf(await peer)).toBe(hashOf(expected));
  });

  it('fail alone when a chunk is transferred away: the peer sees code 0', async () => {
    const { here, there } = await pair(variant);
    const [stream, other] = [here.openStream(), here.openStream()];
    const peers = new Map<number, TransportStream>();
    there.on('stream', (peer) => peers.set(peer.id, peer));
    stream.write('begun');
    other.write('unharmed, ');
    await until(
      () => peers.size === 2,
      () => 'both streams',
    );
    const failures = [once(stream, 'error'), once(peers.get(stream.id)!, 'error')];
    const chunk = new Uint8Array(100_000);
    const written = new Promise((resolve) => stream.write(chunk, resolve));
    structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
    const gone = { name: 'TypeError', code: 'ERR_DETACHED_BUFFER' };
    expect(await failures[0]).toMatchObject([gone]);
    expect(await written).toMatchObject(gone);
    expect(await failures[1]).toMatchObject([{ code: 'ERR_STREAM_RESET', remoteCode: 0 }]);
    other.end('to the end');
    expect(String(await collect(peers.get(other.id)!))).toBe('unharmed, to the end');
  });

  it('abort with a signal: the peer sees code 0', async () => {
    const { here, there } = await pair(variant);
    const controller = new AbortController();
    const stream = here.openStream({ signal: controller.signal });
    stream.write('begun');
    const peer = await accept(there);
    const failures = [once(stream, 'error'), once(peer, 'error')];
    controller.abort();
    expect(await failures[0]).toMatchObject([{ name: 'AbortError' }]);
    expect(await failures[1]).toMatchObject([{ code: 'ERR_STREAM_RESET', remoteCode: 0 }]);
  });

  it('lend what comes to a borrowed reader, all of it', async () => {
    const { here, there } = await pair(variant);
    const bytes = seeded(4_000_000, 11);
    const stream = here.openStream({ unidirectional: true });
    stream.end(bytes);
    const peer = await accept(there);
    const copy = Buffer.alloc(bytes.length);
    let at = 0;
    const ended = once(peer, 'end');
    peer.readBorrowed((source, offset, byteLength) => {
      copy.set(source.subarray(offset, offset + byteLength), at);
      at += byteLength;
    });
    await within(ended, () => `the end after ${at} bytes`);
    expect(hashOf(copy)).toBe(hashOf(bytes));
  });
});
