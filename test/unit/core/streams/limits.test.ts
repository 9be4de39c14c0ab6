/** Final size and flow control (RFC 9000 sections 4.1, 4.2 and 4.5), credit and its tuning. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FINAL_SIZE_ERROR,
  FLOW_CONTROL_ERROR,
  NO_ERROR,
} from '../../../../lib/core/error-codes.js';
import { EVENT_STREAM } from '../../../../lib/core/event-ring.js';
import { framesOf, patternOf, readAll, Side } from './harness.js';

/** Windows of 1,000 bytes a stream and 1,500 for all, that may grow to 8,000. */
const SMALL = {
  initialStreamData: 1000,
  initialConnectionData: 1500,
  maxStreamData: 8000,
  maxConnectionData: 8000,
};

function bytes(length: number): Uint8Array {
  return new Uint8Array(length);
}

describe('final size', () => {
  it.each([
    ['data beyond the end', (side: Side) => side.data(1, 10, [0])],
    ['data across the end', (side: Side) => side.data(1, 8, [0, 0, 0])],
    ['an end behind the end', (side: Side) => side.data(1, 8, [0, 0, 0], true)],
    ['an end before the end', (side: Side) => side.data(1, 8, [0], true)],
    ['a reset with a larger size', (side: Side) => side.streams.onResetStream(1, 0, 11)],
    ['a reset with a smaller size', (side: Side) => side.streams.onResetStream(1, 0, 9)],
  ])('is settled by FIN: %s is an error', (_what, bring) => {
    const side = new Side();
    expect(side.data(1, 9, [0], true)).toBe(NO_ERROR);
    expect(bring(side)).toBe(FINAL_SIZE_ERROR);
  });

  it.each([
    ['data beyond the end', (side: Side) => side.data(1, 10, [0])],
    ['another end', (side: Side) => side.data(1, 8, [0], true)],
    ['another reset', (side: Side) => side.streams.onResetStream(1, 0, 11)],
  ])('is settled by RESET_STREAM: %s is an error', (_what, bring) => {
    const side = new Side();
    // Ours is not done, so that the stream is still there.
    expect(side.streams.onResetStream(1, 0, 10)).toBe(NO_ERROR);
    expect(bring(side)).toBe(FINAL_SIZE_ERROR);
  });

  it('cannot be below what has come, by FIN or by RESET_STREAM', () => {
    const side = new Side();
    side.data(1, 0, [0, 0, 0]);
    expect(side.data(1, 1, [0], true)).toBe(FINAL_SIZE_ERROR);
    expect(side.streams.onResetStream(1, 0, 2)).toBe(FINAL_SIZE_ERROR);
    expect(side.data(1, 3, [], true)).toBe(NO_ERROR);
  });

  it('may be repeated', () => {
    const side = new Side();
    for (let count = 0; count < 3; count++) {
      expect(side.data(1, 2, [0], true)).toBe(NO_ERROR);
      expect(side.data(1, 3, [], true)).toBe(NO_ERROR);
      expect(side.data(1, 0, [0, 0])).toBe(NO_ERROR);
    }
    expect(side.streams.onResetStream(1, 0, 3)).toBe(NO_ERROR);
  });

  it('holds for a stopped stream, too', () => {
    const side = new Side();
    side.batch(1, 0, [0, 0, 0]);
    side.toldOf(EVENT_STREAM)[0].stop(0);
    expect(side.data(1, 5, [0], true)).toBe(NO_ERROR);
    expect(side.data(1, 6, [0])).toBe(FINAL_SIZE_ERROR);
  });
});

