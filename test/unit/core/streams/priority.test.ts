/** Who is served first, and who gets how much: urgencies and weights of streams. */

import { describe, expect, it } from 'vitest';
import { NO_ERROR } from '../../../../lib/core/error-codes.js';
import { EVENT_MESSAGE } from '../../../../lib/core/event-ring.js';
import { DEFAULT_URGENCY, DEFAULT_WEIGHT } from '../../../../lib/core/streams/priority.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { chance, exchange, pair, Side, Space } from './harness.js';

const BULK = new Uint8Array(32 << 20);

/** A stream of ours with more to send than any test lets go. */
function bulk(side: Side, urgency = DEFAULT_URGENCY, weight = DEFAULT_WEIGHT): Stream {
  const stream = side.streams.open(false)!;
  stream.setPriority(urgency, weight);
  stream.write(BULK);
  return stream;
}

/** Writes that many packets and forgets them. */
function send(side: Side, packets: number, byteLength = 1452): void {
  for (let packet = 0; packet < packets; packet++) {
    const space = new Space(byteLength);
    side.streams.writeStreams(space);
    if (space.at === 0) throw new Error('nothing to send');
  }
}

/** New bytes of each stream while `what` is done. */
function sentBy(streams: readonly Stream[], what: () => void): number[] {
  const before = streams.map(({ sending }) => sending!.sent);
  what();
  return streams.map(({ sending }, index) => sending!.sent - before[index]);
}

function expectShares(sent: readonly number[], weights: readonly number[], error: number): void {
  const all = sent.reduce((sum, bytes) => sum + bytes, 0);
  const allWeights = weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    const share = sent[index] / ((all * weight) / allWeights);
    expect({ weight, isFair: Math.abs(share - 1) <= error, share }).toMatchObject({ isFair: true });
  }
}

describe('weights', () => {
  it.each([
    [[1, 2, 4, 8], 1200],
    [[1, 2, 4, 8], 1452],
    [[16, 32, 64, 128], 1452],
    [[16, 16, 16, 16], 1452],
    [[1, 256], 1452],
  ])('%j share 10,000 packets of %j bytes within five in a hundred', (weights, byteLength) => {
    const side = new Side();
    const streams = weights.map((weight) => bulk(side, 3, weight));
    expectShares(
      sentBy(streams, () => send(side, 10_000, byteLength)),
      weights,
      0.05,
    );
  });

  it('share in packets of 65,000 bytes as well', () => {
    const side = new Side();
    const weights = [1, 2, 4, 8];
    const streams = weights.map((weight) => bulk(side, 3, weight));
    expectShares(
      sentBy(streams, () => send(side, 900, 65_000)),
      weights,
      0.05,
    );
  });

  it('count what is sent again', () => {
    const side = new Side();
    const streams = [bulk(side, 3, 1), bulk(side, 3, 3)];
    const carried = [0, 0];
    for (let packet = 0; packet < 10_000; packet++) {
      const space = side.write(1452)!;
      for (const { id, length } of space.frames) carried[id / 4] += length;
      // All that the second one sends is lost, once.
      if (packet % 2 === 0 && space.frames[0].id === 4) side.lose(space);
    }
    expectShares(carried, [1, 3], 0.05);
    expect(streams[1].sending!.lost.count).toBeLessThan(10);
  });

  it('hold while the connection’s credit comes in drops', () => {
    const side = new Side({ limits: { maxData: 0 } });
    const weights = [1, 4, 16];
    const streams = weights.map((weight) => bulk(side, 3, weight));
    const sent = sentBy(streams, () => {
      for (let credit = 500; credit < 2_000_000; credit += 500) {
        side.streams.onMaxData(credit);
        side.writeAll(1452);
      }
    });
    expectShares(sent, weights, 0.05);
  });

  it('are changed while the streams send', () => {
    const side = new Side();
    const streams = [bulk(side, 3, 8), bulk(side, 3, 1)];
    const first = sentBy(streams, () => send(side, 5000));
    streams[0].setPriority(3, 1);
    streams[1].setPriority(3, 2);
    const second = sentBy(streams, () => send(side, 5000));
    expectShares(first, [8, 1], 0.05);
    expectShares(second, [1, 2], 0.05);
  });

  it('that are changed all the time do not lose a stream its turns', () => {
    const side = new Side();
    const streams = [bulk(side, 3, 16), bulk(side, 3, 16)];
    const sent = sentBy(streams, () => {
      for (let packet = 0; packet < 4000; packet++) {
        streams[0].setPriority(3, packet % 2 === 0 ? 15 : 17);
        send(side, 1);
      }
    });
    expectShares(sent, [1, 1], 0.1);
  });

  it('give a stream that is alone everything, and nothing to pay for later', () => {
    const side = new Side();
    const alone = bulk(side, 3, 1);
    send(side, 5000);
    const streams = [alone, bulk(side, 3, 1)];
    expectShares(
      sentBy(streams, () => send(side, 1000)),
      [1, 1],
      0.05,
    );
  });

  it('give one that is often dry no more than its share', () => {
    const side = new Side();
    const steady = bulk(side, 3, 4);
    const dry = side.streams.open(false)!;
    dry.setPriority(3, 1);
    const sent = sentBy([steady, dry], () => {
      for (let packet = 0; packet < 10_000; packet++) {
        // A packet at a time: above its turn, each time that it comes back.
        if (dry.written === dry.sending!.sent) dry.write(BULK.subarray(0, 1440));
        send(side, 1);
      }
    });
    expect(sent[1] / sent[0]).toBeLessThan(0.3);
    expect(sent[1] / sent[0]).toBeGreaterThan(0.15);
  });
});

