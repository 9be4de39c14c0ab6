/**
 * Time: when a connection wants to be woken, and what it does then.
 *
 * Called by the endpoint through `connection.ts`, after the socket was drained.
 *
 * What `finishDeadlineUs` is for happens when the connection is built next, which follows each `onTimer`: closing.ts.
 *
 * Invariant: after `onTimer(nowUs)` the deadline lies in the future, or the connection is ready to send.
 */

import { TIMER_LOST, TIMER_PTO } from '../recovery/recovery.js';
import { closeSilently } from './closing.js';
import type { ConnectionState } from './connection-state.js';
import { onPathTimer } from './migration.js';
import { afterChange, onLosses, onProbes } from './settle.js';

/** Packets that one probe timeout allows (RFC 9002 section 6.2.4). */
const PROBES = 2;

/** The earliest moment at which something is to be done; Infinity for never. */
export function deadlineOf(state: ConnectionState): number {
  if (state.phase !== 'open') return state.endDeadlineUs;
  return Math.min(
    state.recovery.deadlineUs,
    // Neither can be kept while nothing may be sent; the next packet wakes the connection.
    state.isPathBlocked ? Number.POSITIVE_INFINITY : state.ackPolicy.deadlineUs,
    state.sendDeadlineUs,
    state.paths.deadlineUs,
    state.endDeadlineUs,
    state.finishDeadlineUs,
    state.keepAlive.deadlineUs,
    state.foldDeadlineUs,
    state.mtuStartUs,
    state.keys.deadlineUs,
    state.mayProbeMtu ? state.pathMtu.deadlineUs : Number.POSITIVE_INFINITY,
  );
}

/** Does what is due. */
export function onDeadline(state: ConnectionState, nowUs: number): void {
  if (state.endDeadlineUs <= nowUs) {
    if (state.phase === 'open') closeSilently(state, 'idle', nowUs);
    else state.phase = 'closed';
    return;
  }
  if (state.phase !== 'open') return;
  if (state.paths.deadlineUs <= nowUs) onPathTimer(state, nowUs);
  if (state.recovery.deadlineUs <= nowUs) onRecoveryTimer(state, nowUs);
  if (state.keys.deadlineUs <= nowUs) state.keys.onTimer(nowUs);
  if (state.mtuStartUs <= nowUs) state.mtuStartUs = Number.POSITIVE_INFINITY;
  if (state.foldDeadlineUs <= nowUs) state.fold(nowUs);
  if (state.keepAlive.deadlineUs <= nowUs) {
    state.isPingPending = true;
    state.keepAlive.onAsked(nowUs);
  }
}

function onRecoveryTimer(state: ConnectionState, nowUs: number): void {
  const outcome = state.recovery.onTimer(nowUs, state.owners);
  if (outcome === TIMER_PTO) {
    state.counts.ptos++;
    state.probesPending = PROBES;
  }
  if (outcome !== TIMER_LOST) return;
  onLosses(state, nowUs);
  onProbes(state, nowUs);
  afterChange(state, nowUs);
}
