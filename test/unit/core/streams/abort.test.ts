/** Streams that do not end well: reset, stopped, their chunks gone, the connection over. */

import { describe, expect, it } from 'vitest';
import { APPLICATION_ERROR, INTERNAL_ERROR, NO_ERROR } from '../../../../lib/core/error-codes.js';
import {
  EVENT_CHUNK_GONE,
  EVENT_FINISHED,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_STREAM,
  EVENT_WRITABLE,
} from '../../../../lib/core/event-ring.js';
import { exchange, framesOf, pair, patternOf, readAll, Side } from './harness.js';

function kinds(side: Side): number[] {
  return side.told().map(({ kind }) => kind);
}

describe('reset by us', () => {
  it('names what was sent as the final size, not what was written', () => {
    const side = new Side({ limits: { maxStreamDataBidiRemote: 700 } });
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(1000));
    side.write(500);
    side.write(500);
    stream.reset(5);
    expect(framesOf(...side.writeAll())).toEqual(['RESET_STREAM 0 code 5 size 700']);
    expect(side.streams.sentData).toBe(700);
  });

  it('is said again until it is acknowledged, and nothing else is', () => {
    const side = new Side();
    const stream = side.streams.open(true)!;
    stream.write(new Uint8Array(100));
    stream.finish();
    side.write();
    stream.reset(5);
    side.write();
    for (const space of [...side.sent]) side.lose(space);
    expect(framesOf(...side.writeAll())).toEqual(['RESET_STREAM 2 code 5 size 101']);
    side.ack(side.sent[0]);
    expect(stream.isFinished).toBe(false);
    side.ack(side.sent[2]);
    side.lose(side.sent[1]);
    expect(side.writeAll()).toEqual([]);
    expect(stream.isFinished).toBe(true);
    expect(side.streams.size).toBe(0);
    expect(kinds(side)).toEqual([]);
  });

  it('does nothing when all was acknowledged before', () => {
    const side = new Side();
    const stream = side.streams.open(true)!;
    stream.finish();
    for (const space of side.writeAll()) side.ack(space);
    stream.reset(5);
    expect(side.writeAll()).toEqual([]);
  });

  it('ignores what is written later', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.reset(1);
    stream.write(new Uint8Array(10));
    stream.finish();
    expect(framesOf(...side.writeAll())).toEqual(['RESET_STREAM 0 code 1 size 0']);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('throws for the code %d', (code) => {
    const stream = new Side().streams.open(false)!;
    expect(() => stream.reset(code)).toThrow(RangeError);
    expect(() => stream.stop(code)).toThrow(RangeError);
  });
});

describe('an end', () => {
  it('is there once all before it was read, and stays there until it is taken', () => {
    const side = new Side({ config: { maxStreams: 1 } });
    side.batch(3, 0, [0, 1], true);
    const [stream] = side.toldOf(EVENT_STREAM);
    expect([stream.isEnded, stream.takeEnd()]).toEqual([false, false]);
    stream.read();
    expect([stream.isEnded, stream.isEnded]).toEqual([true, true]);
    expect([side.streams.size, side.writeAll()]).toEqual([1, []]);
    expect([stream.takeEnd(), stream.takeEnd(), stream.isEnded]).toEqual([true, true, true]);
    expect(side.streams.size).toBe(0);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 2']);
  });

  it('is none where we have stopped, though all had come', () => {
    const side = new Side({ config: { maxStreams: 1 } });
    side.batch(3, 0, [0], true);
    const [stream] = side.toldOf(EVENT_STREAM);
    stream.stop(0);
    expect([stream.isEnded, stream.takeEnd()]).toEqual([false, false]);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 2']);
  });

  it('is not there to be taken on a stream that only sends', () => {
    const stream = new Side().streams.open(true)!;
    expect(() => stream.takeEnd()).toThrow(RangeError);
  });
});

