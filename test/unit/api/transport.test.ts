/** What applications do with connections, over the loopback: bytes arrive whole, ends are told, failures stay where they are. */

import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../../../lib/api/connection.js';
import { Endpoint } from '../../../lib/api/endpoint.js';
import type { EndpointOptions } from '../../../lib/api/endpoint-options.js';
import type { TransportStream } from '../../../lib/api/stream.js';

const open: Endpoint[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((endpoint) => endpoint.close()));
});

async function bind(options: EndpointOptions): Promise<Endpoint> {
  const endpoint = await Endpoint.bind({ address: '127.0.0.1', ...options });
  open.push(endpoint);
  return endpoint;
}

async function pair(serverOptions: EndpointOptions = {}, clientOptions: EndpointOptions = {}) {
  const server = await bind(serverOptions);
  const client = await bind(clientOptions);
  const accepted = once(server, 'connection');
  const near = await client.connect({ ...server.address, publicKey: server.publicKey });
  const [far] = (await accepted) as [Connection];
  return { server, client, near, far };
}

async function nextStream(connection: Connection): Promise<TransportStream> {
  const { value } = await connection.streams().next();
  return value as TransportStream;
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The other side closes when it has everything: that our last bytes were acknowledged may be news that got lost. */
function echo(stream: TransportStream): void {
  stream.on('error', ignore);
  stream.pipe(stream);
}

function ignore(): void {}

const ENGINES = [
  ['native', {}],
  ['dgram and node:crypto', { engine: 'dgram', cryptoEngine: 'node' }],
  ['datagrams of 1,452 bytes', { maxDatagramSize: 1452 }],
] as const satisfies readonly (readonly [string, EndpointOptions])[];

describe.each(ENGINES)('streams: %s', (_name, options) => {
  it('carry bytes both ways, whole and in order', async () => {
    const { near, far } = await pair(options, options);
    far.on('stream', echo);
    const bytes = randomFillSync(new Uint8Array(4 << 20));
    const stream = near.openStream();
    const hash = createHash('sha256');
    await Promise.all([
      pipeline(Readable.from(slices(bytes, 50_000)), stream, { end: true }),
      (async () => {
        for await (const chunk of stream) hash.update(chunk);
      })(),
    ]);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  it('can be read where the bytes lie', async () => {
    const { near, far } = await pair(options, options);
    const bytes = randomFillSync(new Uint8Array(4 << 20));
    const stream = near.openStream({ unidirectional: true });
    stream.end(bytes);
    const incoming = await nextStream(far);
    const hash = createHash('sha256');
    incoming.readBorrowed((chunk, offset, byteLength) => {
      hash.update(chunk.subarray(offset, offset + byteLength));
    });
    await Promise.all([finished(incoming), finished(stream)]);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  });
});

function* slices(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('streams', () => {
  it('answer after the question has ended', async () => {
    const { near, far } = await pair();
    far.on('stream', async (stream) => {
      stream.on('error', ignore);
      stream.end(`you said ${await textOf(stream)}`);
    });
    const stream = near.openStream();
    stream.end('hello');
    expect(await textOf(stream)).toBe('you said hello');
  });

  it('go one way without an answer', async () => {
    const { near, far } = await pair();
    const stream = near.openStream({ unidirectional: true });
    expect(stream.readable).toBe(false);
    stream.end('news');
    const incoming = await nextStream(far);
    expect(incoming.writable).toBe(false);
    expect(incoming.isLocal).toBe(false);
    expect(await textOf(incoming)).toBe('news');
    await finished(stream);
  });

  it('of a thousand do not get mixed up', async () => {
    const { near, far } = await pair();
    far.on('stream', echo);
    const texts = Array.from({ length: 1000 }, (_, index) => `stream ${index}`);
    const answers = await Promise.all(
      texts.map((text) => {
        const stream = near.openStream();
        stream.end(text);
        return textOf(stream);
      }),
    );
    expect(answers).toEqual(texts);
  });

  it('beyond what the peer allows wait their turn', async () => {
    const { near, far } = await pair({ maxStreams: 2 });
    far.on('stream', echo);
    const texts = Array.from({ length: 20 }, (_, index) => `stream ${index}`);
    const answers = await Promise.all(
      texts.map((text) => {
        const stream = near.openStream();
        stream.end(text);
        return textOf(stream);
      }),
    );
    expect(answers).toEqual(texts);
  });

  it('push back when the reader is slow', async () => {
    const { near, far } = await pair(
      { maxStreamData: 65_536, maxConnectionData: 65_536 },
      { maxStreamData: 65_536 },
    );
    const stream = near.openStream({ unidirectional: true, highWaterMark: 65_536 });
    const chunk = new Uint8Array(65_536);
    let written = 0;
    while (stream.write(chunk)) {
      written++;
      await turn();
    }
    // The core's 4 MiB and Node's buffer, and not the whole memory.
    expect(written).toBeLessThan(100);
    const incoming = await nextStream(far);
    const drained = once(stream, 'drain');
    incoming.resume();
    await drained;
    stream.end();
    await finished(stream);
  });

  it('call back for a chunk when the peer has it', async () => {
    const { near, far } = await pair();
    const stream = near.openStream({ unidirectional: true });
    await new Promise<void>((resolve) => stream.write('abc', () => resolve()));
    expect(stream.bytesAcknowledged).toBe(3);
    expect(far.stats().streamBytesReceived).toBe(3);
  });

  it('that one side resets fail on the other with its code, and alone', async () => {
    const { near, far } = await pair();
    far.on('stream', (stream) => {
      stream.on('error', ignore);
      stream.once('data', () => stream.destroy(Object.assign(new Error('no'), { code: 42 })));
    });
    const stream = near.openStream();
    const failed = once(stream, 'error');
    stream.write('abc');
    const [error] = await failed;
    expect(error.code).toMatch(/^ERR_STREAM_(RESET|STOPPED)$/);
    expect(error.remoteCode).toBe(42);
    const sent = near.sendMessage(Buffer.from('still here'));
    await sent;
  });

  it('stop when their signal is aborted', async () => {
    const { near, far } = await pair();
    const abort = new AbortController();
    const stream = near.openStream({ signal: abort.signal });
    stream.on('error', ignore);
    stream.write('abc');
    const incoming = await nextStream(far);
    const failed = once(incoming, 'error');
    abort.abort();
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_RESET', remoteCode: 0 }]);
  });
});

describe('messages', () => {
  it('arrive whole, whatever their size', async () => {
    const { near, far } = await pair();
    const sizes = [0, 1, 1000, 70_000, 3_000_000];
    const seen: number[] = [];
    const all = new Promise<void>((resolve) => {
      far.on('message', (bytes) => {
        expect(bytes.every((byte) => byte === bytes.length % 251)).toBe(true);
        if (seen.push(bytes.length) === sizes.length) resolve();
      });
    });
    await Promise.all(sizes.map((size) => near.sendMessage(new Uint8Array(size).fill(size % 251))));
    await all;
    expect(seen.sort((a, b) => a - b)).toEqual(sizes);
  });

  it('above the limit of the peer are refused here', async () => {
    const { near } = await pair({ maxMessageSize: 1000 });
    await near.sendMessage(new Uint8Array(1000));
    await expect(near.sendMessage(new Uint8Array(1001))).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
    });
  });

  it('that nobody takes hold the sender back, and nothing is lost', async () => {
    const { near, far } = await pair({ maxConnectionData: 1 << 20, maxStreamData: 1 << 20 });
    let acknowledged = 0;
    const all = Promise.all(
      Array.from({ length: 100 }, async () => {
        await near.sendMessage(new Uint8Array(64 << 10));
        acknowledged++;
      }),
    );
    await vi.waitFor(() => expect(acknowledged).toBeGreaterThan(10));
    // The window holds sixteen, and what was in order when it was full.
    expect(acknowledged).toBeLessThan(20);
    let received = 0;
    for await (const bytes of far.messages()) {
      expect(bytes).toHaveLength(64 << 10);
      if (++received === 100) break;
    }
    await all;
    expect(acknowledged).toBe(100);
  });
});

describe('datagrams', () => {
  it('arrive as they were sent', async () => {
    const { near, far } = await pair();
    const received = far.datagrams();
    expect(near.sendDatagram(Buffer.from('one'))).toBe(true);
    const { value } = await received.next();
    expect(Buffer.from(value).toString()).toBe('one');
  });

  it('above what the path carries are refused', async () => {
    const { near } = await pair();
    expect(near.sendDatagram(new Uint8Array(70_000))).toBe(false);
    expect(near.stats().datagramsTooLarge).toBe(1);
  });
});

describe('the end of a connection', () => {
  it('comes after everything that was written', async () => {
    const { near, far } = await pair();
    const bytes = randomFillSync(new Uint8Array(6 << 20));
    const hash = createHash('sha256');
    const read = nextStream(far).then(async (stream) => {
      for await (const chunk of stream) hash.update(chunk);
    });
    const stream = near.openStream();
    for (const slice of slices(bytes, 100_000)) stream.write(slice);
    stream.end();
    const closed = await near.close({ code: 0, reason: 'done' });
    expect(closed).toMatchObject({ origin: 'local', code: 0, reason: 'done' });
    await read.catch(() => {});
    expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await far.closed).toMatchObject({ origin: 'remote', code: 0, reason: 'done' });
  });

  it('leaves what has arrived to a reader that is late', async () => {
    const { near, far } = await pair();
    const stream = near.openStream({ unidirectional: true });
    const bytes = randomFillSync(new Uint8Array(400_000));
    stream.end(bytes);
    const incoming = await nextStream(far);
    await near.close();
    await far.closed;
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).toBe(0);
  });

  it('by destroy fails what is under way on both sides, with the code', async () => {
    const { near, far } = await pair();
    const stream = near.openStream();
    stream.on('error', ignore);
    stream.write('abc');
    const incoming = await nextStream(far);
    const failed = once(incoming, 'error');
    void near.destroy({ code: 13, reason: 'bad luck' });
    expect(await failed).toMatchObject([
      { code: 'ERR_CONNECTION_APPLICATION', remoteCode: 13, message: /bad luck/ },
    ]);
  });

  it('by silence is a timeout', async () => {
    const { near } = await pair({}, { idleTimeout: 1000, keepAlive: 0 });
    const failed = once(near.openStream(), 'error');
    expect(await near.closed).toMatchObject({ origin: 'idle' });
    expect(await failed).toMatchObject([{ code: 'ERR_CONNECTION_TIMEOUT' }]);
  });

  it('is waited for by pipelines', async () => {
    const { near, far } = await pair();
    const seen: Uint8Array[] = [];
    const sink = new Writable({
      write(chunk: Uint8Array, _encoding, callback) {
        seen.push(chunk);
        callback();
      },
    });
    const stream = near.openStream({ unidirectional: true });
    stream.end('all of it');
    await Promise.all([pipeline(await nextStream(far), sink), finished(stream)]);
    expect(Buffer.concat(seen).toString()).toBe('all of it');
  });
});
