/** Which frame may say what of which stream (RFC 9000 sections 2, 3, 19.4 to 19.13), every combination. */

import { describe, expect, it } from 'vitest';
import {
  NO_ERROR,
  STREAM_LIMIT_ERROR,
  STREAM_STATE_ERROR,
} from '../../../../lib/core/error-codes.js';
import { Side } from './harness.js';

type Half = 'receiving' | 'sending';

/** Each frame that names a stream: the half of ours that it is about, and how it comes in. */
const FRAMES: Record<string, { half: Half; bring: (side: Side, id: number) => number }> = {
  STREAM: { half: 'receiving', bring: (side, id) => side.data(id, 0, [0]) },
  'STREAM with FIN': { half: 'receiving', bring: (side, id) => side.data(id, 1, [0, 0], true) },
  'empty STREAM': { half: 'receiving', bring: (side, id) => side.data(id, 0, []) },
  RESET_STREAM: { half: 'receiving', bring: ({ streams }, id) => streams.onResetStream(id, 7, 3) },
  STREAM_DATA_BLOCKED: {
    half: 'receiving',
    bring: ({ streams }, id) => streams.onStreamDataBlocked(id, 0),
  },
  STOP_SENDING: { half: 'sending', bring: ({ streams }, id) => streams.onStopSending(id, 7) },
  MAX_STREAM_DATA: {
    half: 'sending',
    bring: ({ streams }, id) => streams.onMaxStreamData(id, 2 ** 41),
  },
};

/** Two streams of each kind are allowed to either side. */
const ALLOWED = 2;

function idOf(isOurs: boolean, isInitiator: boolean, isUni: boolean, number: number): number {
  return 4 * number + (isUni ? 2 : 0) + (isOurs === isInitiator ? 0 : 1);
}

interface Target {
  readonly what: string;
  readonly isOurs: boolean;
  readonly number: number;
  /** How many streams of ours are opened before. */
  readonly opened: number;
}

const TARGETS: readonly Target[] = [
  { what: 'ours, open', isOurs: true, number: 0, opened: 1 },
  { what: 'ours, never opened', isOurs: true, number: 1, opened: 1 },
  { what: 'ours, opened beyond MAX_STREAMS', isOurs: true, number: ALLOWED, opened: ALLOWED + 1 },
  { what: "the peer's, next", isOurs: false, number: 0, opened: 0 },
  { what: "the peer's, last one allowed", isOurs: false, number: ALLOWED - 1, opened: 0 },
  { what: "the peer's, first beyond MAX_STREAMS", isOurs: false, number: ALLOWED, opened: 0 },
];

function expected(target: Target, isUni: boolean, half: Half): number {
  const { isOurs, number, opened } = target;
  if (isUni && isOurs !== (half === 'sending')) return STREAM_STATE_ERROR;
  if (isOurs) return number < opened && number < ALLOWED ? NO_ERROR : STREAM_STATE_ERROR;
  return number < ALLOWED ? NO_ERROR : STREAM_LIMIT_ERROR;
}

function sideWith(isInitiator: boolean, isUni: boolean, opened: number): Side {
  const limits = { maxStreamsBidi: ALLOWED, maxStreamsUni: ALLOWED };
  const side = new Side({ isInitiator, config: { maxStreams: ALLOWED }, limits });
  for (let count = 0; count < opened; count++) side.streams.open(isUni)!.write(Uint8Array.of(1));
  return side;
}

describe('a frame of a stream in no state yet', () => {
  for (const isInitiator of [true, false]) {
    for (const isUni of [true, false]) {
      for (const target of TARGETS) {
        for (const [name, { half, bring }] of Object.entries(FRAMES)) {
          const us = isInitiator ? 'initiator' : 'responder';
          const kind = isUni ? 'unidirectional' : 'bidirectional';
          const code = expected(target, isUni, half);
          it(`${name} at the ${us}, ${kind}, ${target.what}: 0x${code.toString(16)}`, () => {
            const side = sideWith(isInitiator, isUni, target.opened);
            const id = idOf(target.isOurs, isInitiator, isUni, target.number);
            expect(bring(side, id)).toBe(code);
          });
        }
      }
    }
  }
});