describe('reset by the peer', () => {
  it('is told once, after what was read, and drops what was not', () => {
    const side = new Side();
    side.batch(1, 0, patternOf(1, 0, 10));
    const [stream] = side.toldOf(EVENT_STREAM);
    side.batch(1, 20, [0]);
    expect(side.streams.onResetStream(1, 9, 30)).toBe(NO_ERROR);
    expect(side.streams.onResetStream(1, 9, 30)).toBe(NO_ERROR);
    side.settle();
    expect(side.told()).toEqual([{ kind: EVENT_RESET, subject: stream, value: 9 }]);
    expect(stream.read()).toBeUndefined();
    expect([stream.isEnded, stream.takeEnd()]).toEqual([false, false]);
    expect(side.streams.receivedData).toBe(30);
    expect(side.batch(1, 10, new Uint8Array(20))).toBe(NO_ERROR);
    expect(kinds(side)).toEqual([]);
  });

  it('gives the connection its credit back, once', () => {
    const config = {
      initialStreamData: 1000,
      initialConnectionData: 1000,
      maxConnectionData: 1000,
    };
    const side = new Side({ config });
    side.batch(1, 0, new Uint8Array(300));
    side.batch(1, 400, new Uint8Array(100));
    side.streams.onResetStream(1, 0, 900);
    side.streams.onResetStream(1, 0, 900);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 1900']);
  });

  it('comes too late once everything is there', () => {
    const side = new Side();
    side.batch(1, 0, patternOf(1, 0, 10), true);
    const [stream] = side.toldOf(EVENT_STREAM);
    expect(side.streams.onResetStream(1, 9, 10)).toBe(NO_ERROR);
    expect(kinds(side)).toEqual([]);
    expect(readAll(stream)).toEqual(patternOf(1, 0, 10));
  });

  it('before the kind byte is nobody’s business, and its credit comes back', () => {
    const side = new Side({ config: { maxStreams: 1 } });
    side.batch(3, 5, [1]);
    side.streams.onResetStream(3, 9, 1_000_000 / 2);
    expect(kinds(side)).toEqual([]);
    expect(side.streams.size).toBe(0);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 2']);
  });
});

describe('stopped by us', () => {
  it('is said until the end is known, and all that comes is consumed in silence', () => {
    const config = {
      initialStreamData: 1000,
      initialConnectionData: 1000,
      maxConnectionData: 1000,
    };
    const side = new Side({ config });
    side.batch(1, 0, new Uint8Array(100));
    const [stream] = side.toldOf(EVENT_STREAM);
    side.batch(1, 200, new Uint8Array(100));
    side.told();
    stream.stop(4);
    stream.stop(5);
    expect(framesOf(...side.writeAll())).toEqual(['STOP_SENDING 1 code 4']);
    side.lose(side.sent[0]);
    expect(framesOf(...side.writeAll())).toEqual(['STOP_SENDING 1 code 4']);
    expect(side.batch(1, 900, new Uint8Array(50))).toBe(NO_ERROR);
    // Holes are consumed, too: they will never be asked for.
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 1950']);
    expect(side.batch(1, 950, [0], true)).toBe(NO_ERROR);
    side.lose(side.sent[1]);
    expect(side.writeAll()).toEqual([]);
    expect(kinds(side)).toEqual([]);
    expect(stream.read()).toBeUndefined();
  });

  it('is not said when everything is there', () => {
    const side = new Side();
    side.batch(3, 0, [0, 1, 2], true);
    const [stream] = side.toldOf(EVENT_STREAM);
    stream.stop(4);
    expect(framesOf(...side.writeAll())).not.toContain('STOP_SENDING 3 code 4');
    expect(side.streams.size).toBe(0);
  });

  it('is not said after the peer has given up', () => {
    const side = new Side();
    side.batch(1, 0, [0]);
    const [stream] = side.toldOf(EVENT_STREAM);
    stream.stop(4);
    side.streams.onResetStream(1, 0, 1);
    expect(framesOf(...side.writeAll())).toEqual([]);
  });

  it('is over when the size is known, though bytes are missing', () => {
    const side = new Side();
    side.batch(3, 0, [0, 1]);
    const [stream] = side.toldOf(EVENT_STREAM);
    side.batch(3, 5, [1], true);
    stream.stop(4);
    expect(side.streams.size).toBe(0);
    expect(framesOf(...side.writeAll())).toEqual(['STOP_SENDING 3 code 4']);
  });
});

