/**
 * The connection follows its peer: what packets from another address mean, and who is believed (RFC 9000 sections 8.2, 9).
 *
 * An address that the newest packet came from is used at once, within the limit of amplification, and asked for a proof;
 * until that has come the way back stays open. Called by consume.ts, connection.ts and timers.ts. Clauses M1 to M14 of
 * docs/wire-format.md.
 *
 * Invariants: only an authentic, new packet with the highest number so far moves anything; `state.peer` is the address of
 * `paths.current`; the application hears of an address only once it is proved.
 */

import { INITIAL_RTT_US } from '../config.js';
import { EVENT_PATH } from '../event-ring.js';
import type { ConnectionState } from './connection-state.js';
import type { ConsumedPacket } from './consumed-packet.js';
import type { Path } from './path.js';
import { freshMeasures, setMeasures, takeMeasures } from './path-measures.js';
import { afterChange } from './settle.js';

/** RFC 9000 section 8.2.4: so many timeouts, those of a path that nothing is known of included. */
const VALIDATION_PTOS = 3;
const INITIAL_PTO_US = 3 * INITIAL_RTT_US;
/** From one PATH_CHALLENGE to the next, at first. */
const RESEND_MIN_US = 50_000;
const RESEND_MAX_US = 1_000_000;
/** Granularity of timers (RFC 9002 section 6.1.2). */
const TIMER_US = 1000;

/** A packet came from an address that is not in use. `isNewest`: no packet before had anything to say and a higher number. */
export function onPacketFromElsewhere(
  state: ConnectionState,
  packet: ConsumedPacket,
  isNewest: boolean,
): void {
  const { paths } = state;
  const known = paths.find(packet.peer);
  const path = known ?? (isNewest ? openPath(state, packet) : undefined);
  if (path === undefined) return;
  path.onReceived(packet.byteLength);
  if (isNewest) follow(state, path, path !== known, packet.nowUs);
}

/** PATH_CHALLENGE: the answer goes where the question came from, or nowhere. */
export function onPathChallenge(state: ConnectionState, packet: ConsumedPacket, at: number): void {
  const { paths } = state;
  paths.challengesReceived++;
  const path = paths.find(packet.peer) ?? openPath(state, packet);
  if (path === undefined || !path.addResponse(packet.bytes, at)) paths.challengesDropped++;
}

/** PATH_RESPONSE: it proves the path on which it came, if that is the one that was asked about. */
export function onPathResponse(state: ConnectionState, packet: ConsumedPacket, at: number): void {
  const { paths } = state;
  const { bytes, nowUs } = packet;
  const path = paths.find(packet.peer);
  if (path !== undefined && path !== paths.previous && path.takeResponse(bytes, at)) {
    validate(state, path, nowUs);
  } else if (paths.previous?.takeResponse(bytes, at)) {
    // Whoever has carried it: the peer still gets what we send to its old address. Then a new one has to be quick.
    paths.isPreviousAlive = true;
    const { current, switchedUs, ptoBeforeUs } = paths;
    const untilUs = switchedUs + VALIDATION_PTOS * ptoBeforeUs;
    // Not at once: the timers of this turn have run.
    current.expiresUs = Math.min(current.expiresUs, Math.max(untilUs, nowUs + TIMER_US));
  } else {
    paths.strayResponses++;
  }
  paths.schedule();
}

/** What paths wait for is due. */
export function onPathTimer(state: ConnectionState, nowUs: number): void {
  const { paths } = state;
  for (const path of [...paths.all]) {
    if (path.resendUs <= nowUs) path.onResend(nowUs);
    if (path.expiresUs > nowUs) continue;
    const isInUse = path === paths.current || path === paths.previous;
    if (!isInUse) paths.close(path);
    else if (path.isValidated || paths.previous === undefined) {
      path.stopChallenge();
      path.expiresUs = Number.POSITIVE_INFINITY;
    } else fallBack(state, nowUs);
  }
  paths.schedule();
}

function openPath(state: ConnectionState, packet: ConsumedPacket): Path | undefined {
  const { paths } = state;
  const path = paths.open(packet.peer, packet.nowUs);
  if (path === undefined) return undefined;
  const { bytes, idAt } = packet;
  path.noteLocalId(bytes, idAt);
  path.needsNewId = !paths.current.hasLocalId(bytes, idAt);
  path.expiresUs = packet.nowUs + validationUs(state.ptoUs);
  paths.schedule();
  return path;
}

