/**
 * The end of a packet: it is committed, counted, charged and traced.
 *
 * It puts nothing into packets. Called by build.ts and build-paths.ts.
 *
 * Invariant: everybody who limits what is sent hears of each packet: recovery, pacer, window, rate limit, and the limit of
 * amplification of the path that it goes to.
 */

import { ECN_ECT0 } from '../recovery/received-packets.js';
import type { ConnectionState } from './connection-state.js';
import type { PacketBuilder } from './packet-builder.js';

/** A packet that may have to be acknowledged. `isProbe`: its loss is no sign of congestion. Returns the bytes of its datagram. */
export function commitPacket(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
  isProbe: boolean,
): number {
  const { recovery } = state;
  const packetNumber = recovery.nextPacketNumber;
  const isEliciting = builder.isAckEliciting;
  const isMarked = isEliciting && state.ecn.mark && state.paths.target === state.paths.current;
  const byteLength = finishPacket(state, builder, nowUs, isMarked ? ECN_ECT0 : 0, isProbe);
  if (state.isAckInPacket) {
    state.isAckInPacket = false;
    state.ackPolicy.onAckSent(isEliciting);
  }
  state.bucket.take(byteLength);
  if (isEliciting) onElicitingSent(state, nowUs, 1, byteLength, packetNumber, isMarked);
  return byteLength;
}

/** Ack-eliciting packets of `byteLength` each were committed, the last of them as `largestSent`. */
export function onElicitingSent(
  state: ConnectionState,
  nowUs: number,
  packets: number,
  byteLength: number,
  largestSent: number,
  isMarked: boolean,
): void {
  if (isMarked) state.ecn.onSent(packets);
  state.pacer.onSent(packets * byteLength);
  state.congestion.onSent(nowUs, byteLength, state.recovery.bytesInFlight, largestSent);
  // RFC 9000 section 10.1: the first ack-eliciting packet after one that came.
  if (!state.hasSentSinceReceived) state.restartIdle(nowUs);
  state.hasSentSinceReceived = true;
}

/** Ends the packet, counts and traces it. Returns the bytes of its datagram. */
export function finishPacket(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
  mark: number,
  isProbe: boolean,
): number {
  const { counts, tracer } = state;
  const packetNumber = state.recovery.nextPacketNumber;
  const end = builder.at;
  const byteLength = builder.finish(nowUs, mark, isProbe);
  counts.packetsSent++;
  counts.bytesSent += byteLength;
  state.paths.target.onSent(byteLength);
  tracer?.packetSent(nowUs, packetNumber, byteLength, builder.bytes, builder.payloadAt, end);
  return byteLength;
}
