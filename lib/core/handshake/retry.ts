/**
 * What an initiator makes of the two answers that are not a response: a cookie, a version list. No state.
 *
 * Called by initiator.ts. Numbers are drop reasons.
 *
 * Invariant: a version list can only lead to something that our own lists hold.
 */

import { openCookie } from './cookie.js';
import { DROP_BAD_MAC, DROP_MALFORMED, DROP_SECOND_RETRY } from './drop-reasons.js';
import type { InitiatorOptions } from './initiator-options.js';
import { checkAnswerMac, cookieKey, writeMac2 } from './macs.js';
import { mac1Of, parseVersionList, versionOf } from './messages.js';
import { HEADER_BYTES, type Suite, suiteOf, UNKNOWN_STATIC } from './protocol.js';

/** The initiation with mac2 filled in; undefined when the cookie is not for it. */
export function fillInCookie(
  options: InitiatorOptions,
  message: Uint8Array,
  initiation: Uint8Array,
): Uint8Array | undefined {
  const { primitives, remoteStatic } = options;
  const key = cookieKey(primitives, remoteStatic ?? UNKNOWN_STATIC);
  const cookie = openCookie(primitives, message, key, initiation);
  if (cookie === undefined) return undefined;
  // What was sent before may still be queued: it stays as it is.
  const withCookie = initiation.slice();
  writeMac2(primitives, cookie, withCookie);
  return withCookie;
}

/** Version and suite for the next initiation, or 'nothing' in common. `isSecond`: there was a list already. */
export function chooseFrom(
  options: InitiatorOptions,
  message: Uint8Array,
  initiation: Uint8Array,
  isSecond: boolean,
): { readonly version: number; readonly suite: Suite } | 'nothing' | number {
  if (!checkAnswerMac(options.primitives, mac1Of(initiation), message)) return DROP_BAD_MAC;
  const list = parseVersionList(message);
  if (list === undefined) return DROP_MALFORMED;
  const triedVersion = list.versions.includes(versionOf(initiation));
  const triedSuite = list.suites.includes(initiation[HEADER_BYTES + 1]);
  if (isSecond || (triedVersion && triedSuite)) return DROP_SECOND_RETRY;
  const version = options.versions.find((mine) => list.versions.includes(mine));
  const suite = options.suites.find((mine) => list.suites.includes(mine));
  if (version === undefined || suite === undefined) return 'nothing';
  return { version, suite: suiteOf(suite)! };
}
