/** Which bytes go into which packet, and what the application sees of it. */

import { describe, expect, it } from 'vitest';
import { NO_ERROR } from '../../../../lib/core/error-codes.js';
import {
  EVENT_STREAM,
  EVENT_STREAMS_AVAILABLE,
  EVENT_WRITABLE,
} from '../../../../lib/core/event-ring.js';
import type { Stream } from '../../../../lib/core/streams/stream.js';
import { exchange, framesOf, isPattern, pair, patternOf, readAll, Side, Space } from './harness.js';

/** Id of the stream of each packet's only frame. */
function turns(side: Side, packets: number): number[] {
  return Array.from({ length: packets }, () => {
    const { frames } = side.write(1452)!;
    return frames[0].id;
  });
}

describe('a packet', () => {
  it('of one large chunk is gathered, and full', () => {
    const side = new Side();
    const chunk = patternOf(0, 0, 100_000);
    side.streams.open(false)!.write(chunk);
    let at = 0;
    for (let space = side.write(); space !== undefined; space = side.write()) {
      const [{ offset, length }] = space.frames;
      expect(offset).toBe(at);
      expect(space.gathers).toBe(at + length < chunk.length ? 1 : 0);
      expect(isPattern(space.bytes.subarray(space.at - length, space.at), 0, at)).toBe(true);
      at += length;
    }
    expect(at).toBe(chunk.length);
  });

  it('across chunks is copied together', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    for (let at = 0; at < 5000; at += 50) stream.write(patternOf(0, at, 50));
    let at = 0;
    for (const space of side.writeAll()) {
      const [{ length }] = space.frames;
      expect(space.gathers).toBe(0);
      expect(isPattern(space.bytes.subarray(space.at - length, space.at), 0, at)).toBe(true);
      at += length;
    }
    expect(at).toBe(5000);
  });

  it('of any size holds what it can, to the last byte', () => {
    for (let room = 1; room < 200; room++) {
      const { a, b } = pair();
      const first = a.streams.open(false)!;
      const second = a.streams.open(true)!;
      first.write(patternOf(0, 0, 70));
      second.write(patternOf(2, 0, 66));
      first.finish();
      second.finish();
      const spaces: Space[] = [];
      for (let tries = 0; a.streams.hasData && tries < 500; tries++) {
        const space = new Space(room);
        a.streams.writeStreams(space);
        if (space.at > 0) spaces.push(space);
      }
      // Type, id, offset in two bytes, and one byte of data are the least.
      if (room < 5) continue;
      expect(a.streams.hasData).toBe(false);
      expect(b.receive(...spaces)).toBe(NO_ERROR);
      const streams = b.toldOf(EVENT_STREAM);
      for (const stream of streams) expect(isPattern(readAll(stream), stream.id, 0)).toBe(true);
      expect(streams.every((stream) => stream.takeEnd())).toBe(true);
    }
  });

  it('that was lost is said again before anything new', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.write(patternOf(0, 0, 10_000));
    for (let count = 0; count < 4; count++) side.write();
    side.lose(side.sent[1]);
    side.lose(side.sent[2]);
    const { offset, length } = side.sent[1].frames[0];
    expect(framesOf(side.write())[0]).toBe(`STREAM 0 ${offset}+${length}`);
    side.ack(side.sent[2]);
    expect(framesOf(side.write())[0]).toBe(
      `STREAM 0 ${side.sent[3].frames[0].offset + side.sent[3].frames[0].length}+1196`,
    );
  });

  it('that was lost does not bring back what another one has delivered', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.write(patternOf(0, 0, 3000));
    const [first, second, third] = side.writeAll();
    side.lose(second);
    const again = side.write()!;
    side.ack(again);
    side.lose(second);
    expect(side.write()).toBeUndefined();
    side.ack(first);
    side.ack(third);
    expect(stream.released).toBe(3000);
  });

  it('that held the end is said again, with the end', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(10));
    stream.finish();
    const first = side.write()!;
    side.lose(first);
    expect(framesOf(side.write())).toEqual(['STREAM 0 0+10 FIN']);
    side.lose(side.sent[1]);
    side.ack(first);
    expect(side.write()).toBeUndefined();
    expect(stream.isFinished).toBe(true);
  });

  it('is not offered when there is nothing to put into it', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    expect(side.streams.hasData).toBe(false);
    stream.write(new Uint8Array(0));
    expect(side.streams.hasData).toBe(false);
    stream.write(new Uint8Array(10));
    expect(side.streams.hasData).toBe(true);
    const space = side.write()!;
    expect(side.streams.hasData).toBe(false);
    side.lose(space);
    expect(side.streams.hasData).toBe(true);
    side.ack(space);
    expect(side.streams.hasData).toBe(false);
  });
});

