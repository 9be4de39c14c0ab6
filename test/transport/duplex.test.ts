/**
 * Streams as what Node expects of a Duplex: pipes, pipelines, loops, encodings, errors that are thrown away or not.
 */

import { once } from 'node:events';
import { Readable, Transform, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import type { TransportStream } from '../../lib/index.js';
import { turns, within } from '../conformance/support/waiting.js';
import { collect, hashOf, seeded } from './support/bytes.js';
import { ignore, type Pair, pair } from './support/pair.js';
import { engines } from './support/variants.js';

/** A stream of the client as both sides have it; nothing but `first` has been written. */
async function streamOf(
  { here, there }: Pair,
  first = 'x',
): Promise<[TransportStream, TransportStream]> {
  const accepted = once(there, 'stream');
  const stream = here.openStream();
  stream.write(first);
  const [peer] = await within(accepted, () => "'stream'");
  return [stream, peer as TransportStream];
}

/** Takes its time for each chunk, as a disk does, and keeps them all. */
class SlowWriter extends Writable {
  readonly chunks: Buffer[] = [];

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.chunks.push(chunk);
    setImmediate(callback);
  }
}

describe.each(engines)('a stream as a Duplex: $name', (variant) => {
  it('is piped into a slow writer, whole', async () => {
    const both = await pair(variant);
    const bytes = seeded(2_000_000, 21);
    const accepted = once(both.there, 'stream');
    both.here.openStream({ unidirectional: true }).end(bytes);
    const [peer] = (await accepted) as [TransportStream];
    const writer = new SlowWriter();
    peer.pipe(writer);
    await finished(writer);
    expect(hashOf(Buffer.concat(writer.chunks))).toBe(hashOf(bytes));
  });

  it('is an end and a beginning of pipelines', async () => {
    const both = await pair(variant);
    const chunks = Array.from({ length: 50 }, (_, number) => seeded(20_000, number));
    const upper = new Transform({
      transform: (chunk: Buffer, _encoding, callback) =>
        callback(
          null,
          chunk.map((byte) => ~byte),
        ),
    });
    both.there.once('stream', (peer) => {
      pipeline(peer, upper, peer).catch(ignore);
    });
    const stream = both.here.openStream();
    const echo = collect(stream);
    await pipeline(Readable.from(chunks), stream);
    const expected = Buffer.concat(chunks).map((byte) => ~byte);
    expect(hashOf(await echo)).toBe(hashOf(expected));
  });

  it('is read by a loop, and what is left of it is stopped with code 0', async () => {
    const both = await pair(variant);
    const accepted = once(both.there, 'stream');
    const stream = both.here.openStream({ unidirectional: true });
    const failed = once(stream, 'error');
    stream.write(seeded(6 << 20));
    const [peer] = (await accepted) as [TransportStream];
    let seen = 0;
    for await (const chunk of peer) {
      seen += (chunk as Buffer).length;
      break;
    }
    expect(seen).toBeGreaterThan(0);
    expect(peer.destroyed).toBe(true);
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_STOPPED', remoteCode: 0 }]);
    await both.here.sendMessage(Buffer.from('still here'));
  });

  it('throws a reset into the loop that reads it', async () => {
    const both = await pair(variant);
    const [stream, peer] = await streamOf(both, 'first');
    stream.on('error', ignore);
    const chunks: string[] = [];
    const loop = (async () => {
      for await (const chunk of peer) {
        chunks.push(String(chunk));
        stream.destroy(Object.assign(new Error('mine'), { code: 5 }));
      }
    })();
    await expect(loop).rejects.toMatchObject({ code: 'ERR_STREAM_RESET', remoteCode: 5 });
    expect(chunks).toEqual(['first']);
  });

  it('decodes characters that lie across packets', async () => {
    const both = await pair(variant);
    const text = '\u20ac \u{1f600} na\u00efve '.repeat(30_000);
    const accepted = once(both.there, 'stream');
    const stream = both.here.openStream();
    stream.setDefaultEncoding('utf16le');
    stream.write(text.slice(0, 10));
    stream.end(text, 'utf8');
    const [peer] = (await accepted) as [TransportStream];
    let got = Buffer.from('').toString();
    let head = Buffer.alloc(0);
    const headBytes = 20;
    while (head.length < headBytes) {
      const bytes: Buffer | null = peer.read(headBytes - head.length) ?? peer.read();
      if (bytes === null) await once(peer, 'readable');
      else head = Buffer.concat([head, bytes]);
    }
    expect(head.toString('utf16le')).toBe(text.slice(0, 10));
    peer.setEncoding('utf8');
    for await (const chunk of peer) {
      expect(typeof chunk).toBe('string');
      got += chunk;
    }
    expect(got === text).toBe(true);
  });

  it('calls back for strings in encodings whose length is only known afterwards', async () => {
    const both = await pair(variant);
    const accepted = once(both.there, 'stream');
    const stream = both.here.openStream({ unidirectional: true });
    const written = ['base64', 'base64url', 'hex', 'latin1', 'utf8'] as const;
    for (const encoding of written) {
      await within(
        new Promise<void>((resolve) => stream.write('6162\n6364zz', encoding, () => resolve())),
        () => `the callback of a write in ${encoding}`,
      );
    }
    stream.end();
    const [peer] = (await accepted) as [TransportStream];
    const expected = written.map((encoding) => Buffer.from('6162\n6364zz', encoding));
    expect(await collect(peer)).toEqual(Buffer.concat(expected));
  });

  it('hands over what is corked, and what end() brings', async () => {
    const both = await pair(variant);
    const accepted = once(both.there, 'stream');
    const stream = both.here.openStream();
    stream.cork();
    for (const part of ['a', 'b', 'c']) stream.write(part);
    stream.uncork();
    stream.end('d');
    const [peer] = (await accepted) as [TransportStream];
    peer.end();
    expect(String(await collect(peer))).toBe('abcd');
  });

  it('pauses and goes on', async () => {
    const both = await pair(variant);
    const bytes = seeded(1_500_000, 22);
    const accepted = once(both.there, 'stream');
    both.here.openStream({ unidirectional: true }).end(bytes);
    const [peer] = (await accepted) as [TransportStream];
    const chunks: Buffer[] = [];
    peer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      peer.pause();
      setImmediate(() => peer.resume());
    });
    await within(once(peer, 'end'), () => "'end'");
    expect(hashOf(Buffer.concat(chunks))).toBe(hashOf(bytes));
  });

  it('refuses what is no chunk, and writes after the end, as every Writable', async () => {
    const both = await pair(variant);
    const [stream, peer] = await streamOf(both);
    peer.resume();
    for (const chunk of [7, {}, undefined, true]) {
      expect(() => stream.write(chunk as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
      );
    }
    expect(() => stream.write(null as never)).toThrow(
      expect.objectContaining({ code: 'ERR_STREAM_NULL_VALUES' }),
    );
    expect(() => stream.write('a', 'no-such-encoding' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_ENCODING' }),
    );
    stream.end();
    const failed = once(stream, 'error');
    const late = new Promise((resolve) => stream.write('late', resolve));
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }]);
    expect(await late).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  });

  it('fails callbacks of writes, and of end, when it is destroyed', async () => {
    const both = await pair(variant, { server: { maxStreamData: 16 << 10 } });
    const [stream, peer] = await streamOf(both);
    peer.on('error', ignore);
    stream.on('error', ignore);
    const mine = new Error('mine');
    const results = ['a', 'b'].map(
      () => new Promise((resolve) => stream.write(Buffer.alloc(3 << 20), resolve)),
    );
    const ended = new Promise((resolve) => stream.end(resolve));
    stream.destroy(mine);
    expect(await within(Promise.all(results), () => 'callbacks of writes')).toEqual([mine, mine]);
    expect(await within(ended, () => 'the callback of end')).toBeInstanceOf(Error);
  });

  it('can be destroyed twice, at once, and before the peer has heard of it', async () => {
    const both = await pair(variant);
    const heard: number[] = [];
    both.there.on('stream', (stream) => {
      stream.on('error', ignore);
      heard.push(stream.id);
    });
    const silent = both.here.openStream();
    silent.destroy();
    silent.destroy();
    await once(silent, 'close');
    const never = both.here.openStream();
    await both.here.sendMessage(Buffer.from('fence'));
    await turns(3);
    expect(heard.length).toBeLessThanOrEqual(1);
    never.destroy();
  });
});
