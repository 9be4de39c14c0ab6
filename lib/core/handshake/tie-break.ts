/**
 * Both sides have initiated: which of the two handshakes counts. The rules, and nothing that keeps state.
 *
 * The handshake of the smaller static key wins; between equal keys, that of the smaller ephemeral. Around it stand
 * three rules that make both sides see the same winner whatever is lost, repeated or overtaken; docs/handshake.md
 * tells why each is there. Called by inbound.ts and outbound.ts.
 *
 * Invariant: a side that has keys from its own handshake (it has "committed") refuses the peer's until it is confirmed.
 */

import { compare, sameBytes } from './bytes.js';
import type { Initiator } from './initiator.js';
import type { Source } from './source.js';

/** Who the other side is, as far as that is known. */
export interface Peer {
  readonly remoteStatic: Uint8Array | undefined;
  readonly source: Source;
}

/** The same static key; where one of them is unknown, the same address and port. */
export function isSamePeer(left: Peer, right: Peer): boolean {
  if (left.remoteStatic && right.remoteStatic) {
    return sameBytes(left.remoteStatic, right.remoteStatic);
  }
  return (
    left.source.port === right.source.port && sameBytes(left.source.address, right.source.address)
  );
}

/** Whether our handshake is the one that counts. */
export function mineWins(
  ownStatic: Uint8Array,
  remoteStatic: Uint8Array,
  ownEphemeral: Uint8Array,
  remoteEphemeral: Uint8Array,
): boolean {
  const order = compare(ownStatic, remoteStatic);
  return order === 0 ? compare(ownEphemeral, remoteEphemeral) < 0 : order < 0;
}

/** A committed handshake of ours with this peer: theirs has to wait. */
export function hasCommitted(rivals: readonly Initiator[]): boolean {
  return rivals.some((rival) => rival.state === 'established');
}

/** The initiator of ours that wins against an inbound initiation, if there is one. */
export function winnerAmong(
  rivals: readonly Initiator[],
  ownStatic: Uint8Array,
  remoteStatic: Uint8Array,
  remoteEphemeral: Uint8Array,
): Initiator | undefined {
  return rivals.find(
    (rival) =>
      rival.state === 'initiated' &&
      mineWins(ownStatic, remoteStatic, rival.localEphemeral!, remoteEphemeral),
  );
}

/** All of ours that are still on their way give way to the peer's. */
export function yieldAll(rivals: readonly Initiator[], untilUs: number): void {
  for (const rival of rivals) if (rival.state === 'initiated') rival.yieldUntil(untilUs);
}
