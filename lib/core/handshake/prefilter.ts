/**
 * What an initiation has to pass before it may cost a DH: length, type and version; pattern; mac1; under load a cookie
 * or a token, and the bucket of its address. Cheap checks first.
 *
 * Stateless but for the buckets, whose table never grows. It decides and answers nothing itself: the two stateless
 * answers are built here and sent by inbound.ts.
 *
 * Invariant: a message that is dropped here has cost no DH and leaves nothing behind.
 */

import type { HandshakePrimitives, Random } from '../ports.js';
import { concat, isZero } from './bytes.js';
import { CookieSecrets, type SharedCookies } from './cookie.js';
import {
  DROP_BAD_LENGTH,
  DROP_BAD_MAC,
  DROP_MALFORMED,
  DROP_NO_COOKIE,
  DROP_PATTERN_REFUSED,
  DROP_RATE_LIMITED,
  DROP_UNKNOWN_VERSION,
} from './drop-reasons.js';
import { checkMac1, cookieKey, mac1Key, withAnswerMac } from './macs.js';
import {
  encodeVersionList,
  header,
  type Initiation,
  mac1Of,
  mac2Of,
  parseInitiation,
  sourceOf,
  versionOf,
} from './messages.js';
import {
  HEADER_BYTES,
  INITIATION_BYTES,
  INITIATION_BYTES_MAX,
  patternById,
  TYPE_VERSIONS,
  UNKNOWN_STATIC,
} from './protocol.js';
import { RateLimiter, type RateLimiterOptions } from './rate-limiter.js';
import type { RetryTokens } from './retry-token.js';
import type { Source } from './source.js';

export interface PrefilterOptions {
  readonly primitives: HandshakePrimitives;
  readonly random: Random;
  readonly publicKey: Uint8Array;
  readonly versions: readonly number[];
  readonly suites: readonly number[];
  /** Ids of the patterns that are answered. */
  readonly patterns: readonly number[];
  readonly tokens: RetryTokens;
  readonly rateLimit?: RateLimiterOptions;
  readonly nowUs: number;
  readonly sharedCookies?: SharedCookies | undefined;
}

export class Prefilter {
  readonly #options: PrefilterOptions;
  readonly #primitives: HandshakePrimitives;
  readonly #ownMac1Key: Uint8Array;
  readonly #publicMac1Key: Uint8Array;
  readonly #ownCookieKey: Uint8Array;
  readonly #publicCookieKey: Uint8Array;
  readonly #cookies: CookieSecrets;
  readonly #limiter: RateLimiter;

  constructor(options: PrefilterOptions) {
    const { primitives, random, publicKey } = options;
    this.#options = options;
    this.#primitives = primitives;
    this.#ownMac1Key = mac1Key(primitives, publicKey);
    this.#publicMac1Key = mac1Key(primitives, UNKNOWN_STATIC);
    this.#ownCookieKey = cookieKey(primitives, publicKey);
    this.#publicCookieKey = cookieKey(primitives, UNKNOWN_STATIC);
    this.#cookies = new CookieSecrets(primitives, random, options.nowUs, options.sharedCookies);
    this.#limiter = new RateLimiter(random, options.rateLimit);
  }

  /** The initiation, its parts borrowed from the message, or the reason why it is dropped. */
  check(
    message: Uint8Array,
    source: Source,
    nowUs: number,
    underLoad: boolean,
  ): Initiation | number {
    if (message.length < INITIATION_BYTES || message.length > INITIATION_BYTES_MAX) {
      return DROP_BAD_LENGTH;
    }
    if (!this.#options.versions.includes(versionOf(message))) {
      return this.#checkUnknownVersion(message, source, nowUs);
    }
    if (message.length !== INITIATION_BYTES) return DROP_BAD_LENGTH;
    if (!this.#options.patterns.includes(message[HEADER_BYTES])) return DROP_PATTERN_REFUSED;
    const key = this.#knowsUs(message) ? this.#ownMac1Key : this.#publicMac1Key;
    if (!checkMac1(this.#primitives, key, message)) return DROP_BAD_MAC;

    const initiation = parseInitiation(message);
    if (initiation === undefined) return DROP_MALFORMED;
    const isWelcome = !underLoad || this.#isValidated(message, initiation, source, nowUs);
    return isWelcome ? initiation : DROP_NO_COOKIE;
  }

  /** Takes a token of the address; false when its share is used up. To be asked before a DH, under load. */
  takeToken(source: Source, nowUs: number): boolean {
    return this.#limiter.take(source, nowUs);
  }

  /** The answer to DROP_NO_COOKIE. */
  cookieReply(message: Uint8Array, source: Source, nowUs: number): Uint8Array {
    const key = this.#knowsUs(message) ? this.#ownCookieKey : this.#publicCookieKey;
    return this.#cookies.reply(message, source, key, nowUs);
  }

  /** The answer to DROP_UNKNOWN_VERSION. */
  versionList(message: Uint8Array): Uint8Array {
    const body = concat(
      header(TYPE_VERSIONS, 0, sourceOf(message), undefined),
      encodeVersionList(this.#options.versions, this.#options.suites),
    );
    return withAnswerMac(this.#primitives, mac1Of(message), body);
  }

  /** Only the header and the macs are where we know them; strangers get silence here, too. */
  #checkUnknownVersion(message: Uint8Array, source: Source, nowUs: number): number {
    const keys = [this.#ownMac1Key];
    if (this.#options.patterns.some((id) => patternById(id)?.knownResponder === false)) {
      keys.push(this.#publicMac1Key);
    }
    if (!keys.some((key) => checkMac1(this.#primitives, key, message))) return DROP_BAD_MAC;
    return this.#limiter.take(source, nowUs) ? DROP_UNKNOWN_VERSION : DROP_RATE_LIMITED;
  }

  #knowsUs(message: Uint8Array): boolean {
    return patternById(message[HEADER_BYTES])?.knownResponder === true;
  }

  #isValidated(
    message: Uint8Array,
    initiation: Initiation,
    source: Source,
    nowUs: number,
  ): boolean {
    if (!isZero(mac2Of(message)) && this.#cookies.check(message, source, nowUs)) return true;
    return (
      initiation.token.length > 0 && this.#options.tokens.check(initiation.token, source, nowUs)
    );
  }
}