describe('flow control', () => {
  it('takes the last byte of the window of a stream, and not one more', () => {
    expect(new Side({ config: SMALL }).data(1, 0, bytes(1000))).toBe(NO_ERROR);
    expect(new Side({ config: SMALL }).data(1, 0, bytes(1001))).toBe(FLOW_CONTROL_ERROR);
    expect(new Side({ config: SMALL }).data(1, 999, bytes(2))).toBe(FLOW_CONTROL_ERROR);
    expect(new Side({ config: SMALL }).streams.onResetStream(1, 0, 1001)).toBe(FLOW_CONTROL_ERROR);
  });

  it('takes the last byte of the window of the connection, and not one more', () => {
    for (const [offset, code] of [
      [499, NO_ERROR],
      [500, FLOW_CONTROL_ERROR],
    ]) {
      const side = new Side({ config: SMALL });
      // A hole counts as if it were filled.
      expect(side.data(1, 999, bytes(1))).toBe(NO_ERROR);
      expect(side.data(5, offset, bytes(1))).toBe(code);
    }
    const side = new Side({ config: SMALL });
    side.data(1, 0, bytes(1000));
    expect(side.streams.onResetStream(5, 0, 501)).toBe(FLOW_CONTROL_ERROR);
    expect(side.streams.onResetStream(5, 0, 500)).toBe(NO_ERROR);
  });

  it('counts a byte once, however often it comes', () => {
    const side = new Side({ config: SMALL });
    for (let count = 0; count < 10; count++) {
      expect(side.data(1, 0, bytes(1000))).toBe(NO_ERROR);
      expect(side.data(5, 0, bytes(500))).toBe(NO_ERROR);
    }
    expect(side.streams.receivedData).toBe(1500);
  });

  it('counts the kind byte', () => {
    const side = new Side({ config: SMALL });
    expect(side.data(3, 0, bytes(1000))).toBe(NO_ERROR);
    expect(side.data(7, 0, bytes(501))).toBe(FLOW_CONTROL_ERROR);
  });

  it('never lets us send beyond the limits of the peer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 40 }),
        fc.array(
          fc.record({ id: fc.integer({ min: 0, max: 3 }), size: fc.integer({ min: 1, max: 300 }) }),
          {
            maxLength: 40,
          },
        ),
        (raises, writes) => {
          const limits = { maxData: 500, maxStreamDataBidiRemote: 200 };
          const side = new Side({ limits });
          const streams = [0, 1, 2, 3].map(() => side.streams.open(false)!);
          const most = [200, 200, 200, 200];
          let all = 500;
          for (let step = 0; step < Math.max(raises.length, writes.length); step++) {
            const write = writes[step];
            if (write !== undefined) streams[write.id].write(new Uint8Array(write.size));
            const raise = raises[step] ?? 0;
            if (raise % 2 === 0) {
              all = Math.max(all, raise * 5);
              side.streams.onMaxData(raise * 5);
            } else {
              const id = raise % 4;
              most[id] = Math.max(most[id], raise);
              side.streams.onMaxStreamData(4 * id, raise);
            }
            side.writeAll(100);
            const sent = streams.map(({ sending }) => sending!.sent);
            for (const id of [0, 1, 2, 3]) expect(sent[id]).toBeLessThanOrEqual(most[id]);
            const sum = sent.reduce((left, right) => left + right);
            expect(sum).toBe(side.streams.sentData);
            expect(sum).toBeLessThanOrEqual(all);
            // Nor does it hold back without need.
            const wanted = streams.reduce(
              (total, { written }, id) => total + Math.min(written, most[id]),
              0,
            );
            expect(sum).toBe(Math.min(wanted, Math.max(all, sum)));
            expect(side.streams.hasData).toBe(false);
          }
        },
      ),
      { numRuns: 300, seed: 3 },
    );
  });
});

describe('complaints of being blocked', () => {
  it('are made once for each limit of the connection, and repeated when lost', () => {
    const side = new Side({ limits: { maxData: 100 } });
    side.streams.open(false)!.write(bytes(300));
    side.streams.open(false)!.write(bytes(300));
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 0 0+100', 'DATA_BLOCKED 100']);
    side.streams.open(false)!.write(bytes(1));
    expect(side.writeAll()).toEqual([]);
    side.lose(side.sent[1]);
    expect(framesOf(...side.writeAll())).toEqual(['DATA_BLOCKED 100']);
    side.streams.onMaxData(150);
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 0 100+50', 'DATA_BLOCKED 150']);
    side.streams.onMaxData(2000);
    side.writeAll();
    side.lose(side.sent[1]);
    expect(side.writeAll()).toEqual([]);
  });

  it('are made once for each limit of a stream, and repeated when lost', () => {
    const side = new Side({ limits: { maxStreamDataBidiRemote: 100 } });
    const stream = side.streams.open(false)!;
    stream.write(bytes(101));
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 0 0+100', 'STREAM_DATA_BLOCKED 0 100']);
    stream.write(bytes(1));
    expect(side.writeAll()).toEqual([]);
    side.lose(side.sent[1]);
    expect(framesOf(...side.writeAll())).toEqual(['STREAM_DATA_BLOCKED 0 100']);
    side.streams.onMaxStreamData(0, 200);
    expect(framesOf(...side.writeAll())).toEqual(['STREAM 0 100+2']);
    side.lose(side.sent[1]);
    expect(side.writeAll()).toEqual([]);
  });

  it('ask for nothing', () => {
    const side = new Side();
    side.data(1, 0, [0]);
    side.streams.onDataBlocked(0);
    side.streams.onStreamDataBlocked(1, 0);
    side.streams.onStreamsBlocked(true, 0);
    side.settle();
    expect(side.writeAll()).toEqual([]);
  });
});

