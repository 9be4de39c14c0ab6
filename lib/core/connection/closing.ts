/**
 * The end of a connection: from 'open' to 'closing' or 'draining', and what is still said then (RFC 9000 section 10.2).
 *
 * Called by the passes that find a reason to end, and by the application through `connection.ts`.
 *
 * Invariant: of a connection that the application knows, EVENT_CLOSED is pushed exactly once, and after it no other event.
 */

import { EVENT_CLOSED } from '../event-ring.js';
import { FRAME_CONNECTION_CLOSE, FRAME_CONNECTION_CLOSE_APPLICATION } from '../wire/frame-types.js';
import { type CloseInfo, closeInfo, encodeReason } from './close-info.js';
import type { ConnectionState } from './connection-state.js';

/**
 * A close in good order waits for what was written as long as some of it is acknowledged at least that often: a peer that
 * reads nothing, or is not there, must not keep the connection open.
 */
export const FINISH_GRACE_US = 3_000_000;
/** On a slow path: no sooner than after so many probe timeouts. */
const FINISH_GRACE_PTOS = 3;
/** The closing and the draining period last that many probe timeouts. */
const CLOSING_PTOS = 3;

/**
 * Whether a close in good order has waited for long enough: all is delivered, or nothing moves any more. Every step of
 * progress moves `finishDeadlineUs`.
 */
export function mayFinish(state: ConnectionState, nowUs: number): boolean {
  const { streams, datagrams } = state;
  if (streams.isDrained && !datagrams.hasData) return true;
  // Both only grow.
  const progress = streams.drainProgress + datagrams.sent;
  if (state.finishDeadlineUs === Number.POSITIVE_INFINITY || progress !== state.finishProgress) {
    state.finishProgress = progress;
    const graceUs = Math.max(FINISH_GRACE_US, FINISH_GRACE_PTOS * state.ptoUs);
    state.finishDeadlineUs = nowUs + graceUs;
  }
  return nowUs >= state.finishDeadlineUs;
}

/** We end it: CONNECTION_CLOSE follows. `frameType`: the frame of the peer that was wrong, 0 when it was none. */
export function closeLocally(
  state: ConnectionState,
  isApplication: boolean,
  code: number,
  frameType: number,
  reason: string,
  nowUs: number,
): void {
  if (state.phase !== 'open') return;
  state.closeType = isApplication ? FRAME_CONNECTION_CLOSE_APPLICATION : FRAME_CONNECTION_CLOSE;
  state.closeCode = code;
  state.closeFrameType = frameType;
  state.closeReason = encodeReason(reason);
  state.isClosePending = true;
  // First: what comes now may throw.
  state.host.markReady(state.slot);
  end(state, 'closing', closeInfo('local', isApplication, code, reason), nowUs);
}

/** The peer has ended it. */
export function closeByPeer(
  state: ConnectionState,
  isApplication: boolean,
  code: number,
  reason: string,
  nowUs: number,
): void {
  if (state.phase === 'draining' || state.phase === 'closed') return;
  end(state, 'draining', closeInfo('remote', isApplication, code, reason), nowUs);
  state.isClosePending = false;
}

/** Ends of which the peer is told nothing. */
const SILENT_REASONS = {
  idle: 'nothing came for the idle timeout',
  discarded: 'another handshake won',
  reset: 'the peer does not know the connection any more',
} as const;

/** It ends without a word: nothing would be heard, or nothing may be said. */
export function closeSilently(
  state: ConnectionState,
  origin: keyof typeof SILENT_REASONS,
  nowUs: number,
): void {
  end(state, 'closed', closeInfo(origin, false, 0, SILENT_REASONS[origin]), nowUs);
}

/** A packet came for a connection that we have closed: the 1st, 2nd, 4th, 8th ... is answered. */
export function onLatePacket(state: ConnectionState): void {
  if (state.phase !== 'closing') return;
  state.lateReceived++;
  if (state.lateReceived < state.lateAnswerAt) return;
  state.lateAnswerAt *= 2;
  state.isClosePending = true;
  state.host.markReady(state.slot);
}

function end(
  state: ConnectionState,
  phase: 'closing' | 'draining' | 'closed',
  info: CloseInfo,
  nowUs: number,
): void {
  const wasOpen = state.phase === 'open';
  state.phase = phase;
  state.endDeadlineUs = phase === 'closed' ? nowUs : nowUs + CLOSING_PTOS * state.ptoUs;
  state.sendDeadlineUs = Number.POSITIVE_INFINITY;
  state.keepAlive.stop();
  if (!wasOpen) return;
  state.closed = info;
  try {
    state.streams.close();
    state.tracer?.state(nowUs, phase);
  } finally {
    // Also of one that ends because it throws.
    if (state.isAnnounced) state.events.push(EVENT_CLOSED, state, state);
  }
}
