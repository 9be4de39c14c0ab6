/** Data that comes out of order: against a model of bytes, and against its caps. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXCESSIVE_LOAD, NO_ERROR } from '../../../../lib/core/error-codes.js';
import { EVENT_READABLE, EVENT_STREAM } from '../../../../lib/core/event-ring.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { byteAt, chance, isPattern, patternOf, readAll, Side } from './harness.js';

interface Fragment {
  readonly offset: number;
  readonly length: number;
  /** What its bytes are: an honest peer sends the same ones again, another does not. */
  readonly value: number;
  /** The batch ends behind it. */
  readonly isLast: boolean;
  /** The application reads all then. */
  readonly isRead: boolean;
}

function fragments(span: number, length: number): fc.Arbitrary<Fragment[]> {
  const fragment = fc.record({
    offset: fc.nat({ max: span }),
    length: fc.nat({ max: length }),
    value: fc.integer({ min: 1, max: 255 }),
    isLast: fc.boolean(),
    isRead: fc.boolean(),
  });
  return fc.array(fragment, { minLength: 1, maxLength: 60 });
}

/** What a byte map makes of them: the first byte that came for a place stays. */
class Model {
  readonly bytes: (number | undefined)[] = [];
  highest = 0;

  add({ offset, length, value }: Fragment): void {
    for (let at = offset; at < offset + length; at++) this.bytes[at] ??= value;
    this.highest = Math.max(this.highest, offset + length);
  }

  /** Bytes without a hole. */
  get inOrder(): number {
    let end = 0;
    while (this.bytes[end] !== undefined) end++;
    return end;
  }
}

function check(all: readonly Fragment[], isBorrowed: boolean): void {
  const side = new Side();
  const model = new Model();
  const kept: { chunk: Uint8Array; at: number }[] = [];
  let delivered = 0;
  let stream: Stream | undefined;
  const slab = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  const take = (chunk: Uint8Array): void => {
    kept.push({ chunk, at: delivered });
    delivered += chunk.length;
  };
  for (const fragment of all) {
    const { offset, length, value, isLast, isRead } = fragment;
    slab.fill(value, at, at + length);
    expect(side.streams.onStream(1, offset, slab, at, length, false)).toBe(NO_ERROR);
    model.add(fragment);
    at += length;
    if (!isLast) continue;
    side.settle(slab);
    for (const opened of side.toldOf(EVENT_STREAM)) {
      stream = opened;
      if (!isBorrowed) continue;
      stream.borrow((bytes, from, size) => take(bytes.slice(from, from + size)));
    }
    if (isRead && isBorrowed) stream?.deliver();
    for (let chunk = isRead ? stream?.read() : undefined; chunk; chunk = stream!.read()) {
      take(chunk);
    }
    side.streams.endTurn();
    // What the batch held is gone.
    slab.fill(0, 0, at);
    at = 0;
  }
  side.settle(slab);
  side.streams.endTurn();
  stream ??= side.toldOf(EVENT_STREAM)[0];
  stream?.borrow(undefined);
  for (let chunk = stream?.read(); chunk; chunk = stream!.read()) take(chunk);
  expect(delivered).toBe(model.inOrder);
  // All at the end: what was given out has not changed since.
  for (const { chunk, at: from } of kept) {
    const isRight = chunk.every((byte, index) => byte === model.bytes[from + index]);
    if (!isRight) throw new Error(`wrong bytes from ${from} to ${from + chunk.length}`);
  }
  expect(side.streams.receivedData).toBe(model.highest);
}

