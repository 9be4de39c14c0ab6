/**
 * Cookies: a responder under load makes an initiator prove its address, and remembers nothing for it.
 *
 * The cookie is a MAC of address and port under a secret that changes every two minutes; it travels sealed
 * (XChaCha20-Poly1305, associated data: its header and mac1 of the initiation), so that only who has sent the initiation
 * gets it. As in WireGuard's cookie reply. CookieSecrets is the responder's side, `openCookie` the initiator's.
 *
 * Responders behind one port share a secret for good and make those of two minutes from it, by the clock.
 *
 * Invariant: the secret of now and the one before are the only ones that count.
 */

import type { HandshakePrimitives, Random } from '../ports.js';
import { concat, writeUint64 } from './bytes.js';
import { checkMac2, mac } from './macs.js';
import { header, mac1Of, sourceOf, versionOf } from './messages.js';
import {
  COOKIE_BYTES,
  COOKIE_MESSAGE_BYTES,
  COOKIE_NONCE_BYTES,
  HEADER_BYTES,
  TYPE_COOKIE,
} from './protocol.js';
import { PLACE_BYTES, type Source, writePlace } from './source.js';

/** How long a cookie secret is the current one; for as long again it is the one before. */
export const COOKIE_SECRET_US = 120_000_000;

const SECRET_BYTES = 32;

/** What makes the cookies of several responders the same ones. */
export interface SharedCookies {
  /** 32 bytes, borrowed for good. */
  readonly secret: Uint8Array;
  /** Microseconds since 1970 when `nowUs` was 0. */
  readonly epochUs: number;
}

export class CookieSecrets {
  readonly #primitives: HandshakePrimitives;
  readonly #random: Random;
  readonly #place = new Uint8Array(PLACE_BYTES);
  readonly #current = new Uint8Array(SECRET_BYTES);
  readonly #previous = new Uint8Array(SECRET_BYTES);
  readonly #shared: SharedCookies | undefined;
  /** When a secret of chance became the current one. */
  #rotatedUs: number;
  /** Which two minutes since 1970 the current shared secret belongs to. */
  #period = 0;

  /** @param shared default: secrets of chance, good here alone */
  constructor(
    primitives: HandshakePrimitives,
    random: Random,
    nowUs: number,
    shared?: SharedCookies,
  ) {
    this.#primitives = primitives;
    this.#random = random;
    this.#rotatedUs = nowUs;
    this.#shared = shared;
    random.fill(this.#current);
    random.fill(this.#previous);
  }

  /** Whether mac2 was made with a cookie for that source. */
  check(initiation: Uint8Array, source: Source, nowUs: number): boolean {
    this.#rotate(nowUs);
    return (
      checkMac2(this.#primitives, this.#cookie(this.#current, source), initiation) ||
      checkMac2(this.#primitives, this.#cookie(this.#previous, source), initiation)
    );
  }

  /** The cookie message that answers an initiation. `key`: see `cookieKey`. */
  reply(initiation: Uint8Array, source: Source, key: Uint8Array, nowUs: number): Uint8Array {
    this.#rotate(nowUs);
    const nonce = new Uint8Array(COOKIE_NONCE_BYTES);
    this.#random.fill(nonce);
    const cookie = this.#cookie(this.#current, source);
    const head = header(TYPE_COOKIE, versionOf(initiation), sourceOf(initiation), undefined);
    const ad = concat(head, mac1Of(initiation));
    return concat(head, nonce, this.#primitives.xSeal(key, nonce, ad, cookie));
  }

  #cookie(secret: Uint8Array, source: Source): Uint8Array {
    writePlace(this.#place, source);
    return mac(this.#primitives, secret, this.#place);
  }

  #rotate(nowUs: number): void {
    if (this.#shared === undefined) this.#rotateByChance(nowUs);
    else this.#rotateByClock(this.#shared, nowUs);
  }

  #rotateByClock({ secret, epochUs }: SharedCookies, nowUs: number): void {
    const period = Math.max(Math.floor((epochUs + nowUs) / COOKIE_SECRET_US), 1);
    if (period === this.#period) return;
    const number = new Uint8Array(8);
    writeUint64(number, 0, period);
    this.#current.set(this.#primitives.hmacSha256(secret, number));
    writeUint64(number, 0, period - 1);
    this.#previous.set(this.#primitives.hmacSha256(secret, number));
    this.#period = period;
  }

  #rotateByChance(nowUs: number): void {
    const age = nowUs - this.#rotatedUs;
    if (age < COOKIE_SECRET_US) return;
    if (age < 2 * COOKIE_SECRET_US) this.#previous.set(this.#current);
    else this.#random.fill(this.#previous);
    this.#random.fill(this.#current);
    this.#rotatedUs = nowUs;
  }
}

/** The cookie in a cookie message, or undefined when it is not for this initiation. */
export function openCookie(
  primitives: HandshakePrimitives,
  message: Uint8Array,
  key: Uint8Array,
  initiation: Uint8Array,
): Uint8Array | undefined {
  if (message.length !== COOKIE_MESSAGE_BYTES) return undefined;
  const sealedOffset = HEADER_BYTES + COOKIE_NONCE_BYTES;
  const cookie = primitives.xOpen(
    key,
    message.subarray(HEADER_BYTES, sealedOffset),
    concat(message.subarray(0, HEADER_BYTES), mac1Of(initiation)),
    message.subarray(sealedOffset),
  );
  return cookie?.length === COOKIE_BYTES ? cookie : undefined;
}
