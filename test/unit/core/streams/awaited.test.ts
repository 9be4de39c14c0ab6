/** What a close in good order waits for, and what it does not. */

import { describe, expect, it } from 'vitest';
import { NO_ERROR } from '../../../../lib/core/error-codes.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { Side } from './harness.js';

const some = new Uint8Array(10);

/** A side with a stream that has something under way, after the close has begun. */
function closing(end = false): { side: Side; stream: Stream } {
  const side = new Side();
  const stream = side.streams.open(false)!;
  stream.write(some);
  if (end) stream.finish();
  side.streams.awaitWritten();
  return { side, stream };
}

function ackAll(side: Side): void {
  for (const space of side.writeAll()) side.ack(space);
}

describe('a close waits', () => {
  it('for what was written, until it is acknowledged', () => {
    const { side } = closing();
    expect(side.streams.isDrained).toBe(false);
    ackAll(side);
    expect(side.streams.isDrained).toBe(true);
  });

  it('for an end that was there, also once its bytes are acknowledged', () => {
    const { side, stream } = closing(true);
    const [space] = side.writeAll();
    side.lose(space);
    expect(stream.isFinished).toBe(false);
    expect(side.streams.isDrained).toBe(false);
    ackAll(side);
    expect(side.streams.isDrained).toBe(true);
  });

  it('for the reset that has taken the place of what was written', () => {
    const { side, stream } = closing();
    stream.reset(1);
    expect(side.streams.isDrained).toBe(false);
    ackAll(side);
    expect(side.streams.isDrained).toBe(true);
  });

  it('for each of many streams', () => {
    const side = new Side();
    const streams = Array.from({ length: 100 }, () => side.streams.open(true)!);
    for (const stream of streams) stream.write(some);
    side.streams.awaitWritten();
    const spaces = side.writeAll();
    for (const space of spaces) {
      expect(side.streams.isDrained).toBe(false);
      side.ack(space);
    }
    expect(side.streams.isDrained).toBe(true);
  });
});

describe('a close does not wait', () => {
  it('for what is written later', () => {
    const { side, stream } = closing();
    const spaces = side.writeAll();
    stream.write(some);
    for (const space of spaces) side.ack(space);
    expect(side.streams.isDrained).toBe(true);
  });

  it('for an end that comes later', () => {
    const { side, stream } = closing();
    const spaces = side.writeAll();
    stream.finish();
    for (const space of spaces) side.ack(space);
    expect(side.streams.isDrained).toBe(true);
  });

  it('for streams that are open, and have nothing under way', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    side.streams.open(true);
    stream.write(some);
    ackAll(side);
    side.streams.awaitWritten();
    expect(side.streams.isDrained).toBe(true);
    stream.write(some);
    expect(side.streams.isDrained).toBe(true);
  });

  it('for the answer to a stream that comes later', () => {
    const side = new Side();
    side.streams.awaitWritten();
    expect(side.batch(1, 0, [1])).toBe(NO_ERROR);
    (side.told()[0].subject as Stream).write(some);
    expect(side.streams.isDrained).toBe(true);
  });
});

describe('progress', () => {
  it('is what is acknowledged of what is waited for', () => {
    const { side, stream } = closing();
    const before = side.streams.drainProgress;
    ackAll(side);
    expect(side.streams.drainProgress).toBeGreaterThan(before);
    const then = side.streams.drainProgress;
    stream.write(some);
    stream.finish();
    const other = side.streams.open(false)!;
    other.write(some);
    other.finish();
    ackAll(side);
    expect(side.streams.drainProgress).toBe(then);
  });

  it('is also out of order, and a reset', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(3000));
    side.streams.awaitWritten();
    const [, second] = side.writeAll();
    side.ack(second);
    expect(side.streams.drainProgress).toBe(1);
    stream.reset(0);
    ackAll(side);
    expect(side.streams.drainProgress).toBe(2);
  });
});