describe('any fragments come out as the byte map says', () => {
  it.each([
    ['short ones, close together', 40, 12, 3000],
    ['across blocks', 40_000, 9000, 200],
    ['at the ends of blocks', 16_390, 30, 500],
  ])('%s', (_what, span, length, numRuns) => {
    fc.assert(
      fc.property(fragments(span, length), (all) => check(all, false)),
      { numRuns, seed: 1 },
    );
  });

  it('lent to a borrower', () => {
    fc.assert(
      fc.property(fragments(60, 20), (all) => check(all, true)),
      { numRuns: 1000, seed: 2 },
    );
  });

  it('and what an application does to its chunks never shows in later ones', () => {
    const random = chance(5);
    for (let round = 0; round < 60; round++) {
      const side = new Side();
      const length = 1 + random(50_000);
      const got: number[] = [];
      let stream: Stream | undefined;
      const pieces: number[] = [];
      for (let at = 0; at < length; at += 700) pieces.push(at);
      while (pieces.length > 0) {
        const [at] = pieces.splice(random(Math.min(pieces.length, 20)), 1);
        side.batch(1, at, patternOf(1, at, Math.min(700, length - at)));
        stream ??= side.toldOf(EVENT_STREAM)[0];
        for (let chunk = stream?.read(); chunk; chunk = stream!.read()) {
          got.push(...chunk);
          chunk.fill(0);
        }
      }
      expect(got.length).toBe(length);
      expect(got.every((byte, offset) => byte === byteAt(1, offset))).toBe(true);
    }
  });

  it('also when the first byte, which is the kind, comes last and alone', () => {
    const side = new Side();
    side.batch(3, 1, patternOf(3, 0, 30_000), true);
    expect(side.told()).toEqual([]);
    side.batch(3, 0, [0]);
    const [stream] = side.toldOf(EVENT_STREAM);
    const whole = readAll(stream);
    expect(whole.length).toBe(30_000);
    expect(isPattern(whole, 3, 0)).toBe(true);
    expect(stream.takeEnd()).toBe(true);
    expect(side.streams.size).toBe(0);
  });
});

describe('more pieces than the table has', () => {
  it('are copied at once, in order', () => {
    const side = new Side();
    const count = 20_000;
    const slab = patternOf(1, 0, count);
    for (let at = 0; at < count; at++) {
      expect(side.streams.onStream(1, at, slab, at, 1, false)).toBe(NO_ERROR);
    }
    side.settle(slab);
    const [stream] = side.toldOf(EVENT_STREAM);
    expect(Buffer.compare(readAll(stream), slab)).toBe(0);
  });

  it('of two streams whose packets alternate make one chunk each', () => {
    const side = new Side();
    const slab = new Uint8Array(20_000);
    slab.set(patternOf(1, 0, 10_000));
    slab.set(patternOf(5, 0, 10_000), 10_000);
    for (let at = 0; at < 10_000; at += 1000) {
      side.streams.onStream(1, at, slab, at, 1000, false);
      side.streams.onStream(5, at, slab, 10_000 + at, 1000, false);
    }
    side.settle(slab);
    const [first, second] = side.toldOf(EVENT_STREAM);
    expect(isPattern(first.read()!, 1, 0)).toBe(true);
    expect(isPattern(second.read()!, 5, 0)).toBe(true);
    expect(first.bytesReadable + second.bytesReadable).toBe(0);
  });

  it('of a long batch make chunks of at most 128 KiB', () => {
    const side = new Side();
    const slab = patternOf(1, 0, 400_000);
    for (let at = 0; at < 400_000; at += 1000) side.streams.onStream(1, at, slab, at, 1000, false);
    side.settle(slab);
    const [stream] = side.toldOf(EVENT_STREAM);
    const chunks: Uint8Array[] = [];
    for (let chunk = stream.read(); chunk; chunk = stream.read()) chunks.push(chunk);
    expect(chunks.map(({ length }) => length)).toEqual([131_000, 131_000, 131_000, 7000]);
    expect(Buffer.concat(chunks).equals(slab)).toBe(true);
  });
});

