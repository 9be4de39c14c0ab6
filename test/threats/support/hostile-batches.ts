/**
 * Batches as full as one receive call makes them, of a peer that wants to keep the event loop busy: each kind of frame, as
 * small and as many as fit, in as large or as many packets as fit.
 *
 * It judges nothing. Used by test/threats/full-batches.test.ts, which counts, and bench/stress/hostile-turns.ts, which
 * takes the time; raw-crowd.ts sends the same from several connections at once. Invariant: what a batch is made of is a sequence of frames that a parser accepts.
 */

import { RECEIVE_MESSAGES, RECEIVE_ROWS, RECEIVE_STRIDE } from '../../../lib/batch/layout.js';
import * as types from '../../../lib/core/wire/frame-types.js';
import { ack, frame, newId, path, repeated, stream } from './frames.js';
import { RawPeer } from './raw-peer.js';

/** Frames of one packet. The kernel gives no more in one message. */
export const PAYLOAD_BYTES = 65_000;
/** What a batch holds at most: so many messages, of so many bytes, cut into so many rows. */
const ROOM = { rows: RECEIVE_ROWS, slabBytes: RECEIVE_MESSAGES * RECEIVE_STRIDE };
const ONE = Uint8Array.of(1);

export interface HostileBatch {
  readonly name: string;
  /** A victim, and what it gets: sealed datagrams for `RawPeer.deliver`. */
  readonly make: () => { readonly peer: RawPeer; readonly datagrams: readonly Uint8Array[] };
}

/** `datagramsOf` seals what a victim gets that `prepare` has made ready. */
function batch(
  name: string,
  datagramsOf: (peer: RawPeer) => readonly Uint8Array[],
  prepare?: (peer: RawPeer) => void,
): HostileBatch {
  return {
    name,
    make() {
      const peer = new RawPeer({}, ROOM);
      prepare?.(peer);
      return { peer, datagrams: datagramsOf(peer) };
    },
  };
}

/** Which frame comes at which place. */
type FrameAt = (at: number) => Uint8Array;

/** Payloads for as many packets as a batch has room for, full of these frames. */
export function payloadsOf(frameAt: FrameAt): Uint8Array[] {
  let next = 0;
  return Array.from({ length: RECEIVE_MESSAGES }, () => {
    const payload = new Uint8Array(PAYLOAD_BYTES);
    let used = 0;
    for (let bytes = frameAt(next); used + bytes.length <= PAYLOAD_BYTES; bytes = frameAt(next)) {
      payload.set(bytes, used);
      used += bytes.length;
      next++;
    }
    return payload.subarray(0, used);
  });
}

/** As many of these frames as a batch has room for. */
function full(name: string, frameAt: FrameAt, prepare?: (peer: RawPeer) => void): HostileBatch {
  return batch(name, (peer) => payloadsOf(frameAt).map((bytes) => peer.seal(bytes)), prepare);
}

/** Rows instead of bytes: trains of the smallest packets. */
function rows(
  name: string,
  payload: (peer: RawPeer) => Uint8Array,
  prepare?: (peer: RawPeer) => void,
): HostileBatch {
  const datagramsOf = (peer: RawPeer): Uint8Array[] => {
    const bytes = payload(peer);
    return Array.from({ length: RECEIVE_ROWS }, () => peer.seal(bytes));
  };
  return batch(name, datagramsOf, prepare);
}

/** The victim has sent so many packets, and nothing is acknowledged but the last ones, if anything. */
function outstanding(peer: RawPeer): void {
  for (let turn = 0; turn < 2000; turn++) {
    for (let sent = 0; sent < 8; sent++) peer.connection.sendDatagram(ONE);
    peer.turn();
    const largest = peer.largestHeard;
    if (turn % 4 === 0) peer.send(ack([[largest, largest]]));
    peer.nowUs += 100;
  }
}

const largestOf = (peer: RawPeer): number => peer.largestHeard;

/** Every second number: as many ranges as a frame may have. */
function manyRanges(largest: number): Uint8Array {
  const ranges = Array.from(
    { length: 256 },
    (_, at) => [largest - 2 * at, largest - 2 * at] as const,
  );
  return ack(ranges.filter(([smallest]) => smallest >= 0));
}

let ackOf: Uint8Array = new Uint8Array(0);

export interface FrameKind {
  readonly name: string;
  readonly frameAt: FrameAt;
}

const kind = (name: string, frameAt: FrameAt): FrameKind => ({ name, frameAt });

/** Those that any peer can send at once. */
export const FRAME_KINDS: readonly FrameKind[] = [
  kind('PING', () => frame(types.FRAME_PING)),
  kind('the same byte of a stream', () => stream(0, 0, ONE)),
  kind('a byte of each of 1,000 streams', (at) => stream(4 * (at % 1000), 0, ONE)),
  kind('every second byte of a stream', (at) => stream(0, 2 + 2 * (at % 900), ONE)),
  kind('every second byte, from behind', (at) => stream(0, 2 + 2 * (900 - (at % 900)), ONE)),
  kind('every second byte of 100 streams, in any order', (at) =>
    stream(4 * (at % 100), 2 + 2 * ((at * 7919) % 40), ONE),
  ),
  kind('empty datagrams', () => frame(types.FRAME_DATAGRAM | 1, 0)),
  kind('messages of no byte', (at) => stream(2 + 4 * (at % 1000), 0, ONE, true)),
  kind('streams that are reset', (at) => frame(types.FRAME_RESET_STREAM, 4 * (at % 1000), 0, 0)),
  kind('streams that are stopped', (at) => frame(types.FRAME_STOP_SENDING, 4 * (at % 1000), 0)),
  kind('MAX_DATA, one more each time', (at) => frame(types.FRAME_MAX_DATA, 2_000_000 + at)),
  kind('MAX_STREAM_DATA, one more each time', (at) =>
    frame(types.FRAME_MAX_STREAM_DATA, 0, 2_000_000 + at),
  ),
  kind('PATH_CHALLENGE', (at) => path(types.FRAME_PATH_CHALLENGE, at + 0.5)),
  kind('PATH_RESPONSE', (at) => path(types.FRAME_PATH_RESPONSE, at + 0.5)),
];

export const HOSTILE_BATCHES: readonly HostileBatch[] = [
  ...FRAME_KINDS.map(({ name, frameAt }) => full(name, frameAt)),
  full(
    'NEW_CONNECTION_ID of an id that is retired',
    () => newId(1, 0),
    (peer) => peer.send(newId(4, 4)),
  ),
  full('RETIRE_CONNECTION_ID, the same', () => frame(types.FRAME_RETIRE_CONNECTION_ID, 0)),
  full(
    'ACK of many packets',
    () => ackOf,
    (peer) => {
      outstanding(peer);
      ackOf = ack([[largestOf(peer), largestOf(peer)]]);
    },
  ),
  full(
    'ACK of 256 ranges',
    () => ackOf,
    (peer) => {
      outstanding(peer);
      ackOf = manyRanges(largestOf(peer));
    },
  ),
  rows('packets of a PING', () => frame(types.FRAME_PING)),
  rows('packets of a byte', () => stream(0, 0, ONE)),
  rows('packets of PADDING', () => repeated(Uint8Array.of(0), 4)),
];
