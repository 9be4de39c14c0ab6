/** Messages: each a unidirectional stream of its own (docs/wire-format.md F15). */

import { describe, expect, it } from 'vitest';
import {
  APPLICATION_ERROR,
  EXCESSIVE_LOAD,
  FLOW_CONTROL_ERROR,
  MESSAGE_TOO_LARGE,
  NO_ERROR,
  STREAM_LIMIT_ERROR,
} from '../../../../lib/core/error-codes.js';
import {
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_STREAM,
} from '../../../../lib/core/event-ring.js';
import { UNKNOWN_STREAM_KIND } from '../../../../lib/core/streams/streams.js';
import { exchange, framesOf, isPattern, pair, patternOf, readAll, Side } from './harness.js';

function messagesOf(side: Side): Uint8Array[] {
  const told = side.told().filter(({ kind }) => kind === EVENT_MESSAGE);
  return told.map(({ subject }) => subject as Uint8Array);
}

describe('small messages', () => {
  it('share a packet, the last one without a length when it fills it', () => {
    const side = new Side();
    for (let count = 0; count < 4; count++) {
      expect(side.streams.sendMessage(new Uint8Array(20), count)).toBe(0);
    }
    // Header: type, id, length. The last one has no length: 1 + 1 + 21.
    const space = side.write(24 * 3 + 23)!;
    expect(space.at).toBe(space.end);
    expect(framesOf(space)).toEqual([
      'STREAM 2 0+21 FIN',
      'STREAM 6 0+21 FIN',
      'STREAM 10 0+21 FIN',
      'STREAM 14 0+21 FIN',
    ]);
    expect(side.write()).toBeUndefined();
  });

  it('may be empty', () => {
    const { a, b } = pair();
    expect(a.streams.sendMessage(new Uint8Array(0), 'token')).toBe(0);
    expect(exchange(a, b)).toBe(NO_ERROR);
    expect(messagesOf(b)).toEqual([new Uint8Array(0)]);
    expect(a.told()).toEqual([{ kind: EVENT_MESSAGE_DONE, subject: 'token', value: 0 }]);
  });

  it('are done once each, whatever is acknowledged again', () => {
    const side = new Side();
    side.streams.sendMessage(new Uint8Array(20), 'token');
    const space = side.write()!;
    side.ack(space);
    side.lose(space);
    side.ack(space);
    side.settle();
    expect(side.told()).toEqual([{ kind: EVENT_MESSAGE_DONE, subject: 'token', value: 0 }]);
    expect(side.streams.size).toBe(0);
  });
});

describe('large messages', () => {
  it('cross windows that are smaller than they are', () => {
    const config = {
      initialStreamData: 2000,
      initialConnectionData: 3000,
      maxStreamData: 2000,
      maxConnectionData: 3000,
    };
    const { a, b } = pair(config);
    for (const size of [100_000, 50_000, 20_000]) {
      expect(a.streams.sendMessage(patternOf(0, 0, size), size)).toBe(0);
    }
    const sizes: number[] = [];
    while (sizes.length < 3) {
      expect(exchange(a, b)).toBe(NO_ERROR);
      // The next one has room when this one is taken.
      const [message] = messagesOf(b);
      expect(isPattern(message, 0, 0)).toBe(true);
      sizes.push(message.length);
      b.streams.onMessageTaken(message.length);
    }
    expect(sizes.sort((left, right) => left - right)).toEqual([20_000, 50_000, 100_000]);
  });

  it('of exactly the peer’s limit pass, and larger ones are refused', () => {
    const { a, b } = pair({ maxMessageSize: 1000 });
    expect(a.streams.sendMessage(new Uint8Array(1001), 0)).toBe(-1);
    expect(a.streams.sendMessage(new Uint8Array(1000), 0)).toBe(0);
    expect(exchange(a, b)).toBe(NO_ERROR);
    expect(messagesOf(b)[0].length).toBe(1000);
  });

  it('are an error when they come all the same, as soon as it shows', () => {
    const { b } = pair({ maxMessageSize: 1000 });
    expect(b.batch(2, 0, [1, ...new Uint8Array(1000)])).toBe(NO_ERROR);
    expect(b.batch(2, 1001, [0])).toBe(MESSAGE_TOO_LARGE);
    const { b: other } = pair({ maxMessageSize: 1000 });
    expect(other.batch(2, 0, [1])).toBe(NO_ERROR);
    expect(other.batch(2, 1001, [0])).toBe(MESSAGE_TOO_LARGE);
  });

  it('are all of them for a peer that takes none', () => {
    const { a, b } = pair({ maxMessageSize: 0 });
    expect(a.streams.sendMessage(new Uint8Array(0), 0)).toBe(-1);
    expect(b.batch(2, 0, [1], true)).toBe(MESSAGE_TOO_LARGE);
  });

  it('and what comes before the kind byte is no message yet', () => {
    const { b } = pair({ maxMessageSize: 1000 });
    expect(b.batch(2, 1, new Uint8Array(2000), true)).toBe(NO_ERROR);
    expect(b.batch(2, 0, [0])).toBe(NO_ERROR);
    expect(readAll(b.toldOf(EVENT_STREAM)[0]).length).toBe(2000);
  });
});

