/**
 * Why a handshake message was dropped: one number a reason, one counter a number.
 *
 * The network cannot throw: whatever is wrong with a message ends as one of these, counted in a Float64Array that the
 * diagnostics show under the names below.
 *
 * Invariant: every message that `Handshakes.receive` takes is counted exactly once: ACCEPTED or a reason.
 */

/** It moved a handshake forward. */
export const ACCEPTED = 0;
/** A length that no message of its type has, or a first byte that is no message. */
export const DROP_BAD_LENGTH = 1;
export const DROP_UNKNOWN_TYPE = 2;
/** An initiation of a version that we do not speak (or, authentic, of a suite); answered with a version list. */
export const DROP_UNKNOWN_VERSION = 3;
/** mac1, or the keyed MAC of an answer, does not fit: not for us, damaged, or a stranger. */
export const DROP_BAD_MAC = 4;
/** The lists, lengths or ids inside do not add up. */
export const DROP_MALFORMED = 5;
/** Under load and without a valid cookie or token; answered with a cookie. */
export const DROP_NO_COOKIE = 6;
/** Its address has used up its share. */
export const DROP_RATE_LIMITED = 7;
/** As many handshakes are half-open as may be. */
export const DROP_HALF_OPEN_FULL = 8;
/** A pattern that this endpoint does not answer. */
export const DROP_PATTERN_REFUSED = 9;
/** Not the first of the offered versions or suites that we speak: somebody has talked the initiator down. */
export const DROP_DOWNGRADE = 10;
/** The Noise message does not authenticate, or a key in it is a low-order point. */
export const DROP_NOT_AUTHENTIC = 11;
/** An initiation that is older than or equal to one that this static key has already sent. */
export const DROP_REPLAYED = 12;
/** A repeated first message; answered with the same bytes as before (or not, once the handshake is over). */
export const DROP_DUPLICATE = 13;
/** Our own ephemeral came back. */
export const DROP_REFLECTED = 14;
/** The peer has our own static key. */
export const DROP_OWN_KEY = 15;
/** It names no handshake of ours. */
export const DROP_NO_HANDSHAKE = 16;
/** It answers what is not being asked (any more). */
export const DROP_WRONG_STATE = 17;
/** A second cookie, or a second version list, or a version list that names what we have tried. */
export const DROP_SECOND_RETRY = 18;
/** Both sides have initiated, and the other handshake is the one that counts. */
export const DROP_SIMULTANEOUS = 19;
/** The application does not want this static key. */
export const DROP_UNAUTHORIZED = 20;
/** There was something to answer and no room in the queue of answers. */
export const DROP_QUEUE_FULL = 21;

/** Nobody here takes connections, or no more of them; answered with a refusal. */
export const DROP_REFUSED = 22;

export const DROP_REASONS = 23;

/** Not DROP_MALFORMED: what is inside a Noise message shows only once it is open. */
const BEFORE_KEY_AGREEMENT: ReadonlySet<number> = new Set([
  ...[DROP_BAD_LENGTH, DROP_UNKNOWN_TYPE, DROP_UNKNOWN_VERSION, DROP_BAD_MAC, DROP_NO_COOKIE],
  ...[DROP_RATE_LIMITED, DROP_HALF_OPEN_FULL, DROP_PATTERN_REFUSED, DROP_DOWNGRADE],
  ...[DROP_DUPLICATE, DROP_REFLECTED, DROP_NO_HANDSHAKE, DROP_QUEUE_FULL],
]);

/** Whether a message that ended so has certainly cost no key agreement. */
export function isCheap(reason: number): boolean {
  return BEFORE_KEY_AGREEMENT.has(reason);
}

/** Names for diagnostics; the index is the reason. */
export const DROP_REASON_NAMES: readonly string[] = [
  'accepted',
  'badLength',
  'unknownType',
  'unknownVersion',
  'badMac',
  'malformed',
  'noCookie',
  'rateLimited',
  'halfOpenFull',
  'patternRefused',
  'downgrade',
  'notAuthentic',
  'replayed',
  'duplicate',
  'reflected',
  'ownKey',
  'noHandshake',
  'wrongState',
  'secondRetry',
  'simultaneous',
  'unauthorized',
  'queueFull',
  'refused',
];
