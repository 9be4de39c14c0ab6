/** What a peer can make us keep in streams, and the honest peer that does nearly the same. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import { NO_ERROR, STREAM_LIMIT_ERROR } from '../../../../lib/core/error-codes.js';
import { EVENT_MESSAGE, EVENT_STREAM } from '../../../../lib/core/event-ring.js';
import { SendPart } from '../../../../lib/core/streams/send-part.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { byteAt, chance, patternOf, readAll, Side, type Space } from './harness.js';

/** The streams of the batch are read to their ends, and answered by an end, as an application would. */
function takeAll(side: Side): void {
  for (const stream of side.toldOf(EVENT_STREAM)) {
    readAll(stream);
    stream.takeEnd();
  }
}

describe('ids that a peer passes over', () => {
  it('take the places of others: as many as it may have open, and not one more', () => {
    const side = new Side({ config: { maxStreams: 100 } });
    let error = NO_ERROR;
    let opened = 0;
    // Every second one, whole at once: each that is over makes room, each that is passed over does not.
    while (error === NO_ERROR) {
      error = side.batch(4 * (2 * opened + 1) + 3, 0, [0, 1], true);
      takeAll(side);
      side.writeAll();
      opened++;
    }
    expect(error).toBe(STREAM_LIMIT_ERROR);
    expect(opened).toBeLessThanOrEqual(101);
    expect(opened).toBeGreaterThan(80);
    expect(side.streams.size).toBe(0);
  });

  it('cost nothing when they come late, however many streams there are', () => {
    const side = new Side({ config: { maxStreams: 100 } });
    const random = chance(5);
    const late: number[] = [];
    for (let number = 0; number < 5000; number++) {
      // At most half of what is allowed is on its way at any time.
      late.push(number);
      if (late.length < 50 && number < 4999) continue;
      while (late.length > (number < 4999 ? 25 : 0)) {
        const [next] = late.splice(random(late.length), 1);
        expect(side.batch(4 * next + 3, 0, [0, 1, 2], true)).toBe(NO_ERROR);
        takeAll(side);
      }
      side.writeAll();
    }
    expect(side.streams.counters.streamsAccepted).toBe(5000);
    expect(side.streams.size).toBe(0);
  });
});

describe('what waits ahead of holes', () => {
  const window = 1 << 20;
  const config = {
    initialStreamData: window,
    maxStreamData: window,
    initialConnectionData: window,
    maxConnectionData: window,
    maxStreams: 4096,
  };

  it('is never more than about what the peer spends of its window, wherever it puts its bytes', () => {
    // One byte in each block of memory, in one stream.
    const one = new Side({ config });
    let at = 16_384;
    while (at < window && one.data(1, at, [1]) === NO_ERROR) at += 16_384;
    expect(at).toBe(window);
    expect(one.memory.allocated).toBeLessThan(1.1 * window);
    // One byte behind the first small block, in as many streams as the window pays for.
    const many = new Side({ config });
    let id = 1;
    while (many.data(id, 1024, [1]) === NO_ERROR) id += 4;
    expect(id / 4).toBeCloseTo(window / 1025, 0);
    expect(many.memory.allocated).toBeLessThan(2.1 * window);
  });

  it('may be of two hundred honest streams at once, with a loss of 10 % and packets that overtake', () => {
    const side = new Side({ config });
    const random = chance(9);
    const size = 1200;
    const packets: { id: number; at: number }[] = [];
    for (let round = 0; round < 4; round++) {
      for (let id = 1; id < 800; id += 4) packets.push({ id, at: round * size });
    }
    const lost = packets.filter(() => random(10) === 0);
    const arrived = packets.filter((packet) => !lost.includes(packet));
    for (let index = 0; index < arrived.length; index++) {
      const other = Math.min(index + random(300), arrived.length - 1);
      [arrived[index], arrived[other]] = [arrived[other], arrived[index]];
    }
    for (const { id, at } of [...arrived, ...lost]) {
      expect(side.batch(id, at, patternOf(id, at, size))).toBe(NO_ERROR);
    }
    const streams = side.toldOf(EVENT_STREAM);
    expect(streams).toHaveLength(200);
    for (const stream of streams) {
      expect(Buffer.compare(readAll(stream), patternOf(stream.id, 0, 4 * size))).toBe(0);
    }
  });
});