describe('the queue of a sender', () => {
  it('has a cap in bytes, and room again when messages are done', () => {
    const side = new Side();
    const large = new Uint8Array(16 << 20);
    for (let count = 0; count < 4; count++) {
      expect(side.streams.sendMessage(large, count)).toBe(0);
    }
    expect(side.streams.sendMessage(new Uint8Array(1), 4)).toBe(-2);
    for (const space of side.writeAll(65_000)) side.ack(space);
    expect(side.streams.sendMessage(new Uint8Array(1), 4)).toBe(0);
  });

  it('has a cap in entries', () => {
    const side = new Side();
    const one = new Uint8Array(1);
    for (let count = 0; count < 65_536; count++) side.streams.sendMessage(one, count);
    expect(side.streams.sendMessage(one, 0)).toBe(-2);
    const { messagesWaiting, messageBytesWaiting } = side.streams.counters;
    expect([messagesWaiting, messageBytesWaiting]).toEqual([65_536, 65_536]);
    side.ack(side.write()!);
    expect(side.streams.sendMessage(one, 0)).toBe(0);
  });

  it('takes 10,000 over a limit of 100 streams, and streams can still be opened', () => {
    const { a, b } = pair({ maxStreams: 100 });
    for (let count = 0; count < 10_000; count++) {
      expect(a.streams.sendMessage(patternOf(count, 0, count % 50), count)).toBe(0);
    }
    const stream = a.streams.open(true)!;
    stream.write(patternOf(3, 0, 10));
    stream.finish();
    let received = 0;
    for (let round = 0; a.streams.size > 0; round++) {
      expect(round).toBeLessThan(1000);
      expect(b.receive(...a.writeAll())).toBe(NO_ERROR);
      for (const { kind, subject } of b.told()) {
        if (kind === EVENT_MESSAGE) {
          const bytes = subject as Uint8Array;
          expect(isPattern(bytes, received, 0)).toBe(true);
          expect(bytes.length).toBe(received++ % 50);
          b.streams.onMessageTaken(bytes.length);
        } else if (kind === EVENT_STREAM) {
          expect(readAll(subject as typeof stream)).toEqual(patternOf(3, 0, 10));
        }
      }
      for (const space of a.sent.splice(0)) a.ack(space);
      expect(a.receive(...b.writeAll())).toBe(NO_ERROR);
    }
    expect(received).toBe(10_000);
    const done = a.told().filter(({ kind, value }) => kind === EVENT_MESSAGE_DONE && value === 0);
    expect(done.map(({ subject }) => subject)).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });
});

describe('messages that the application does not take', () => {
  it('hold back as many as there are streams, even empty ones', () => {
    const side = new Side({ config: { maxStreams: 10 } });
    for (let number = 0; number < 10; number++) {
      expect(side.batch(4 * number + 3, 0, [1], true)).toBe(NO_ERROR);
    }
    expect(side.writeAll()).toEqual([]);
    expect(side.batch(43, 0, [1], true)).toBe(STREAM_LIMIT_ERROR);
    side.streams.onMessageTaken(0);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 11']);
  });

  it('hold back their bytes of the window of the connection', () => {
    const config = { initialConnectionData: 10_000, maxConnectionData: 10_000 };
    const side = new Side({ config });
    side.batch(3, 0, [1, ...new Uint8Array(4000)], true);
    side.batch(7, 0, [1, ...new Uint8Array(4000)], true);
    expect(side.told().length).toBe(2);
    expect(side.batch(11, 0, [1, ...new Uint8Array(1000)])).toBe(NO_ERROR);
    expect(framesOf(...side.writeAll())).toEqual([]);
    expect(side.data(15, 0, new Uint8Array(998))).toBe(FLOW_CONTROL_ERROR);
    side.streams.onMessageTaken(4000);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 15003']);
    side.streams.onMessageTaken(4000);
    expect(framesOf(...side.writeAll())).toEqual([]);
  });

  it('cannot be taken twice', () => {
    const side = new Side();
    side.batch(3, 0, [1, 2], true);
    side.streams.onMessageTaken(1);
    expect(() => side.streams.onMessageTaken(1)).toThrow(RangeError);
  });
});

