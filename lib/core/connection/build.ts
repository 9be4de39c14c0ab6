/**
 * Stages 6 and 7 for one connection: fills packets into the batch, as many as window, pacer, rate limit and room allow.
 *
 * What goes into a packet, in this order: acknowledgement, control frames, unreliable datagrams, stream data. Called by
 * `connection.ts`; sealing is the endpoint's.
 *
 * Invariants: only acknowledgements, probes and CONNECTION_CLOSE pass the window; packets of bulk data have one size, so
 * that they form a train.
 */

import { BASE_DATAGRAM_BYTES } from '../config.js';
import { FRAME_PING } from '../wire/frame-types.js';
import { ackBytes, closeBytes, writeAck, writeClose } from '../wire/frame-writer.js';
import { SENT_ACK, SENT_PING } from '../wire/sent-kinds.js';
import { buildPathPackets } from './build-paths.js';
import { buildRun } from './build-run.js';
import { commitPacket, finishPacket } from './commit-packet.js';
import type { ConnectionState } from './connection-state.js';
import type { PacketBuilder } from './packet-builder.js';

/** A packet of header, tag and a PING has 30 bytes; with these it has 46. */
const PING_PADDING_BYTES = 16;
/** What a CONNECTION_CLOSE needs besides itself: header, tag, and room for an acknowledgement of one range. */
const CLOSE_LEAST_BYTES = 29 + 64;

/**
 * Builds packets of up to about `quantumBytes`. True when the connection could send more at once (batch or quantum was
 * the limit); false when it has nothing more, or waits for window, pacer or rate limit.
 */
export function build(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
  quantumBytes: number,
): boolean {
  state.sendDeadlineUs = Number.POSITIVE_INFINITY;
  builder.openConnection(state, state.recovery);
  // Its keys are about to go: what would be built could not be sealed.
  if (state.phase === 'closed') return false;
  if (state.phase !== 'open') return buildClose(state, builder, nowUs);
  state.keys.updateWhenDue(state.recovery.nextPacketNumber);
  const { paths, recovery } = state;
  const isAsking = paths.hasPending && !recovery.isFull;
  const hasWaiting = isAsking && buildPathPackets(state, builder, nowUs);
  sendProbes(state, builder, nowUs);
  // So much is unsettled that the peer has to say something first; the probes see to it.
  if (recovery.isFull) return false;
  const more = fill(state, builder, nowUs, quantumBytes);
  // Behind the packets of the turn, whoever has the next one: who always has more to send has to find the size, too.
  sendMtuProbe(state, builder, nowUs);
  return more || hasWaiting;
}

/** The packets of a probe timeout: new or lost data if there is any, else a PING (RFC 9002 section 6.2.4). */
function sendProbes(state: ConnectionState, builder: PacketBuilder, nowUs: number): void {
  if (state.probesPending === 0) return;
  // Nothing new to say: what waits longest for its acknowledgement is said again.
  if (!state.hasPayload) state.recovery.requeueOldest(state.probesPending, state.owners);
  // A path that lost everything may have lost its size.
  const fullBytes = Math.min(state.datagramBytes, BASE_DATAGRAM_BYTES);
  while (state.probesPending > 0 && builder.hasRoom(fullBytes)) {
    const datagramBytes = state.paths.current.room(fullBytes);
    if (datagramBytes === 0) return;
    state.probesPending--;
    state.isPingPending ||= !state.hasPayload;
    packet(state, builder, nowUs, datagramBytes, true);
  }
}

/** Packets of the path's size within the limits. Returns what `build` returns. */
function fill(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
  quantumBytes: number,
): boolean {
  const { recovery, pacer, bucket } = state;
  const path = state.paths.current;
  let { datagramBytes } = state;
  const windowBytes = state.congestion.windowBytes;
  const isPaced = !pacer.isOff;
  const isSilent = recovery.bytesInFlight === 0;
  let allowance = Math.min(pacer.budgetBytes(nowUs, isSilent), bucket.takeable(nowUs));
  // What is begun with credit is finished as a train, on credit.
  if (allowance > 0 && isPaced) allowance += Math.max(pacer.trainBytes - datagramBytes, 0);
  let sent = 0;
  while (builder.hasRoom(datagramBytes)) {
    // The limit of amplification (M3): more comes with the next packet from there.
    if (!path.isValidated) datagramBytes = path.room(datagramBytes);
    if (datagramBytes === 0) return false;
    if (!state.hasPayload) {
      if (state.ackPolicy.onTimer(nowUs)) packet(state, builder, nowUs, datagramBytes, false);
      state.isWindowLimited = false;
      if (allowance > 0 && recovery.bytesInFlight + datagramBytes <= windowBytes) {
        recovery.markAppLimited();
      }
      return false;
    }
    const flight = recovery.bytesInFlight - state.mtuProbeBytes;
    const isWindowFull = flight > 0 && flight + datagramBytes > windowBytes;
    if (isWindowFull || recovery.isFull || allowance <= 0) {
      if (!recovery.isFull && state.ackPolicy.onTimer(nowUs)) {
        packet(state, builder, nowUs, datagramBytes, false);
      }
      waitFor(state, nowUs, isWindowFull || recovery.isFull);
      return false;
    }
    if (sent >= quantumBytes) break;
    const limit = Math.min(allowance, quantumBytes - sent);
    const most = Math.min(
      Math.ceil(limit / datagramBytes),
      Math.floor((windowBytes - flight) / datagramBytes),
    );
    const run = buildRun(state, builder, nowUs, datagramBytes, most);
    const byteLength =
      run > 0 ? run * datagramBytes : packet(state, builder, nowUs, datagramBytes, true);
    if (byteLength === 0) return false;
    sent += byteLength;
    allowance -= byteLength;
  }
  // The turn or the batch was the limit.
  if (sent > 0) state.isWindowLimited = false;
  return state.hasPayload;
}