describe('urgency', () => {
  it('is strict: less urgent streams wait until the urgent one is dry', () => {
    const side = new Side();
    const low = bulk(side, 7, 256);
    const high = side.streams.open(false)!;
    high.setPriority(0, 1);
    high.write(BULK.subarray(0, 1_000_000));
    const [lowBytes] = sentBy([low], () => send(side, 680));
    expect(lowBytes).toBe(0);
    send(side, 50);
    expect(high.sending!.sent).toBe(1_000_000);
    expect(low.sending!.sent).toBeGreaterThan(40_000);
    // In the middle of the turn of the other one, and in its packet there is room for both.
    high.write(BULK.subarray(0, 100));
    const space = side.write(1452)!;
    expect(space.frames.map(({ id }) => id)).toEqual([high.id, low.id]);
  });

  it('orders all eight levels, whatever the order of writing', () => {
    const side = new Side();
    const order = [5, 0, 7, 2, 6, 1, 4, 3];
    const streams = order.map((urgency) => {
      const stream = side.streams.open(false)!;
      stream.setPriority(urgency, DEFAULT_WEIGHT);
      stream.write(BULK.subarray(0, 10));
      return stream;
    });
    const ids = side.write(1452)!.frames.map(({ id }) => id);
    const sorted = [...streams].sort((left, right) => left.urgency - right.urgency);
    expect(ids).toEqual(sorted.map(({ id }) => id));
  });

  it('is 3 by default, for streams of the peer as well', () => {
    const side = new Side();
    side.batch(1, 0, [1]);
    const theirs = side.told().map(({ subject }) => subject as Stream)[0];
    const ours = side.streams.open(false)!;
    expect([theirs.urgency, theirs.weight, ours.urgency, ours.weight]).toEqual([3, 16, 3, 16]);
    ours.write(BULK.subarray(0, 10));
    theirs.setPriority(2, 16);
    theirs.write(BULK.subarray(0, 10));
    expect(side.write(1452)!.frames.map(({ id }) => id)).toEqual([1, 0]);
  });

  it('is changed while streams send, both ways', () => {
    const side = new Side();
    const streams = [bulk(side), bulk(side), bulk(side)];
    send(side, 7);
    streams[1].setPriority(0, 16);
    expect(sentBy(streams, () => send(side, 10)).map((bytes) => bytes > 0)).toEqual([
      false,
      true,
      false,
    ]);
    streams[1].setPriority(7, 16);
    expect(sentBy(streams, () => send(side, 20)).map((bytes) => bytes > 0)).toEqual([
      true,
      false,
      true,
    ]);
    streams[1].setPriority(3, 16);
    expectShares(
      sentBy(streams, () => send(side, 3000)),
      [1, 1, 1],
      0.05,
    );
  });

  it('of a stream that its own limit holds back stops no other one', () => {
    const side = new Side({ limits: { maxStreamDataBidiRemote: 5000 } });
    const high = bulk(side, 0);
    const low = side.streams.open(false)!;
    low.setPriority(7, 1);
    low.write(BULK.subarray(0, 4000));
    send(side, 4);
    expect(high.sending!.sent).toBe(5000);
    expect(low.sending!.sent).toBeGreaterThan(0);
    side.streams.onMaxStreamData(high.id, 1 << 30);
    expect(sentBy([high, low], () => send(side, 5))[1]).toBe(0);
  });

  it('comes before everything else when the connection’s credit comes', () => {
    const side = new Side({ limits: { maxData: 1000 } });
    const low = bulk(side, 5);
    side.writeAll(1452);
    const high = bulk(side, 1);
    side.writeAll(1452);
    side.streams.onMaxData(10_000);
    side.writeAll(1452);
    expect([low.sending!.sent, high.sending!.sent]).toEqual([1000, 9000]);
  });

  it('is that of what is sent again, too', () => {
    const side = new Side();
    const low = side.streams.open(false)!;
    low.setPriority(6, 16);
    low.write(BULK.subarray(0, 1000));
    const lost = side.write(1452)!;
    const high = bulk(side, 2);
    send(side, 1);
    side.lose(lost);
    expect(sentBy([high], () => send(side, 5))[0]).toBeGreaterThan(5 * 1400);
    expect(low.sending!.lost.count).toBe(1);
  });

  it('of a message lets it overtake those before it', () => {
    const { a, b } = pair();
    bulk(a, 3);
    a.streams.sendMessage(Uint8Array.of(1), 'usual');
    a.streams.sendMessage(Uint8Array.of(2), 'late', 7);
    a.streams.sendMessage(Uint8Array.of(3), 'first', 0);
    const space = a.write(1452)!;
    expect(space.frames[0].id).toBe(10);
    expect(b.receive(space)).toBe(NO_ERROR);
    const messages = b.told().filter(({ kind }) => kind === EVENT_MESSAGE);
    expect(messages.map(({ subject }) => subject)).toEqual([Uint8Array.of(3)]);
  });
});