/** Reads all of stream 1 as it comes, a window each `everyUs`; the windows of stream and connection at the end. */
function readFor(side: Side, rounds: number, everyUs: number): { frames: string[] } {
  const frames: string[] = [];
  let offset = 0;
  let limit = 1000;
  for (let round = 0; round < rounds; round++) {
    side.nowUs += everyUs;
    // As much as it may, in pieces, so that the window is what limits it.
    while (offset < limit) {
      const size = Math.min(limit - offset, 100);
      expect(side.batch(1, offset, patternOf(1, offset, size))).toBe(NO_ERROR);
      offset += size;
      for (const stream of side.toldOf(EVENT_STREAM)) side.streamOfPeer = stream;
      readAll(side.streamOfPeer!);
    }
    for (const line of framesOf(...side.writeAll())) {
      frames.push(line);
      if (line.startsWith('MAX_STREAM_DATA')) limit = Number(line.split(' ')[2]);
    }
  }
  return { frames };
}

describe('credit', () => {
  it('is exactly the initial window for an application that does not read', () => {
    const side = new Side({ config: SMALL });
    for (let round = 0; round < 20; round++) {
      side.nowUs += 10;
      side.batch(1, round * 50, bytes(50));
      side.batch(5, round * 25, bytes(25));
    }
    expect(side.writeAll()).toEqual([]);
    expect(side.batch(1, 1000, bytes(1))).toBe(FLOW_CONTROL_ERROR);
    expect(side.batch(5, 500, bytes(1))).toBe(FLOW_CONTROL_ERROR);
  });

  it('comes back when more than half of the window was read, up to a whole one', () => {
    const side = new Side({ config: { ...SMALL, maxStreamData: 1000, maxConnectionData: 1500 } });
    side.batch(1, 0, bytes(500));
    const [stream] = side.toldOf(EVENT_STREAM);
    stream.read();
    expect(side.writeAll()).toEqual([]);
    side.batch(1, 500, bytes(1));
    stream.read();
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAM_DATA 1 1501']);
    side.batch(1, 501, bytes(250));
    stream.read();
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 2251']);
  });

  it('grows to its largest while a reader takes a window within two round trips', () => {
    const side = new Side({ config: SMALL });
    const { frames } = readFor(side, 40, 500);
    const last = frames.filter((line) => line.startsWith('MAX_STREAM_DATA')).at(-1)!;
    const { receiving } = side.streamOfPeer!;
    expect(Number(last.split(' ')[2]) - receiving!.next).toBe(8000);
    expect(side.streams.counters.receiveWindow).toBe(8000);
  });

  it('stays as it was while a window takes longer than two round trips', () => {
    const side = new Side({ config: SMALL });
    const { frames } = readFor(side, 40, 5000);
    const last = frames.filter((line) => line.startsWith('MAX_STREAM_DATA')).at(-1)!;
    expect(Number(last.split(' ')[2]) - side.streamOfPeer!.receiving!.next).toBe(1000);
    expect(side.streams.counters.receiveWindow).toBe(1500);
  });

  it('of the connection keeps one and a half times the largest window of a stream', () => {
    const config = { ...SMALL, initialConnectionData: 1000, maxConnectionData: 24_000 };
    const side = new Side({ config });
    readFor(side, 40, 500);
    expect(side.streams.counters.receiveWindow).toBeGreaterThanOrEqual(12_000);
  });

  it('that was lost is told again with the newest value', () => {
    const side = new Side({ config: { ...SMALL, maxStreamData: 1000, maxConnectionData: 1500 } });
    side.batch(1, 0, bytes(800));
    const [stream] = side.toldOf(EVENT_STREAM);
    stream.read();
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 2300', 'MAX_STREAM_DATA 1 1800']);
    side.batch(1, 800, bytes(300));
    stream.read();
    expect(side.writeAll()).toEqual([]);
    side.lose(side.sent[0]);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 2600', 'MAX_STREAM_DATA 1 2100']);
  });

  it('of a stream is told no more once its end is known', () => {
    const side = new Side({ config: SMALL });
    side.batch(1, 0, bytes(800));
    const [stream] = side.toldOf(EVENT_STREAM);
    stream.read();
    side.batch(1, 900, bytes(10), true);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 2300']);
    side.lose(side.sent[0]);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_DATA 2300']);
  });

  it('of MAX_STREAMS that was lost is told again with the newest value', () => {
    const side = new Side({ config: { maxStreams: 4 } });
    const end = (id: number): void => {
      side.batch(id, 0, [0], true);
      for (const stream of side.toldOf(EVENT_STREAM)) expect(stream.takeEnd()).toBe(true);
    };
    end(3);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 5']);
    end(7);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 6']);
    side.lose(side.sent[0]);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 6']);
  });

  it('of a stream of the peer waits until the application has seen its end', () => {
    const side = new Side({ config: { maxStreams: 1 } });
    side.batch(3, 0, [0, 1], true);
    const [stream] = side.toldOf(EVENT_STREAM);
    expect(side.writeAll()).toEqual([]);
    stream.read();
    expect(side.writeAll()).toEqual([]);
    expect(stream.takeEnd()).toBe(true);
    expect(framesOf(...side.writeAll())).toEqual(['MAX_STREAMS_UNI 2']);
    expect(side.streams.size).toBe(0);
  });
});
