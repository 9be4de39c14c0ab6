/**
 * Address-validation tokens: what a responder gives a validated peer, so that its next initiation needs no cookie.
 *
 * Stateless: time of issue, sealed with XChaCha20-Poly1305 under a key of the endpoint, bound to the address (not to
 * the port, which a NAT changes). It validates an address and nothing else: whoever replays it from the same address
 * gains nothing. Called by the prefilter and by whoever sends tokens to confirmed peers.
 *
 * Invariant: a token opens for the address it was made for, within its lifetime, and in no other case.
 */

import type { HandshakePrimitives, Random } from '../ports.js';
import { concat, readUint64, writeUint64 } from './bytes.js';
import { LABEL_TOKEN } from './protocol.js';
import { ADDRESS_BYTES, PLACE_BYTES, type Source, writePlace } from './source.js';

const NONCE_BYTES = 24;
const PLAINTEXT_BYTES = 8;

/** Bytes of a token: nonce, time, tag. */
export const TOKEN_BYTES = NONCE_BYTES + PLAINTEXT_BYTES + 16;
/** One day. */
export const TOKEN_LIFETIME_US = 86_400_000_000;

export interface RetryTokensOptions {
  readonly primitives: HandshakePrimitives;
  readonly random: Random;
  /** 32 bytes, copied. Default: drawn, and then a token ends with its endpoint. */
  readonly key?: Uint8Array;
  /** Microseconds; default one day. */
  readonly lifetimeUs?: number;
}

export class RetryTokens {
  readonly #primitives: HandshakePrimitives;
  readonly #random: Random;
  readonly #key = new Uint8Array(32);
  readonly #lifetimeUs: number;
  readonly #ad = new Uint8Array(LABEL_TOKEN.length + ADDRESS_BYTES);
  readonly #place = new Uint8Array(PLACE_BYTES);

  /** Throws TypeError for a key that is not 32 bytes long. */
  constructor(options: RetryTokensOptions) {
    this.#primitives = options.primitives;
    this.#random = options.random;
    this.#lifetimeUs = options.lifetimeUs ?? TOKEN_LIFETIME_US;
    if (options.key === undefined) this.#random.fill(this.#key);
    else if (options.key.length === 32) this.#key.set(options.key);
    else throw new TypeError(`a token key has 32 bytes, not ${options.key.length}`);
    this.#ad.set(LABEL_TOKEN);
  }

  /** A token for an address that has proven itself. `nowUs`: the clock that `check` will be asked with. */
  issue(source: Source, nowUs: number): Uint8Array {
    const nonce = new Uint8Array(NONCE_BYTES);
    this.#random.fill(nonce);
    const issued = new Uint8Array(PLAINTEXT_BYTES);
    writeUint64(issued, 0, nowUs);
    return concat(nonce, this.#primitives.xSeal(this.#key, nonce, this.#adOf(source), issued));
  }

  check(token: Uint8Array, source: Source, nowUs: number): boolean {
    if (token.length !== TOKEN_BYTES) return false;
    const issued = this.#primitives.xOpen(
      this.#key,
      token.subarray(0, NONCE_BYTES),
      this.#adOf(source),
      token.subarray(NONCE_BYTES),
    );
    if (issued?.length !== PLAINTEXT_BYTES) return false;
    const ageUs = nowUs - readUint64(issued, 0);
    return ageUs >= 0 && ageUs < this.#lifetimeUs;
  }

  #adOf(source: Source): Uint8Array {
    writePlace(this.#place, source);
    this.#ad.set(this.#place.subarray(0, ADDRESS_BYTES), LABEL_TOKEN.length);
    return this.#ad;
  }
}