describe('many streams', () => {
  it('by the thousand share evenly, and an urgent one among them is served at once', () => {
    const side = new Side();
    const streams = Array.from({ length: 2000 }, () => bulk(side));
    // Ten turns each, and a bit.
    const sent = sentBy(streams, () => send(side, 2000 * 41));
    expect(Math.min(...sent)).toBeGreaterThan(0.85 * Math.max(...sent));
    streams[1217].setPriority(1, 16);
    expect(sentBy(streams, () => send(side, 100))[1217]).toBeGreaterThan(100 * 1400);
  });

  it('come, go, change and end in any order, and everything arrives', () => {
    const next = chance(11);
    const { a, b } = pair({ maxStreams: 4096 });
    const open: Stream[] = [];
    for (let step = 0; step < 6000; step++) {
      const stream = open[next(open.length)];
      const what = next(6);
      if (stream === undefined || (what === 0 && open.length < 300)) {
        open.push(a.streams.open(false)!);
      } else if (what < 3) {
        stream.setPriority(next(8), 1 + next(256));
      } else if (what < 5) {
        stream.write(BULK.subarray(0, next(3000)));
      } else {
        if (next(3) === 0) stream.reset(1);
        else stream.finish();
        open.splice(open.indexOf(stream), 1);
      }
      if (step % 50 === 0) expect(drain(a, b)).toBe(NO_ERROR);
    }
    for (const stream of open) stream.finish();
    expect(drain(a, b)).toBe(NO_ERROR);
    expect([a.streams.hasData, b.streams.receivedData]).toEqual([false, a.streams.sentData]);
    expect(open.every(({ isFinished }) => isFinished)).toBe(true);
  });

  it('that were given up are not kept, though an urgent one never runs dry', () => {
    const side = new Side();
    bulk(side, 0);
    for (let round = 0; round < 100; round++) {
      const low = bulk(side, 7);
      send(side, 1);
      expect(low.isQueued).toBe(true);
      low.reset(0);
      expect([low.isQueued, low.nextQueued, low.previousQueued]).toEqual([
        false,
        undefined,
        undefined,
      ]);
    }
  });

  it('that were lost and acknowledged late are not kept either', () => {
    const side = new Side();
    const low = side.streams.open(false)!;
    low.setPriority(7, 1);
    low.write(BULK.subarray(0, 10));
    low.finish();
    const late = side.write(1452)!;
    bulk(side, 0);
    side.lose(late);
    expect(low.isQueued).toBe(true);
    side.ack(late);
    expect([low.isFinished, low.isQueued]).toEqual([true, false]);
  });
});

/** Everything goes through, and the other side reads it. */
function drain(a: Side, b: Side): number {
  const error = exchange(a, b);
  for (const { subject } of b.told()) {
    const stream = subject as Stream;
    while (stream.read() !== undefined);
    stream.takeEnd();
    stream.finish();
  }
  return error || exchange(a, b);
}

describe('what is no priority', () => {
  it.each([
    [-1, 16],
    [8, 16],
    [1.5, 16],
    [Number.NaN, 16],
    [3, 0],
    [3, 257],
    [3, 2.5],
  ])('is refused, and changes nothing: urgency %j, weight %j', (urgency, weight) => {
    const stream = new Side().streams.open(false)!;
    expect(() => stream.setPriority(urgency, weight)).toThrow(RangeError);
    expect([stream.urgency, stream.weight]).toEqual([3, 16]);
  });

  it('is that of a stream that only receives', () => {
    const side = new Side();
    side.batch(3, 0, [0, 1]);
    const [stream] = side.told().map(({ subject }) => subject as Stream);
    expect(() => stream.setPriority(3, 16)).toThrow(RangeError);
  });
});
