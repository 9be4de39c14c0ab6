/** Mistakes that were made once: each with the test that would have caught it. */

import { describe, expect, it } from 'vitest';
import { EVENT_READABLE } from '../../../../lib/core/event-ring.js';
import { Credit } from '../../../../lib/core/streams/credit.js';
import { Outgoing } from '../../../../lib/core/streams/outgoing.js';
import { SendPart } from '../../../../lib/core/streams/send-part.js';
import { Stream, type StreamOwner } from '../../../../lib/core/streams/stream.js';
import { framesOf, pair, patternOf, readAll, Side } from './harness.js';

describe('a window of an odd number of bytes', () => {
  it('makes the one of the connection whole bytes', () => {
    const credit = new Credit(1000, 1_000_000);
    credit.widen(1.5 * 1001);
    expect([credit.windowBytes, credit.update()]).toEqual([1502, 1502]);
  });

  it('lets a transfer go on: half a byte is no limit that can be told', () => {
    const { a, b } = pair({ maxStreamData: 1_000_001 });
    const size = 4 << 20;
    const stream = a.streams.open(false)!;
    stream.write(new Uint8Array(size));
    for (let round = 0; round < 100 && stream.released < size; round++) {
      b.nowUs += 100;
      const there = a.writeAll();
      expect(b.receive(...there)).toBe(0);
      for (const reader of b.toldOf(EVENT_READABLE)) readAll(reader);
      for (const space of there) a.ack(space);
      expect(a.receive(...b.writeAll())).toBe(0);
    }
    expect(stream.released).toBe(size);
  });
});

describe('a peer that gives no credit for the connection', () => {
  it('cannot make us keep the streams that it has stopped', () => {
    const outgoing = new Outgoing({ onChunkGone() {}, onHeldBack() {}, onBlocked() {} });
    const streams = Array.from({ length: 100 }, (_, number) => {
      const sending = new SendPart(1000);
      sending.write(patternOf(number, 0, 10));
      return new Stream(4 * number, true, sending, undefined, {} as StreamOwner);
    });
    for (const stream of streams) outgoing.offer(stream);
    for (const stream of streams.slice(1)) outgoing.forget(stream);
    const kept = streams.filter(({ nextQueued, isQueued }) => isQueued || nextQueued !== undefined);
    expect([kept, outgoing.isBlocked, outgoing.hasData]).toEqual([[streams[0]], true, false]);
    outgoing.raise(5);
    expect([outgoing.isBlocked, outgoing.hasData]).toEqual([false, true]);
    outgoing.forget(streams[0]);
    expect([outgoing.isBlocked, outgoing.hasData]).toEqual([false, false]);
  });

  it('is told of it no more when it has stopped all that waited', () => {
    const side = new Side({ limits: { maxData: 0 } });
    const stream = side.streams.open(false)!;
    stream.write(patternOf(0, 0, 10));
    const complaint = side.writeAll();
    expect(framesOf(...complaint)).toEqual(['DATA_BLOCKED 0']);
    side.streams.onStopSending(stream.id, 7);
    side.writeAll();
    for (const space of complaint) side.lose(space);
    expect(side.streams.hasControl).toBe(false);
  });

  it('does not keep the others from going on once it does', () => {
    const side = new Side({ limits: { maxData: 0 } });
    const streams = Array.from({ length: 4 }, () => side.streams.open(false)!);
    for (const stream of streams) stream.write(patternOf(stream.id, 0, 10));
    side.streams.onStopSending(streams[1].id, 7);
    streams[2].reset(8);
    side.writeAll();
    side.streams.onMaxData(1000);
    const sent = side.writeAll().flatMap(({ frames }) => frames.map(({ id }) => id));
    expect(sent).toEqual([streams[0].id, streams[3].id]);
  });
});