describe('streams that nobody reads', () => {
  it('keep their places and their bytes, whatever the peer does to them', () => {
    const side = new Side({ config: { maxStreams: 50, initialConnectionData: 100_000 } });
    const streams: Stream[] = [];
    for (let number = 0; number < 50; number++) {
      // Ended, and with an answer that the peer does not want.
      expect(side.batch(4 * number + 1, 0, [byteAt(1, 0)], true)).toBe(NO_ERROR);
      expect(side.streams.onStopSending(4 * number + 1, 0)).toBe(NO_ERROR);
      streams.push(...side.toldOf(EVENT_STREAM));
    }
    for (const space of side.writeAll()) side.ack(space);
    expect(side.batch(4 * 50 + 1, 0, [1], true)).toBe(STREAM_LIMIT_ERROR);
    expect(side.streams.size).toBe(50);
    // The honest twin: the same, read.
    for (const stream of streams) {
      readAll(stream);
      expect(stream.takeEnd()).toBe(true);
    }
    side.writeAll();
    expect(side.batch(4 * 50 + 1, 0, [1], true)).toBe(NO_ERROR);
    expect(side.streams.size).toBe(1);
  });
});

describe('messages that come and are taken', () => {
  it('may be as many as one likes, and nothing of them stays', () => {
    const side = new Side({ config: { maxStreams: 20, initialConnectionData: 50_000 } });
    let taken = 0;
    for (let number = 0; number < 5000; number++) {
      expect(side.batch(4 * number + 3, 0, [1, ...new Uint8Array(number % 100)], true)).toBe(
        NO_ERROR,
      );
      for (const { kind, subject } of side.told()) {
        if (kind !== EVENT_MESSAGE) continue;
        side.streams.onMessageTaken((subject as Uint8Array).byteLength);
        taken++;
      }
      side.writeAll();
    }
    expect([taken, side.streams.size]).toEqual([5000, 0]);
  });
});

describe('limits of the connection that rise in drops', () => {
  const waiting = 16_384;
  afterEach(() => void vi.restoreAllMocks());

  /** How many streams were looked at while `what` was done. */
  function looks(what: () => void): number {
    const spy = vi.spyOn(SendPart.prototype, 'isSendable', 'get');
    what();
    const { length } = spy.mock.calls;
    spy.mockRestore();
    return length;
  }

  function crowd(): Side {
    const side = new Side({ limits: { maxData: 0 } });
    // With the kind of the stream a hundred each.
    const bytes = new Uint8Array(99);
    for (let number = 0; number < waiting; number++) side.streams.sendMessage(bytes, number);
    side.writeAll();
    return side;
  }

  function carried(spaces: readonly Space[]): number {
    const frames = spaces.flatMap((space) => space.frames);
    return frames.reduce((sum, { length }) => sum + length, 0);
  }

  it('cost what they let us send, however many messages wait for them', () => {
    const side = crowd();
    const raises = 100;
    const count = looks(() => {
      for (let raise = 1; raise <= raises; raise++) {
        side.streams.onMaxData(raise * 100);
        expect(carried(side.writeAll())).toBe(100);
      }
    });
    expect(count).toBeLessThan(10 * raises);
  });

  it('that come while something is lost cost no more, and what is lost goes before', () => {
    const side = crowd();
    side.streams.onMaxData(1000);
    const sent = side.writeAll();
    const count = looks(() => {
      for (let round = 0; round < 100; round++) {
        for (const space of sent) side.lose(space);
        expect(side.streams.hasData).toBe(true);
        const again = side.writeAll();
        expect(carried(again)).toBe(1000);
        sent.splice(0, sent.length, ...again);
      }
    });
    expect(count).toBeLessThan(100 * 10 * 10);
  });

  it('let all of an honest crowd through in the end, each once', () => {
    const side = crowd();
    side.streams.onMaxData(waiting * 100);
    const ids = new Set<number>();
    for (const { frames } of side.writeAll()) for (const { id } of frames) ids.add(id);
    expect([ids.size, side.streams.sentData]).toEqual([waiting, waiting * 100]);
  });
});
