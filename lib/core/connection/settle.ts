/**
 * Stage 4: what an acknowledgement, or its absence, means for window, pacer, keys and path MTU.
 *
 * Recovery knows which packets are acknowledged and lost; here everybody else hears of it. Called by consume.ts for each
 * ACK frame and by timers.ts for losses that a timer finds.
 *
 * Invariant: of one ACK the losses reach the controller before the gains (docs/congestion-control.md), and both before
 * the next packet is built.
 */

import { KEY_UPDATE_ERROR, NO_ERROR } from '../error-codes.js';
import { EVENT_PATH_MTU } from '../event-ring.js';
import type { FrameReader } from '../wire/frame-reader.js';
import type { ConnectionState } from './connection-state.js';
import { setRtt } from './path-measures.js';

/** Header and tag of a packet. */
const PACKET_OVERHEAD_BYTES = 29;
/** Persistent congestion lasts for so many timeouts (R15): only then does all of it lie behind a change of path. */
const PERSISTENT_PTOS = 3;

/** An ACK frame, as the reader has it. Returns 0 or an error code; then nothing has changed. */
export function onAckFrame(
  state: ConnectionState,
  reader: FrameReader,
  hasCounts: boolean,
  delayUs: number,
  byPreviousKey: boolean,
  nowUs: number,
): number {
  const { recovery, keys, congestion } = state;
  const error = recovery.onAck(reader.ranges, reader.rangeCount, delayUs, nowUs, state.owners);
  if (error !== NO_ERROR) return error;
  keys.onAcknowledged(reader.largest, byPreviousKey);
  if (keys.mustClose === 'keyUpdate') return KEY_UPDATE_ERROR;
  onEcnCounts(state, reader, hasCounts, nowUs);
  if (recovery.revivedPackets > 0) congestion.onSpuriousLoss(nowUs, recovery);
  onLosses(state, nowUs);
  const ackedBytes = ackedOnPath(state);
  if (ackedBytes > 0) {
    congestion.onAck(
      nowUs,
      ackedBytes,
      recovery.largestAckedSentUs,
      recovery.largestAcked,
      recovery.rtt,
      recovery.bytesInFlight,
      state.isWindowLimited,
    );
  }
  if (recovery.ackedPackets > 0) state.pathMtu.onPacketAcked(recovery.largestAckedBytes);
  onProbes(state, nowUs);
  afterChange(state, nowUs);
  return NO_ERROR;
}

/**
 * Bytes newly acknowledged that say something of the current path (M9): none when all were sent on another one. Then the
 * sample of the round trip time is that of the other one, too, and is taken back.
 */
function ackedOnPath(state: ConnectionState): number {
  const { recovery, paths, counts } = state;
  const { ackedBytes, largestAckedNumber } = recovery;
  if (paths.rttBefore === undefined || ackedBytes === 0) return ackedBytes;
  if (largestAckedNumber < paths.measuredFrom) {
    setRtt(recovery.rtt, paths.rttBefore);
    return 0;
  }
  return Math.min(ackedBytes, counts.bytesSent - paths.sentBefore);
}

/** Losses that recovery has just found, by an ACK or by its timer. */
export function onLosses(state: ConnectionState, nowUs: number): void {
  const { recovery, counts } = state;
  const { lostFrom, switchedUs } = state.paths;
  const isElsewhere = recovery.lostPackets > 0 && recovery.largestLostNumber < lostFrom;
  if (recovery.lostEct > 0 && !isElsewhere) state.ecn.onLost(recovery.lostEct);
  if (recovery.lostPackets === 0) return;
  counts.lossEvents++;
  // What was sent to another address is no congestion on the way to this one (M9).
  if (isElsewhere) return;
  const isWithinPath = recovery.largestLostSentUs - switchedUs > PERSISTENT_PTOS * state.ptoUs;
  state.congestion.onLoss(
    nowUs,
    recovery.lostBytes,
    recovery.largestLostSentUs,
    recovery.isPersistentCongestion && isWithinPath,
    recovery.bytesInFlight,
  );
  state.pathMtu.onPacketsLost(recovery.smallestLostBytes, recovery.largestLostBytes, nowUs);
}

/** Path MTU probes that recovery has just settled; they are no congestion (RFC 8899 section 3). */
export function onProbes(state: ConnectionState, nowUs: number): void {
  const { recovery, pathMtu, mtuProbeNumber } = state;
  if (mtuProbeNumber < 0) return;
  const { probeAcked, probeLost, oldestUnacked } = recovery;
  // Packets that ask on paths are probes, too: of several that are settled at once only the newest is named.
  const isSettled = oldestUnacked > mtuProbeNumber || probeAcked === mtuProbeNumber;
  if (!isSettled && probeLost !== mtuProbeNumber) return;
  state.mtuProbeBytes = 0;
  state.mtuProbeNumber = -1;
  if (probeAcked === mtuProbeNumber) pathMtu.onProbeAcked(mtuProbeNumber, nowUs);
  else pathMtu.onProbeLost(mtuProbeNumber, nowUs);
}

/** The path MTU, the window or the round trip time may have moved: whoever depends on them is told. */
export function afterChange(state: ConnectionState, nowUs: number): void {
  const { pathMtu, congestion, pacer, recovery } = state;
  if (pathMtu.current !== state.datagramBytes) {
    state.datagramBytes = pathMtu.current;
    congestion.onDatagramSize(pathMtu.current);
    pacer.onDatagramSize(pathMtu.current);
    state.datagrams.setPacketRoom(pathMtu.current - PACKET_OVERHEAD_BYTES);
    state.events.push(EVENT_PATH_MTU, state, state, pathMtu.current);
  }
  const { rtt } = recovery;
  // The path itself decides, not the queue that we build on it: a short one is clocked by its ACKs alone (P2).
  const isPaceable = rtt.hasSample && rtt.minUs >= 2 * state.config.timerGranularityUs;
  const { windowBytes, isSlowStart, pacingRate } = congestion;
  pacer.update(nowUs, windowBytes, rtt.smoothedUs, isPaceable, isSlowStart, pacingRate);
}

function onEcnCounts(
  state: ConnectionState,
  reader: FrameReader,
  hasCounts: boolean,
  nowUs: number,
): void {
  const { ecn, recovery, paths } = state;
  const marks = ecn.onAck(
    recovery.isLargestRaised,
    recovery.ackedEct,
    hasCounts,
    reader.ect0,
    reader.ect1,
    reader.ce,
    recovery.largestAcked >= paths.measuredFrom,
  );
  if (marks > 0) state.congestion.onCongestionMark(nowUs, recovery.largestAckedSentUs);
}
