/** BatchReader and its queues: who is read for, how long one wake-up lasts, and what a throwing listener costs. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { QUEUE_BATCHES, QUEUE_BYTES } from '../../../lib/api/batch-queue.js';
import { BatchReader, BUDGET_DATAGRAMS } from '../../../lib/api/batch-reader.js';
import { BorrowedBatch, type ReceiveBatch } from '../../../lib/api/receive-batch.js';
import { AddressBook } from '../../../lib/io/address-book.js';
import { type Arrival, FakeEngine, text } from './fake-engine.js';

function makeReader(deliver: (batch: ReceiveBatch) => void = () => {}) {
  const engine = new FakeEngine();
  const batch = new BorrowedBatch(new AddressBook(engine.peers), engine.local);
  const reader = new BatchReader(engine, batch, deliver, false);
  return { engine, batch, reader };
}

function arrivals(count: number, bytes = text('x')): Arrival[] {
  return Array.from({ length: count }, () => ({ bytes }));
}

function texts(batch: ReceiveBatch): string[] {
  return Array.from({ length: batch.length }, (_, index) =>
    Buffer.from(batch.payload(index)).toString(),
  );
}

// A machine that stands still must not end a wake-up here.
beforeEach(() => {
  vi.spyOn(performance, 'now').mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('listeners', () => {
  it('start and stop the engine', () => {
    const { engine, reader } = makeReader();
    expect(engine.paused).toBe(true);
    reader.setListening(true);
    expect(engine.paused).toBe(false);
    reader.setListening(true);
    expect(engine.resumes).toBe(1);
    reader.setListening(false);
    expect(engine.paused).toBe(true);
  });

  it('get every batch of a wake-up, and the batch is released after each', () => {
    const seen: string[][] = [];
    const { engine, batch, reader } = makeReader((given) => seen.push(texts(given)));
    reader.setListening(true);
    engine.arrivals.push([{ bytes: text('a') }, { bytes: text('b') }], [{ bytes: text('c') }]);
    reader.run();
    expect(seen).toEqual([['a', 'b'], ['c']]);
    expect(batch.length).toBe(0);
  });

  it('are not called for nothing', () => {
    const deliver = vi.fn();
    const { engine, reader } = makeReader(deliver);
    reader.run();
    expect(engine.receiveCalls).toBe(0);
    reader.setListening(true);
    reader.run();
    expect(deliver).not.toHaveBeenCalled();
  });

  it('end the wake-up by leaving', () => {
    const parts = makeReader(() => parts.reader.setListening(false));
    parts.reader.setListening(true);
    parts.engine.arrivals.push(arrivals(1), arrivals(1));
    parts.reader.run();
    expect(parts.engine.arrivals).toHaveLength(1);
  });

  it('may throw: the batch is released and the next wake-up reads on', () => {
    let calls = 0;
    const { engine, batch, reader } = makeReader(() => {
      if (++calls === 1) throw new Error('mine');
    });
    reader.setListening(true);
    engine.arrivals.push(arrivals(1), arrivals(1));
    expect(() => reader.run()).toThrow('mine');
    expect(batch.length).toBe(0);
    reader.run();
    expect(calls).toBe(2);
  });

  it('leave room for timers after a bounded number of datagrams', () => {
    const { engine, reader } = makeReader();
    reader.setListening(true);
    const size = BUDGET_DATAGRAMS / 2;
    for (let batch = 0; batch < 4; batch++) engine.arrivals.push(arrivals(size, text('')));
    reader.run();
    expect(engine.arrivals).toHaveLength(2);
  });

  it('leave room for timers after a bounded time', () => {
    const { engine, reader } = makeReader();
    reader.setListening(true);
    for (let batch = 0; batch < 4; batch++) engine.arrivals.push(arrivals(1));
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now++);
    reader.run();
    expect(engine.arrivals).toHaveLength(3);
  });

  it('see the slab that replaced a detached one', () => {
    const seen: string[][] = [];
    const { engine, reader } = makeReader((batch) => seen.push(texts(batch)));
    reader.setListening(true);
    const { received } = new FakeEngine();
    engine.arrivals.push([{ bytes: text('old') }]);
    reader.run();
    engine.received = received;
    engine.arrivals.push([{ bytes: text('new') }]);
    reader.run();
    expect(seen).toEqual([['old'], ['new']]);
  });
});

describe('loops', () => {
  it('get owned copies in order', async () => {
    const { engine, reader } = makeReader();
    const queue = reader.iterate();
    expect(engine.paused).toBe(false);
    engine.arrivals.push([{ bytes: text('a') }], [{ bytes: text('b') }]);
    reader.run();
    const first = await queue.next();
    const second = await queue.next();
    expect(texts(first.value)).toEqual(['a']);
    expect(texts(second.value)).toEqual(['b']);
  });

  it('wait for what comes later, in the order of asking', async () => {
    const { engine, reader } = makeReader();
    const queue = reader.iterate();
    const waits = [queue.next(), queue.next()];
    engine.arrivals.push([{ bytes: text('a') }], [{ bytes: text('b') }]);
    reader.run();
    const results = await Promise.all(waits);
    expect(results.map(({ value }) => texts(value)[0])).toEqual(['a', 'b']);
  });

  it('get what a listener has not changed, each its own', async () => {
    const { engine, reader } = makeReader((batch) => batch.bytes.fill(0));
    reader.setListening(true);
    const [one, two] = [reader.iterate(), reader.iterate()];
    engine.arrivals.push([{ bytes: text('a') }]);
    reader.run();
    const first = (await one.next()).value;
    first.bytes.fill(0);
    expect(texts((await two.next()).value)).toEqual(['a']);
  });

  it('stop the engine when one is full of batches, and start it when there is room', async () => {
    const { engine, reader } = makeReader();
    const queue = reader.iterate();
    for (let batch = 0; batch < QUEUE_BATCHES + 5; batch++) engine.arrivals.push(arrivals(1));
    for (let wake = 0; wake < QUEUE_BATCHES + 5; wake++) reader.run();
    expect(engine.paused).toBe(true);
    expect(engine.arrivals).toHaveLength(5);
    await queue.next();
    expect(engine.paused).toBe(false);
    reader.run();
    expect(engine.paused).toBe(true);
  });

  it('stop the engine when one is full of bytes', () => {
    const { engine, reader } = makeReader();
    reader.iterate();
    const bytes = new Uint8Array(60_000);
    const batches = Math.ceil(QUEUE_BYTES / (16 * bytes.byteLength));
    for (let batch = 0; batch < batches + 2; batch++) engine.arrivals.push(arrivals(16, bytes));
    for (let wake = 0; wake < batches + 2; wake++) reader.run();
    expect(engine.paused).toBe(true);
    expect(engine.arrivals).toHaveLength(2);
  });

  it('end by return, which lets go of what waits', async () => {
    const { engine, reader } = makeReader();
    const queue = reader.iterate();
    engine.arrivals.push(arrivals(1));
    reader.run();
    expect(await queue.return()).toEqual({ value: undefined, done: true });
    expect(await queue.next()).toEqual({ value: undefined, done: true });
    expect(engine.paused).toBe(true);
  });

  it('end when the reader closes, those that wait too', async () => {
    const { engine, reader } = makeReader();
    const waiting = reader.iterate();
    const full = reader.iterate();
    const wait = waiting.next();
    engine.arrivals.push(arrivals(1));
    reader.run();
    await wait;
    const later = waiting.next();
    reader.close();
    expect((await later).done).toBe(true);
    expect((await full.next()).done).toBe(true);
    expect((await reader.iterate().next()).done).toBe(true);
  });
});