describe('what comes in crumbs', () => {
  it('costs little more than its bytes while nobody reads', () => {
    const side = new Side();
    for (let at = 0; at < 20_000; at++) side.batch(1, at, [byteAt(1, at)]);
    expect(side.memory.allocated).toBeLessThan(3 * 20_000);
    expect(side.memory.arrays).toBeLessThan(20);
    const whole = readAll(side.toldOf(EVENT_STREAM)[0]);
    expect(whole.length).toBe(20_000);
    expect(isPattern(whole, 1, 0)).toBe(true);
  });

  it('and out of order, neither', () => {
    const side = new Side();
    for (let at = 0; at < 20_000; at += 2) {
      side.batch(1, at + 1, [byteAt(1, at + 1)]);
      side.batch(1, at, [byteAt(1, at)]);
    }
    const [stream] = side.toldOf(EVENT_STREAM);
    let chunks = 0;
    let at = 0;
    for (let chunk = stream.read(); chunk; chunk = stream.read()) {
      expect(isPattern(chunk, 1, at)).toBe(true);
      at += chunk.length;
      chunks++;
    }
    expect(at).toBe(20_000);
    expect(chunks).toBeLessThan(20);
  });

  it('one byte ahead of a hole in each of a thousand streams costs each of them little', () => {
    const side = new Side();
    for (let id = 1; id < 4000; id += 4) expect(side.batch(id, 1, [1])).toBe(NO_ERROR);
    expect(side.memory.allocated).toBeLessThan(1100 * 1000);
  });

  it('every second byte of a window ends the connection, with little kept', () => {
    const side = new Side({
      config: { initialStreamData: 1 << 20, initialConnectionData: 1 << 20 },
    });
    let error = NO_ERROR;
    let count = 0;
    for (let at = 1; at < 1 << 20 && error === NO_ERROR; at += 2) {
      error = side.data(1, at, [1]);
      count++;
    }
    expect(error).toBe(EXCESSIVE_LOAD);
    expect(count).toBe(1000 + (1 << 20) / 4096 + 1);
    expect(side.memory.allocated).toBeLessThan(20_000);
  });

  it('the same over many streams, too', () => {
    const side = new Side({
      config: { initialStreamData: 1 << 20, initialConnectionData: 1 << 20 },
    });
    let error = NO_ERROR;
    let count = 0;
    for (let id = 1; id < 4000 && error === NO_ERROR; id += 4) {
      for (let at = 1; at < 1000 && error === NO_ERROR; at += 2) {
        error = side.data(id, at, [1]);
        count++;
      }
    }
    expect(error).toBe(EXCESSIVE_LOAD);
    expect(count).toBe(4000 + (1 << 20) / 2048 + 1);
    expect(side.streams.counters.spansWaiting).toBe(count);
    expect(side.memory.allocated).toBeLessThan(20_000);
  });

  it('spans of streams that are gone count no more', () => {
    const side = new Side();
    for (let id = 1; id < 4000; id += 4) {
      for (let at = 1; at < 100; at += 2) expect(side.data(id, at, [1])).toBe(NO_ERROR);
      const end =
        id % 8 === 1
          ? side.streams.onResetStream(id, 0, 100)
          : side.batch(id, 0, new Uint8Array(100));
      expect(end).toBe(NO_ERROR);
      expect(side.streams.counters.spansWaiting).toBe(0);
    }
  });
});

describe('honest traffic at a window of 16 MiB', () => {
  it('passes with a loss of 10 % and all of the rest in any order', () => {
    const window = 16 << 20;
    const config = { initialStreamData: window, initialConnectionData: window };
    const side = new Side({ config });
    const random = chance(7);
    const size = 1400;
    const packets = Array.from({ length: Math.floor(window / size) }, (_, index) => index * size);
    const lost = packets.filter(() => random(10) === 0);
    const arrived = packets.filter((at) => !lost.includes(at));
    // Each packet may be overtaken by the hundred that follow.
    for (let index = 0; index < arrived.length; index++) {
      const other = Math.min(index + random(100), arrived.length - 1);
      [arrived[index], arrived[other]] = [arrived[other], arrived[index]];
    }
    const slab = new Uint8Array(size);
    for (const at of [...arrived, ...lost]) {
      slab.fill(byteAt(1, at));
      expect(side.streams.onStream(1, at, slab, 0, size, false)).toBe(NO_ERROR);
      side.settle(slab);
    }
    const [stream] = side.toldOf(EVENT_STREAM);
    let at = 0;
    for (let chunk = stream.read(); chunk; chunk = stream.read()) {
      for (let index = 0; index < chunk.length; index++, at++) {
        if (chunk[index] !== byteAt(1, at - (at % size))) throw new Error(`byte ${at}`);
      }
    }
    expect(at).toBe(packets.length * size);
    expect(side.told().filter(({ kind }) => kind === EVENT_READABLE)).toEqual([]);
  });
});