describe('turns', () => {
  it('go round three bulk streams, four packets each, or one more', () => {
    const side = new Side();
    for (let count = 0; count < 3; count++)
      side.streams.open(false)!.write(new Uint8Array(1 << 20));
    const ids = turns(side, 102);
    const begins = ids.flatMap((id, place) => (id === ids[place - 1] ? [] : [place]));
    begins.forEach((place, turn) => {
      expect(ids[place]).toBe(4 * (turn % 3));
    });
    const lengths = begins.slice(1).map((place, turn) => place - begins[turn]);
    expect(new Set(lengths)).toEqual(new Set([4, 5]));
  });

  it('let a small stream through within one round of the bulk', () => {
    const side = new Side();
    for (let count = 0; count < 3; count++)
      side.streams.open(false)!.write(new Uint8Array(1 << 20));
    turns(side, 2);
    side.streams.open(false)!.write(new Uint8Array(10));
    side.streams.sendMessage(new Uint8Array(10), 0);
    const seen = new Set<number>();
    for (let packet = 0; packet < 3 * 5 + 1; packet++) {
      for (const { id } of side.write(1452)!.frames) seen.add(id);
    }
    expect(seen).toContain(12);
    expect(seen).toContain(2);
  });

  it('share out evenly what three bulk streams send', () => {
    const side = new Side();
    const streams = [0, 1, 2].map(() => side.streams.open(false)!);
    for (const stream of streams) stream.write(new Uint8Array(4 << 20));
    turns(side, 1530);
    const sent = streams.map(({ sending }) => sending!.sent);
    expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(5 * 1452);
  });

  it('are not lost by a stream that the connection’s credit held up', () => {
    const side = new Side({ limits: { maxData: 1000 } });
    const streams = [0, 1, 2].map(() => side.streams.open(false)!);
    for (const stream of streams) stream.write(new Uint8Array(900));
    side.writeAll();
    expect(side.streams.hasData).toBe(false);
    for (let times = 0; times < 5; times++)
      for (const stream of streams) stream.write(new Uint8Array(1));
    expect(side.streams.hasData).toBe(false);
    // What was sent before needs no credit, and neither does the end.
    side.lose(side.sent[0]);
    expect(side.streams.hasData).toBe(true);
    side.writeAll();
    side.streams.onMaxData(10_000);
    side.writeAll();
    expect(streams.map(({ sending }) => sending!.sent)).toEqual([905, 905, 905]);
  });

  it('do not let lost or finishing streams wait for credit', () => {
    const side = new Side({ limits: { maxData: 100 } });
    const full = side.streams.open(false)!;
    const ends = side.streams.open(false)!;
    ends.write(new Uint8Array(50));
    full.write(new Uint8Array(500));
    side.writeAll();
    ends.finish();
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 4 50+0 FIN']);
  });
});

describe('what the application sees', () => {
  it('room, as long as less than the send buffer is not acknowledged', () => {
    const side = new Side({ config: { sendBuffer: 1000 } });
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(999));
    expect(stream.hasRoom).toBe(true);
    stream.write(new Uint8Array(1));
    expect(stream.hasRoom).toBe(false);
    const [space] = side.writeAll();
    expect(stream.hasRoom).toBe(false);
    side.ack(space);
    expect(stream.hasRoom).toBe(true);
  });

  it('chunks released from the front, in whatever order they are acknowledged', () => {
    const side = new Side();
    const stream = side.streams.open(true)!;
    stream.write(new Uint8Array(5000));
    const [first, ...others] = side.writeAll();
    for (const space of others) side.ack(space);
    side.settle();
    expect(stream.released).toBe(0);
    expect(side.told()).toEqual([]);
    side.ack(first);
    side.settle();
    expect(stream.released).toBe(5000);
    expect(stream.buffered).toBe(0);
    expect(side.toldOf(EVENT_WRITABLE)).toEqual([stream]);
  });

  it('an error for what the stream cannot do', () => {
    const side = new Side();
    side.batch(3, 0, [0, 1]);
    const [stream] = side.toldOf(EVENT_STREAM);
    expect(() => stream.write(new Uint8Array(1))).toThrow(RangeError);
    expect(() => stream.finish()).toThrow(RangeError);
    expect(() => stream.reset(0)).toThrow(RangeError);
    expect([stream.written, stream.released, stream.isFinished]).toEqual([0, 0, true]);
    const ours = side.streams.open(false)!;
    ours.finish();
    ours.finish();
    expect(() => ours.write(new Uint8Array(1))).toThrow(RangeError);
  });

  it('losses all over ten thousand small chunks, without harm', () => {
    const { a, b } = pair({ initialStreamData: 1 << 20, initialConnectionData: 1 << 20 });
    const stream = a.streams.open(false)!;
    for (let at = 0; at < 100_000; at += 10) stream.write(patternOf(0, at, 10));
    stream.finish();
    const spaces = a.writeAll(300);
    for (let index = 0; index < spaces.length; index += 3) a.lose(spaces[index]);
    expect(b.receive(...spaces.filter((_, index) => index % 3 > 0), ...a.writeAll(500))).toBe(
      NO_ERROR,
    );
    const whole = readAll(b.toldOf(EVENT_STREAM)[0]);
    expect(whole.length).toBe(100_000);
    expect(isPattern(whole, 0, 0)).toBe(true);
  });
});

