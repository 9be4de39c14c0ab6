/** Bytes lent to the application where they lie. */

import { describe, expect, it } from 'vitest';
import { EVENT_READABLE, EVENT_STREAM } from '../../../../lib/core/event-ring.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { framesOf, patternOf, readAll, Side } from './harness.js';

/** A stream of the peer that is lent out, and what its borrower got: the piece, and where it lay. */
function lent(
  side: Side,
  then: (stream: Stream, piece: number[]) => void = () => {},
): { stream: Stream; got: number[]; pieces: Uint8Array[] } {
  side.batch(1, 0, [0]);
  const [stream] = side.toldOf(EVENT_STREAM);
  stream.read();
  side.streams.endTurn();
  const got: number[] = [];
  const pieces: Uint8Array[] = [];
  stream.borrow((bytes, at, byteLength) => {
    const piece = [...bytes.subarray(at, at + byteLength)];
    pieces.push(bytes);
    got.push(...piece);
    then(stream, piece);
  });
  return { stream, got, pieces };
}

/** Three pieces of two bytes each: 1 2, 3 4, 5 6. */
function threePieces(side: Side): Uint8Array {
  const slab = Uint8Array.of(9, 1, 2, 9, 3, 4, 9, 5, 6);
  for (let piece = 0; piece < 3; piece++) {
    side.streams.onStream(1, 1 + 2 * piece, slab, 1 + 3 * piece, 2, false);
  }
  side.settle(slab);
  return slab;
}