/** The peer is there now, as it seems. */
function follow(state: ConnectionState, path: Path, isNew: boolean, nowUs: number): void {
  const { paths } = state;
  const from = paths.current;
  if (path === paths.previous) {
    // It never went away: somebody has sent its packet on from elsewhere, or its way has changed back (section 9.3.2).
    paths.onFailed(nowUs);
    paths.previous = undefined;
    path.stopChallenge();
    move(state, path, nowUs);
    return;
  }
  if (!path.isValidated && paths.isPenalized(nowUs)) {
    paths.refused++;
    return;
  }
  if (!isNew && !paths.takeCredit(nowUs)) return;
  if (path.needsNewId && !state.rotateRemoteId()) {
    paths.refused++;
    return;
  }
  path.needsNewId = false;
  if (from.isValidated) paths.previous = from;
  paths.switches++;
  move(state, path, nowUs);
  if (path.isValidated) complete(state, path);
  else askBoth(state, path, nowUs);
}

/** From now on packets go there, and the figures are those of that path (section 9.4). */
function move(state: ConnectionState, path: Path, nowUs: number): void {
  const { paths, recovery } = state;
  const from = paths.current;
  const isSameHost = paths.isSameHost(from, path);
  paths.ptoBeforeUs = state.ptoUs;
  paths.switchedUs = nowUs;
  paths.lostFrom = recovery.nextPacketNumber;
  if (!isSameHost) {
    const left = takeMeasures(state);
    from.measures = left;
    const { previous } = paths;
    if (previous !== undefined && paths.isSameHost(previous, from)) previous.measures = left;
    const measures = path.measures ?? freshMeasures(state, path.isIpv4);
    path.measures = undefined;
    paths.measuredFrom = recovery.nextPacketNumber;
    paths.sentBefore = state.counts.bytesSent;
    paths.rttBefore = measures.rtt;
    setMeasures(state, measures);
    // Timeouts begin anew: by the other round trip time they may be over already.
    recovery.onSuspension(nowUs);
  }
  paths.current = path;
  paths.target = path;
  state.peer = path.peer;
  if (path.isValidated) path.expiresUs = Number.POSITIVE_INFINITY;
  if (!isSameHost) afterChange(state, nowUs);
  paths.schedule();
  state.host.markReady(state.slot);
}

/** The new address is asked for its proof, and the old one whether the peer is still there (section 9.3.3). */
function askBoth(state: ConnectionState, path: Path, nowUs: number): void {
  const { paths } = state;
  const { ptoBeforeUs, previous } = paths;
  const intervalUs = Math.min(Math.max(ptoBeforeUs, RESEND_MIN_US), RESEND_MAX_US);
  path.challenge(nowUs, intervalUs);
  path.expiresUs = nowUs + validationUs(ptoBeforeUs);
  paths.isPreviousAlive = false;
  if (previous !== undefined) {
    previous.challenge(nowUs, intervalUs);
    previous.expiresUs = path.expiresUs;
  }
  paths.schedule();
}

function validate(state: ConnectionState, path: Path, nowUs: number): void {
  const { paths } = state;
  if (path.isValidated) return;
  path.isValidated = true;
  paths.onValidated();
  if (path === paths.current) complete(state, path);
  if (path.isPadded) return;
  // The address is proved, but not that the path carries 1,200 bytes (section 8.2.1).
  path.challenge(nowUs, RESEND_MAX_US);
  path.expiresUs = nowUs + validationUs(paths.ptoBeforeUs);
}

/** The current path is proved: there is no way back any more. */
function complete(state: ConnectionState, path: Path): void {
  const { paths } = state;
  path.expiresUs = Number.POSITIVE_INFINITY;
  if (paths.previous !== undefined) paths.close(paths.previous);
  if (state.isAnnounced) state.events.push(EVENT_PATH, state, state, path.peer);
  state.host.markReady(state.slot);
}

/** The new address has proved nothing: back to the one before (section 9.3.2). */
function fallBack(state: ConnectionState, nowUs: number): void {
  const { paths } = state;
  const failed = paths.current;
  const back = paths.previous!;
  paths.onFailed(nowUs);
  paths.previous = undefined;
  back.stopChallenge();
  move(state, back, nowUs);
  paths.close(failed);
}

function validationUs(ptoUs: number): number {
  return VALIDATION_PTOS * Math.max(ptoUs, INITIAL_PTO_US);
}
