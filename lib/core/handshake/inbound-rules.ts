/**
 * What decides over an inbound handshake once it has authenticated: own key, replay, the application, simultaneous open.
 *
 * Rules without a memory of their own: the tables that they ask are parameters. Called by inbound.ts. Numbers are drop
 * reasons, ACCEPTED when there is none.
 *
 * Invariant: our own attempts give way only in the call that accepts the peer's handshake.
 */

import { sameBytes } from './bytes.js';
import type { HandshakeContext, Settings } from './context.js';
import {
  ACCEPTED,
  DROP_OWN_KEY,
  DROP_REPLAYED,
  DROP_SIMULTANEOUS,
  DROP_UNAUTHORIZED,
} from './drop-reasons.js';
import type { OpenedInitiation } from './initiation.js';
import type { Initiation } from './messages.js';
import type { Outbound } from './outbound.js';
import type { ReplayRegister } from './replay-register.js';
import type { Source } from './source.js';
import { hasCommitted, winnerAmong, yieldAll } from './tie-break.js';

/** Whether the chosen version and suite are the first of the offered ones that we speak. */
export function asksForOurBest(initiation: Initiation, settings: Settings): boolean {
  const version = initiation.versions.find((offered) => settings.versions.includes(offered));
  const suite = initiation.suites.find((offered) => settings.suites.includes(offered));
  return version === initiation.version && suite === initiation.suite;
}

function isRefused(settings: Settings, remoteStatic: Uint8Array): boolean {
  return !settings.allowOwnKey && sameBytes(remoteStatic, settings.identity.publicKey);
}

/** Over an initiation. With XX the initiator is not known yet: then only its address counts. */
export function judge(
  context: HandshakeContext,
  outbound: Outbound,
  replay: ReplayRegister,
  opened: OpenedInitiation,
  source: Source,
  nowUs: number,
): number {
  const { settings } = context;
  const { remoteStatic, timestampUs } = opened;
  const rivals = outbound.rivalsOf({ remoteStatic, source });
  if (remoteStatic === undefined) return hasCommitted(rivals) ? DROP_SIMULTANEOUS : ACCEPTED;

  if (isRefused(settings, remoteStatic)) return DROP_OWN_KEY;
  if (!replay.isFresh(remoteStatic, timestampUs)) return DROP_REPLAYED;
  if (!settings.authorize(remoteStatic, source, undefined)) return DROP_UNAUTHORIZED;
  if (hasCommitted(rivals)) return DROP_SIMULTANEOUS;
  const ownStatic = settings.identity.publicKey;
  const winner = winnerAmong(rivals, ownStatic, remoteStatic, opened.noise.remoteEphemeral!);
  if (winner !== undefined) {
    winner.hint(nowUs);
    outbound.flush();
    return DROP_SIMULTANEOUS;
  }
  yieldAll(rivals, nowUs + settings.yieldUs);
  return ACCEPTED;
}

/** Over XX's final message: the peer has committed with it, so ours gives way, unless it has committed, too. */
export function judgeFinal(
  context: HandshakeContext,
  outbound: Outbound,
  peer: { readonly remoteStatic: Uint8Array; readonly source: Source },
  untilUs: number,
): number {
  const { settings } = context;
  if (isRefused(settings, peer.remoteStatic)) return DROP_OWN_KEY;
  if (!settings.authorize(peer.remoteStatic, peer.source, undefined)) return DROP_UNAUTHORIZED;
  const rivals = outbound.rivalsOf(peer);
  if (hasCommitted(rivals)) return DROP_SIMULTANEOUS;
  yieldAll(rivals, untilUs);
  return ACCEPTED;
}