/** What the connection waits for: acknowledgements, or time. */
function waitFor(state: ConnectionState, nowUs: number, isWindowFull: boolean): void {
  if (isWindowFull) {
    state.isWindowLimited = true;
    return;
  }
  const { pacer, bucket } = state;
  // A rate limit leaves the window unused; the pacer only spreads it (RFC 9002 section 7.8).
  if (bucket.takeable(nowUs) <= 0) state.isWindowLimited = false;
  state.sendDeadlineUs = Math.max(pacer.nextUs(nowUs), bucket.nextUs(nowUs));
}

/**
 * One packet of at most that size. `withPayload`: besides an acknowledgement. Returns the bytes of its datagram, 0 when
 * there was nothing to put into it.
 */
function packet(
  state: ConnectionState,
  builder: PacketBuilder,
  nowUs: number,
  datagramBytes: number,
  withPayload: boolean,
): number {
  builder.begin(datagramBytes);
  if (state.ackPolicy.isPending) addAck(state, builder, nowUs);
  if (withPayload) addPayload(state, builder);
  else if (state.ackPolicy.wantsPing) addPing(state, builder);
  if (builder.isEmpty) {
    builder.abandon();
    return 0;
  }
  return commitPacket(state, builder, nowUs, false);
}

function addPayload(state: ConnectionState, builder: PacketBuilder): void {
  const { streams, datagrams, localIds, remoteIds } = state;
  if (state.isPingPending) addPing(state, builder);
  if (localIds.hasPending) localIds.write(builder);
  if (remoteIds.hasPending) remoteIds.write(builder);
  if (streams.hasControl) streams.writeControl(builder);
  if (datagrams.hasData) datagrams.write(builder);
  streams.writeStreams(builder);
}

function addPing(state: ConnectionState, builder: PacketBuilder): void {
  state.isPingPending = false;
  const { bytes, at } = builder;
  bytes[at] = FRAME_PING;
  // PADDING: a packet that wants an answer is long enough for a stateless reset (Z3).
  const end = Math.min(at + 1 + PING_PADDING_BYTES, builder.end);
  bytes.fill(0, at + 1, end);
  builder.at = end;
  builder.record(SENT_PING, 0, 0, 0);
}

function addAck(state: ConnectionState, builder: PacketBuilder, nowUs: number): void {
  const { received } = state;
  const { ranges } = received;
  const delay = received.delayField(nowUs);
  const { hasEcn, ect0, ect1, ce } = received;
  let count = received.rangeCount;
  const room = builder.end - builder.at;
  while (count > 1 && ackBytes(ranges, count, delay, hasEcn, ect0, ect1, ce) > room) count >>= 1;
  builder.at = writeAck(builder.bytes, builder.at, ranges, count, delay, hasEcn, ect0, ect1, ce);
  builder.recordSilent(SENT_ACK, 0, received.largest, 0);
  state.isAckInPacket = true;
  state.counts.acksSent++;
}

function sendMtuProbe(state: ConnectionState, builder: PacketBuilder, nowUs: number): void {
  if (!state.mayProbeMtu) return;
  const probeBytes = state.pathMtu.probeBytes(nowUs);
  if (probeBytes === 0 || !builder.hasRoom(probeBytes)) return;
  const { nextPacketNumber } = state.recovery;
  builder.begin(probeBytes);
  builder.bytes[builder.at++] = FRAME_PING;
  // PADDING to the end.
  builder.bytes.fill(0, builder.at, builder.end);
  builder.at = builder.end;
  builder.record(SENT_PING, 0, 0, 0);
  commitPacket(state, builder, nowUs, true);
  state.pathMtu.onProbeSent(nextPacketNumber, probeBytes);
  state.mtuProbeBytes = probeBytes;
  state.mtuProbeNumber = nextPacketNumber;
}

/** CONNECTION_CLOSE, with nothing but an acknowledgement in front of it. Never more than one at a time, so never more to send. */
function buildClose(state: ConnectionState, builder: PacketBuilder, nowUs: number): false {
  const { closeType, closeCode, closeFrameType, closeReason } = state;
  const byteLength = closeBytes(closeType, closeCode, closeFrameType, closeReason.length);
  if (!state.isClosePending || !builder.hasRoom(BASE_DATAGRAM_BYTES)) return false;
  const datagramBytes = state.paths.current.room(BASE_DATAGRAM_BYTES);
  // The limit of amplification: the next packet from there asks again.
  if (datagramBytes < byteLength + CLOSE_LEAST_BYTES) return false;
  state.isClosePending = false;
  builder.begin(datagramBytes);
  // What has come is acknowledged with it: the peer shall know what it need not regret.
  builder.end -= byteLength;
  if (state.ackPolicy.isPending) addAck(state, builder, nowUs);
  builder.end += byteLength;
  state.isAckInPacket = false;
  builder.at = writeClose(
    builder.bytes,
    builder.at,
    closeType,
    closeCode,
    closeFrameType,
    closeReason,
  );
  finishPacket(state, builder, nowUs, 0, false);
  return false;
}