describe('streams beyond MAX_STREAMS', () => {
  it('wait, say nothing, and go on in order when they may', () => {
    const { a, b } = pair({ maxStreams: 2 });
    const streams = Array.from({ length: 5 }, () => a.streams.open(false)!);
    for (const stream of streams) {
      stream.write(patternOf(stream.id, 0, 10));
      stream.finish();
    }
    expect(framesOf(...a.writeAll())).toEqual([
      'STREAMS_BLOCKED_BIDI 2',
      'STREAM 0 0+10 FIN',
      'STREAM 4 0+10 FIN',
    ]);
    a.lose(a.sent[0]);
    const seen: number[] = [];
    for (let round = 0; round < 10; round++) {
      expect(exchange(a, b)).toBe(NO_ERROR);
      for (const stream of b.toldOf(EVENT_STREAM)) {
        seen.push(stream.id);
        expect(readAll(stream)).toEqual(patternOf(stream.id, 0, 10));
        expect(stream.takeEnd()).toBe(true);
        stream.finish();
      }
    }
    expect(seen).toEqual([0, 4, 8, 12, 16]);
    for (const stream of streams) expect(stream.takeEnd()).toBe(true);
    expect([a.streams.size, b.streams.size]).toEqual([0, 0]);
  });

  it('are told of once for each limit, and again when that was lost', () => {
    const side = new Side({ limits: { maxStreamsUni: 1 } });
    for (let count = 0; count < 3; count++) side.streams.open(true)!.write(new Uint8Array(1));
    expect(framesOf(...side.writeAll())).toEqual(['STREAMS_BLOCKED_UNI 1', 'STREAM 2 0+2']);
    side.lose(side.sent[0]);
    expect(framesOf(...side.writeAll())).toEqual(['STREAMS_BLOCKED_UNI 1', 'STREAM 2 0+2']);
    side.streams.onMaxStreams(true, 2);
    expect(framesOf(...side.writeAll())).toEqual(['STREAMS_BLOCKED_UNI 2', 'STREAM 6 0+2']);
    expect(side.told().map(({ kind }) => kind)).toEqual([EVENT_STREAMS_AVAILABLE]);
    side.streams.onMaxStreams(true, 3);
    side.writeAll();
    side.lose(side.sent[2]);
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 6 0+2']);
  });

  it('are 1,024 of each kind at most', () => {
    const side = new Side({ limits: { maxStreamsBidi: 1, maxStreamsUni: 0 } });
    for (const [isUni, most] of [
      [false, 1025],
      [true, 1024],
    ] as const) {
      for (let count = 0; count < most; count++) {
        expect(side.streams.open(isUni)).toBeDefined();
      }
      expect(side.streams.open(isUni)).toBeUndefined();
    }
    side.streams.onMaxStreams(false, 2);
    expect(side.streams.open(false)).toBeDefined();
    expect(side.streams.open(false)).toBeUndefined();
  });

  it('a lower limit changes nothing', () => {
    const side = new Side({ limits: { maxStreamsBidi: 2 } });
    side.streams.onMaxStreams(false, 1);
    side.streams.onMaxData(0);
    side.streams.open(false)!.write(new Uint8Array(1));
    side.streams.onMaxStreamData(0, 0);
    side.streams.open(false)!.write(new Uint8Array(1));
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 0 0+1', 'STREAM 4 0+1']);
    expect(side.told()).toEqual([]);
  });
});

describe('isDrained', () => {
  function drained(act: (stream: Stream, side: Side) => void): boolean {
    const side = new Side();
    act(side.streams.open(false)!, side);
    return side.isDrained;
  }
  const some = new Uint8Array(10);
  it.each<[string, boolean, (stream: Stream, side: Side) => void]>([
    ['an idle stream', true, () => {}],
    ['something unsent', false, (stream) => stream.write(some)],
    [
      'something unacknowledged',
      false,
      (stream, side) => {
        stream.write(some);
        side.writeAll();
      },
    ],
    [
      'all acknowledged, without an end',
      true,
      (stream, side) => {
        stream.write(some);
        for (const space of side.writeAll()) side.ack(space);
      },
    ],
    ['an end unsent', false, (stream) => stream.finish()],
    [
      'an end acknowledged',
      true,
      (stream, side) => {
        stream.finish();
        for (const space of side.writeAll()) side.ack(space);
      },
    ],
    ['a reset unsent', false, (stream) => stream.reset(0)],
    [
      'a reset acknowledged',
      true,
      (stream, side) => {
        stream.reset(0);
        for (const space of side.writeAll()) side.ack(space);
      },
    ],
    ['a message', false, (_stream, side) => side.streams.sendMessage(some, 0)],
    ['a stream of the peer, unanswered', true, (_stream, side) => side.batch(1, 0, [1])],
    [
      'a lost packet',
      false,
      (stream, side) => {
        stream.write(some);
        for (const space of side.writeAll()) side.lose(space);
      },
    ],
  ])('%s: %s', (_what, expected, act) => {
    expect(drained(act)).toBe(expected);
  });
});