describe('a borrower', () => {
  it('gets each piece where it lies, without a copy', () => {
    const side = new Side();
    const { stream, got, pieces } = lent(side);
    const before = side.memory.allocated;
    const slab = threePieces(side);
    expect(stream.bytesReadable).toBe(6);
    expect(side.toldOf(EVENT_READABLE)).toEqual([stream]);
    stream.deliver();
    side.streams.endTurn();
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
    expect(pieces.every((bytes) => bytes === slab)).toBe(true);
    expect(side.memory.allocated).toBe(before);
    expect(stream.bytesReadable).toBe(0);
  });

  it('gets its pieces in one chain though other streams come in between', () => {
    const side = new Side();
    const { stream, got } = lent(side);
    const slab = patternOf(1, 0, 100);
    for (let at = 0; at < 50; at += 10) {
      side.streams.onStream(1, 1 + at, slab, at, 10, false);
      side.streams.onStream(5, at, slab, 50 + at, 10, false);
    }
    const before = side.memory.arrays;
    side.settle(slab);
    stream.deliver();
    expect(got).toEqual([...slab.subarray(0, 50)]);
    expect(side.memory.arrays - before).toBe(1);
    const [other] = side.toldOf(EVENT_STREAM);
    expect(readAll(other)).toEqual(slab.subarray(50));
  });

  it('that does not take its pieces in the turn finds them copied in the next', () => {
    const side = new Side();
    const { stream, got } = lent(side);
    threePieces(side);
    side.streams.endTurn();
    side.batch(1, 7, [7]);
    stream.deliver();
    expect(got).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('counts as a reader: credit comes back', () => {
    const config = { initialStreamData: 10, initialConnectionData: 1000, maxStreamData: 10 };
    const side = new Side({ config });
    const { stream } = lent(side);
    threePieces(side);
    expect(side.writeAll()).toEqual([]);
    stream.deliver();
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAM_DATA 1 17']);
  });

  it('that throws has had that piece; the rest waits', () => {
    const side = new Side();
    const { stream, got } = lent(side, (_stream, [first]) => {
      if (first === 3) throw new Error('of the application');
    });
    const slab = threePieces(side);
    expect(() => stream.deliver()).toThrow('of the application');
    expect(got).toEqual([1, 2, 3, 4]);
    expect(stream.bytesReadable).toBe(2);
    side.streams.endTurn();
    slab.fill(0);
    stream.deliver();
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stream.bytesReadable).toBe(0);
  });

  it('may read in between', () => {
    const side = new Side();
    const read: number[] = [];
    const { stream, got } = lent(side, (of) => read.push(...(of.read() ?? [])));
    threePieces(side);
    stream.deliver();
    expect(got).toEqual([1, 2]);
    expect(read).toEqual([3, 4, 5, 6]);
  });

  it('may stop the stream in between', () => {
    const side = new Side();
    const { stream, got } = lent(side, (of) => of.stop(1));
    threePieces(side);
    stream.deliver();
    expect(got).toEqual([1, 2]);
    expect(stream.bytesReadable).toBe(0);
    expect(framesOf(...side.writeAll())).toEqual(['STOP_SENDING 1 code 1']);
  });

  it('may give the stream back in between', () => {
    const side = new Side();
    const { stream, got } = lent(side, (of) => of.borrow(undefined));
    const slab = threePieces(side);
    stream.deliver();
    slab.fill(0);
    expect(got).toEqual([1, 2]);
    expect([...readAll(stream)]).toEqual([3, 4, 5, 6]);
  });

  it('may hand it to another one in between', () => {
    const side = new Side();
    const second: number[] = [];
    const { stream, got } = lent(side, (of) => {
      of.borrow((bytes, at, byteLength) => second.push(...bytes.subarray(at, at + byteLength)));
    });
    threePieces(side);
    stream.deliver();
    stream.deliver();
    expect(got).toEqual([1, 2]);
    expect(second).toEqual([3, 4, 5, 6]);
  });

  it('may ask for more in between', () => {
    const side = new Side();
    const { stream, got } = lent(side, (of) => of.deliver());
    threePieces(side);
    stream.deliver();
    expect(got).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('that goes leaves its pieces to be read', () => {
    const side = new Side();
    const { stream, got } = lent(side);
    const slab = threePieces(side);
    stream.borrow(undefined);
    slab.fill(0);
    expect([...readAll(stream)]).toEqual([1, 2, 3, 4, 5, 6]);
    side.streams.endTurn();
    expect(got).toEqual([]);
    stream.deliver();
  });

  it('gets what had come before it first', () => {
    const side = new Side();
    side.batch(1, 0, [1, 2]);
    const [stream] = side.toldOf(EVENT_STREAM);
    side.streams.endTurn();
    const got: number[] = [];
    stream.borrow((bytes, at, byteLength) => got.push(...bytes.subarray(at, at + byteLength)));
    side.batch(1, 2, [3, 4]);
    stream.deliver();
    expect(got).toEqual([1, 2, 3, 4]);
  });

  it('gets nothing of a batch in which the peer gave up', () => {
    const side = new Side();
    const { stream, got } = lent(side);
    const slab = Uint8Array.of(1, 2);
    side.streams.onStream(1, 1, slab, 0, 2, false);
    side.streams.onResetStream(1, 0, 3);
    side.settle(slab);
    stream.deliver();
    side.streams.endTurn();
    expect(got).toEqual([]);
    expect([stream.bytesReadable, stream.isEnded]).toEqual([0, false]);
  });

  it('sees the end', () => {
    const side = new Side();
    const { stream } = lent(side);
    const slab = Uint8Array.of(1, 2);
    side.streams.onStream(1, 1, slab, 0, 2, true);
    side.settle(slab);
    expect(stream.takeEnd()).toBe(false);
    stream.deliver();
    expect(stream.takeEnd()).toBe(true);
  });
});

describe('reading while pieces wait for a borrower', () => {
  it('gives them, copied', () => {
    const side = new Side();
    const { stream } = lent(side);
    const slab = threePieces(side);
    const chunk = stream.read()!;
    slab.fill(0);
    expect([...chunk]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(stream.read()).toBeUndefined();
  });
});

it('a stream that only sends lends nothing', () => {
  const stream = new Side().streams.open(true)!;
  expect(() => stream.borrow(() => {})).toThrow(RangeError);
  expect(() => stream.read()).toThrow(RangeError);
  expect(() => stream.stop(0)).toThrow(RangeError);
});