/** Ways to bring the sending half of a bidirectional stream of ours (id 0, 3 bytes) into a state. */
const SENDING: Record<string, (side: Side) => void> = {
  ready: () => {},
  sent: (side) => {
    side.writeAll();
  },
  'end sent': (side) => {
    streamOf(side).finish();
    side.writeAll();
  },
  'end acknowledged': (side) => {
    streamOf(side).finish();
    for (const space of side.writeAll()) side.ack(space);
  },
  'reset by us': (side) => {
    streamOf(side).reset(1);
    side.writeAll();
  },
  'reset acknowledged': (side) => {
    streamOf(side).reset(1);
    for (const space of side.writeAll()) side.ack(space);
  },
};

/** The same for its receiving half, which ends at 3 where it ends. */
const RECEIVING: Record<string, (side: Side) => void> = {
  nothing: () => {},
  'some data': (side) => {
    side.batch(0, 0, [0]);
  },
  'a hole': (side) => {
    side.batch(0, 1, [0]);
  },
  'size known': (side) => {
    side.batch(0, 2, [0], true);
  },
  'all there': (side) => {
    side.batch(0, 0, [0, 0, 0], true);
  },
  'all read': (side) => {
    side.batch(0, 0, [0, 0, 0], true);
    streamOf(side).read();
    expect(streamOf(side).takeEnd()).toBe(true);
  },
  'reset by the peer': (side) => {
    side.streams.onResetStream(0, 1, 3);
  },
  stopped: (side) => {
    streamOf(side).stop(1);
  },
  'stopped, size known': (side) => {
    side.batch(0, 2, [0], true);
    streamOf(side).stop(1);
  },
};

const opened = new WeakMap<Side, ReturnType<Side['streams']['open']>>();

function streamOf(side: Side): NonNullable<ReturnType<Side['streams']['open']>> {
  return opened.get(side)!;
}

function sideIn(sending: string, receiving: string): Side {
  const side = new Side();
  const stream = side.streams.open(false)!;
  opened.set(side, stream);
  stream.write(Uint8Array.of(1, 2, 3));
  side.write();
  SENDING[sending](side);
  RECEIVING[receiving](side);
  return side;
}

describe('an honest frame, late or repeated, is no error', () => {
  for (const sending of Object.keys(SENDING)) {
    for (const receiving of Object.keys(RECEIVING)) {
      it(`sending: ${sending}; receiving: ${receiving}`, () => {
        for (const { bring } of Object.values(FRAMES)) {
          const side = sideIn(sending, receiving);
          expect(bring(side, 0)).toBe(NO_ERROR);
          side.settle();
          expect(bring(side, 0)).toBe(NO_ERROR);
          side.settle();
        }
        // And all of them on one stream, in both orders.
        for (const frames of [Object.values(FRAMES), Object.values(FRAMES).reverse()]) {
          const side = sideIn(sending, receiving);
          for (const { bring } of frames) expect(bring(side, 0)).toBe(NO_ERROR);
        }
      });
    }
  }
});

describe('news of frames of ours, of each that was sent and in any order', () => {
  for (const sending of Object.keys(SENDING)) {
    for (const receiving of Object.keys(RECEIVING)) {
      it(`does no harm: sending: ${sending}; receiving: ${receiving}`, () => {
        const side = sideIn(sending, receiving);
        const { streams } = side;
        side.writeAll();
        const sent = [...side.sent];
        for (const space of sent) side.lose(space);
        const again = side.writeAll();
        for (const space of [...again, ...sent].reverse()) side.ack(space);
        for (const space of [...sent, ...again]) side.lose(space);
        side.settle();
        side.writeAll();
        for (const space of side.sent) side.ack(space);
        side.settle();
        expect(streams.hasData).toBe(false);
        expect(streams.hasControl).toBe(false);
        expect(side.isDrained).toBe(true);
      });
    }
  }
});