describe('stopped by the peer', () => {
  it('is told, and answered with a reset of the same code', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(10));
    side.write();
    expect(side.streams.onStopSending(0, 6)).toBe(NO_ERROR);
    expect(side.streams.onStopSending(0, 6)).toBe(NO_ERROR);
    expect(side.told()).toEqual([{ kind: EVENT_STOPPED, subject: stream, value: 6 }]);
    expect(framesOf(...side.writeAll())).toEqual(['RESET_STREAM 0 code 6 size 10']);
  });

  it('announces a stream of the peer first', () => {
    const side = new Side();
    side.streams.onStopSending(1, 6);
    expect(kinds(side)).toEqual([EVENT_STREAM, EVENT_STOPPED]);
  });
});

describe('a stream beyond MAX_STREAMS', () => {
  it('that was reset and stopped says so when it has leave, and not before', () => {
    const side = new Side({ limits: { maxStreamsBidi: 0 } });
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(10));
    stream.reset(3);
    stream.stop(4);
    expect(framesOf(...side.writeAll())).toEqual(['STREAMS_BLOCKED_BIDI 0']);
    expect(side.isDrained).toBe(true);
    side.streams.onMaxStreams(false, 1);
    expect(framesOf(...side.writeAll())).toEqual([
      'RESET_STREAM 0 code 3 size 0',
      'STOP_SENDING 0 code 4',
    ]);
    expect(side.isDrained).toBe(false);
  });
});

/** An ArrayBuffer that can be made smaller: the compiler's library does not know it yet. */
interface ResizableBuffer extends ArrayBuffer {
  resize(byteLength: number): void;
}
const ResizableBuffer = ArrayBuffer as unknown as new (
  byteLength: number,
  options: { maxByteLength: number },
) => ResizableBuffer;

describe('a chunk whose buffer the application has given away', () => {
  it.each([
    [
      'transferred',
      (bytes: Uint8Array<ResizableBuffer>) =>
        void structuredClone(bytes, { transfer: [bytes.buffer] }),
    ],
    ['made smaller', (bytes: Uint8Array<ResizableBuffer>) => bytes.buffer.resize(10)],
  ])('resets the stream with code 0 and tells the application: %s', (_how, spoil) => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    const bytes = new Uint8Array(new ResizableBuffer(3000, { maxByteLength: 3000 }));
    stream.write(bytes);
    side.write();
    spoil(bytes);
    expect(framesOf(...side.writeAll())).toEqual([
      `RESET_STREAM 0 code 0 size ${stream.sending!.sent}`,
    ]);
    expect(side.told()).toEqual([{ kind: EVENT_CHUNK_GONE, subject: stream, value: 0 }]);
  });

  it('does no harm to other streams', () => {
    const { a, b } = pair();
    const bad = a.streams.open(true)!;
    const good = a.streams.open(true)!;
    const chunks = [patternOf(1, 0, 50), patternOf(2, 0, 50)];
    bad.write(chunks[0]);
    bad.write(chunks[1]);
    good.write(patternOf(3, 0, 50));
    good.finish();
    structuredClone(chunks[1], { transfer: [chunks[1].buffer as ArrayBuffer] });
    expect(exchange(a, b)).toBe(NO_ERROR);
    const [stream] = b.toldOf(EVENT_STREAM);
    expect(readAll(stream)).toEqual(patternOf(3, 0, 50));
    expect(a.streams.sentData).toBe(b.streams.receivedData);
  });

  it('fails a message with INTERNAL_ERROR', () => {
    const side = new Side();
    const bytes = new Uint8Array(100);
    side.streams.sendMessage(bytes, 'token');
    structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    side.writeAll();
    expect(side.told()).toEqual([
      { kind: EVENT_MESSAGE_DONE, subject: 'token', value: INTERNAL_ERROR },
    ]);
  });
});

