/**
 * Bulk: as many packets at once as hold nothing but the next bytes of one stream.
 *
 * Everything that `build.ts` asks before each packet is asked once, and what each is told of is told once of all; the
 * packets are those that it would have built one by one. Called by build.ts, which knows how many the limits allow.
 *
 * Invariant: with and without this file the same bytes are sent, and every counter ends the same.
 */

import { PACKET_HEADER_BYTES, PACKET_TAG_BYTES } from '../../batch/layout.js';
import { ECN_ECT0 } from '../recovery/received-packets.js';
import { onElicitingSent } from './commit-packet.js';
import type { ConnectionState } from './connection-state.js';
import type { PacketBuilder } from './packet-builder.js';

/** Fewer are built one by one. */
const RUN_MIN = 2;

/** Builds up to `most` packets of `datagramBytes`; returns how many, 0 when the next is not one of a run. */
export function buildRun(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
  datagramBytes: number,
  most: number,
): number {
  if (most < RUN_MIN || !isBulk(state)) return 0;
  const { recovery, streams } = state;
  const { run } = builder;
  const room = Math.min(most, builder.roomFor(datagramBytes), recovery.runMost);
  if (room < RUN_MIN) return 0;
  const payloadBytes = datagramBytes - PACKET_HEADER_BYTES - PACKET_TAG_BYTES;
  const stream = streams.planRun(run, payloadBytes, room);
  if (stream === undefined) return 0;
  const { count } = run;
  const isMarked = state.ecn.mark;
  const largestSent = recovery.nextPacketNumber + count - 1;
  builder.addRun(datagramBytes, isMarked ? ECN_ECT0 : 0);
  recovery.commitRun(run, nowUs, datagramBytes, isMarked);
  streams.takeRun(run, stream);
  const bytes = count * datagramBytes;
  state.counts.packetsSent += count;
  state.counts.bytesSent += bytes;
  state.bucket.take(bytes);
  onElicitingSent(state, nowUs, count, datagramBytes, largestSent, isMarked);
  return count;
}

/** Whether nothing but streams has anything to say, and nobody wants to hear of single packets. */
function isBulk(state: ConnectionState): boolean {
  const { paths, recovery, ecn } = state;
  return (
    // What is sent after a silence is something special to some.
    recovery.bytesInFlight > state.mtuProbeBytes &&
    state.tracer === undefined &&
    !state.ackPolicy.isPending &&
    !state.isPingPending &&
    !state.localIds.hasPending &&
    !state.remoteIds.hasPending &&
    !state.streams.hasControl &&
    !state.datagrams.hasData &&
    paths.target === paths.current &&
    paths.current.isValidated &&
    // The tenth marked packet is the last: until the peer has told of them.
    ecn.state !== 'testing'
  );
}