describe('unfinished messages of a peer', () => {
  /** Sends `size` bytes of message number `number` without its end, as far as credit goes. */
  function flood(side: Side, number: number, size: number): number {
    const id = 4 * number + 3;
    const slab = new Uint8Array(100_000);
    slab[0] = 1;
    for (let at = 0; at < size; at += slab.length) {
      const error = side.streams.onStream(id, at, slab, 0, Math.min(slab.length, size - at), false);
      if (error !== NO_ERROR) return error;
      side.settle(slab);
      side.writeAll();
      slab[0] = 0;
    }
    return NO_ERROR;
  }

  it('end the connection above what a sender may have under way', () => {
    const side = new Side();
    let error = NO_ERROR;
    let number = 0;
    while (error === NO_ERROR) error = flood(side, number++, 15_000_000);
    expect(error).toBe(EXCESSIVE_LOAD);
    // 64 MiB, and one of the largest size (16 MiB).
    expect(number).toBe(Math.ceil((80 << 20) / 15_000_000));
    expect(side.streams.counters.messageBytesUnfinished).toBeGreaterThan(80 << 20);
  });

  it('do not, when they are as large as an honest sender’s', () => {
    const side = new Side();
    for (let number = 0; number < 4; number++) {
      expect(flood(side, number, 1 + (16 << 20))).toBe(NO_ERROR);
    }
  });

  it('count no more when they are reset', () => {
    const side = new Side();
    for (let number = 0; number < 20; number++) {
      expect(flood(side, number, 15_000_000)).toBe(NO_ERROR);
      expect(side.streams.counters.messageBytesUnfinished).toBeGreaterThan(14_000_000);
      expect(side.streams.onResetStream(4 * number + 3, 0, 15_000_000)).toBe(NO_ERROR);
      expect(side.streams.counters.messageBytesUnfinished).toBe(0);
    }
    expect(side.told()).toEqual([]);
    expect(side.streams.size).toBe(0);
  });
});

describe('a message that the peer stops', () => {
  it.each([
    [7, 7],
    [0, APPLICATION_ERROR],
  ])('fails: code %i is told as %i', (code, told) => {
    const side = new Side();
    side.streams.sendMessage(new Uint8Array(20), 'token');
    side.write(10);
    side.streams.onStopSending(2, code);
    for (const space of side.writeAll()) side.ack(space);
    side.settle();
    expect(side.told()).toEqual([{ kind: EVENT_MESSAGE_DONE, subject: 'token', value: told }]);
    expect(side.streams.size).toBe(0);
  });
});

describe('a unidirectional stream of the peer', () => {
  it('that ends before its kind byte is nothing, and over', () => {
    const side = new Side({ config: { maxStreams: 1 } });
    expect(side.batch(3, 0, [], true)).toBe(NO_ERROR);
    expect(side.told()).toEqual([]);
    expect(side.streams.size).toBe(0);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 2']);
  });

  it.each([2, 63, 255])('of kind %i is stopped and ignored', (kind) => {
    const config = { initialConnectionData: 1000, maxConnectionData: 1000, maxStreams: 1 };
    const side = new Side({ config });
    expect(side.batch(3, 5, [1, 1])).toBe(NO_ERROR);
    expect(side.batch(3, 0, [kind, 1, 1])).toBe(NO_ERROR);
    expect(framesOf(...side.writeAll())).toEqual([`STOP_SENDING 3 code ${UNKNOWN_STREAM_KIND}`]);
    expect(side.batch(3, 3, new Uint8Array(600), true)).toBe(NO_ERROR);
    expect(side.told()).toEqual([]);
    expect(side.streams.size).toBe(0);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 1603', 'MAX_STREAMS_UNI 2']);
  });

  it('of kind 0 shows nothing of its kind byte', () => {
    const { a, b } = pair();
    const stream = a.streams.open(true)!;
    expect([stream.written, stream.released, stream.buffered]).toEqual([0, 0, 0]);
    expect(a.isDrained).toBe(true);
    stream.write(Uint8Array.of(1, 2, 3));
    expect([stream.written, stream.released, stream.buffered]).toEqual([3, 0, 3]);
    expect(exchange(a, b)).toBe(NO_ERROR);
    expect([stream.written, stream.released, stream.buffered]).toEqual([3, 3, 0]);
    const [other] = b.toldOf(EVENT_STREAM);
    expect(other.bytesReadable).toBe(3);
    expect([...readAll(other)]).toEqual([1, 2, 3]);
  });
});