describe('close', () => {
  it('tells what the batch at hand has brought, and leaves it readable', () => {
    const side = new Side();
    side.data(1, 0, patternOf(1, 0, 10), true);
    side.streams.close();
    side.settle();
    const told = side.told();
    expect(told.map(({ kind }) => kind)).toEqual([EVENT_STREAM, EVENT_READABLE]);
    const stream = told[0].subject as ReturnType<Side['toldOf']>[number];
    expect(readAll(stream)).toEqual(patternOf(1, 0, 10));
    expect(stream.isEnded).toBe(true);
  });

  it('hands a borrower what the batch has brought', () => {
    const side = new Side();
    side.batch(1, 0, [1]);
    const [stream] = side.toldOf(EVENT_STREAM);
    const got: number[] = [];
    stream.borrow((bytes, at, byteLength) => got.push(...bytes.subarray(at, at + byteLength)));
    side.data(1, 1, [2, 3]);
    side.streams.close();
    stream.deliver();
    expect(got).toEqual([1, 2, 3]);
  });

  it('tells a whole message of the batch at hand', () => {
    const side = new Side();
    side.data(3, 0, [1, 7], true);
    side.streams.close();
    expect(side.told()).toEqual([{ kind: EVENT_MESSAGE, subject: Uint8Array.of(7), value: 0 }]);
    side.streams.onMessageTaken(1);
  });

  it('fails messages that are under way, once each', () => {
    const side = new Side();
    side.streams.sendMessage(new Uint8Array(10), 'one');
    side.streams.sendMessage(new Uint8Array(10), 'two');
    side.write(20);
    side.streams.close();
    side.streams.close();
    for (const space of side.sent) side.ack(space);
    expect(side.told()).toEqual([
      { kind: EVENT_MESSAGE_DONE, subject: 'one', value: APPLICATION_ERROR },
      { kind: EVENT_MESSAGE_DONE, subject: 'two', value: APPLICATION_ERROR },
    ]);
    expect(side.streams.sendMessage(new Uint8Array(1), 'three')).toBe(-2);
  });

  it('ends everything: nothing is sent, told or kept any more', () => {
    const side = new Side();
    const stream = side.streams.open(false)!;
    stream.write(new Uint8Array(5000));
    side.write();
    side.batch(1, 0, [1]);
    side.told();
    side.streams.close();
    const { streams } = side;
    expect([streams.size, streams.hasData, streams.hasControl]).toEqual([0, false, false]);
    expect(side.isDrained).toBe(true);
    stream.write(new Uint8Array(10));
    stream.finish();
    stream.reset(0);
    stream.stop(0);
    side.lose(side.sent[0]);
    side.ack(side.sent[0]);
    expect(side.batch(1, 1, [1])).toBe(NO_ERROR);
    expect(streams.onResetStream(1, 0, 2)).toBe(NO_ERROR);
    expect(streams.onStopSending(0, 0)).toBe(NO_ERROR);
    expect(streams.onMaxData(2 ** 41)).toBe(NO_ERROR);
    expect(streams.onMaxStreamData(0, 2 ** 41)).toBe(NO_ERROR);
    expect(streams.onMaxStreams(true, 2 ** 41)).toBe(NO_ERROR);
    expect(streams.onStreamDataBlocked(5, 0)).toBe(NO_ERROR);
    expect(streams.open(true)).toBeUndefined();
    expect(side.writeAll()).toEqual([]);
    expect(kinds(side)).toEqual([]);
  });
});

describe('a good end', () => {
  it('is told when all is acknowledged, chunks first', () => {
    const { a, b } = pair();
    const stream = a.streams.open(false)!;
    stream.write(new Uint8Array(3000));
    stream.finish();
    const spaces = a.writeAll();
    b.receive(...spaces);
    for (const space of [...spaces].reverse()) a.ack(space);
    a.settle();
    expect(kinds(a)).toEqual([EVENT_WRITABLE, EVENT_FINISHED]);
    expect(stream.isFinished).toBe(true);
    const [other] = b.toldOf(EVENT_STREAM);
    readAll(other);
    expect(other.takeEnd()).toBe(true);
    other.finish();
    expect(exchange(a, b)).toBe(NO_ERROR);
    expect(stream.takeEnd()).toBe(true);
    expect([a.streams.size, b.streams.size]).toEqual([0, 0]);
  });
});
