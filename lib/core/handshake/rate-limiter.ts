/**
 * A token bucket for each source: how many initiations of one address (IPv4) or one /64 (IPv6) are worth a DH.
 *
 * A fixed table, four places to a set: a new source takes the place of the one that was quiet the longest, so memory
 * is what it was on the first day. Addresses are hashed under a random seed, so nobody can aim at a set. It counts
 * what it is asked and knows nothing of handshakes. Called by the prefilter.
 *
 * Invariant: a source that keeps its place gets at most burst + rate * time.
 */

import type { Random } from '../ports.js';
import { readUint32 } from './bytes.js';
import { isIpv4Place, PLACE_BYTES, type Source, writePlace } from './source.js';

const WAYS = 4;
/** A hundred handshakes are a few percent of a core; a crowd of hundreds behind one address gets in within its patience. */
const RATE_PER_SECOND = 100;
const BURST = 200;

export interface RateLimiterOptions {
  /** Tokens a second for each source; default 100. */
  readonly ratePerSecond?: number;
  /** Tokens of a source that was quiet; default 200. */
  readonly burst?: number;
  /** Sources remembered, rounded up to a power of two of at least 64; default 4,096. */
  readonly sources?: number;
}

function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash ^ word, 0x9e3779b1);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x85ebca77);
  return mixed ^ (mixed >>> 13);
}

export class RateLimiter {
  readonly #perUs: number;
  readonly #burst: number;
  readonly #setMask: number;
  readonly #seed: number;
  readonly #place = new Uint8Array(PLACE_BYTES);
  /** The two words of a source, and 0 / 1 / 2 for empty / IPv4 / IPv6. */
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #family: Uint8Array;
  readonly #tokens: Float64Array;
  readonly #seenUs: Float64Array;

  constructor(random: Random, options: RateLimiterOptions = {}) {
    this.#perUs = (options.ratePerSecond ?? RATE_PER_SECOND) / 1e6;
    this.#burst = options.burst ?? BURST;
    let places = 64;
    while (places < (options.sources ?? 4096)) places *= 2;
    this.#setMask = places / WAYS - 1;
    this.#high = new Uint32Array(places);
    this.#low = new Uint32Array(places);
    this.#family = new Uint8Array(places);
    this.#tokens = new Float64Array(places);
    this.#seenUs = new Float64Array(places);
    const seed = new Uint8Array(4);
    random.fill(seed);
    this.#seed = readUint32(seed, 0);
  }

  /** Takes a token of the source's bucket; false when there is none. */
  take(source: Source, nowUs: number): boolean {
    writePlace(this.#place, source);
    const ipv4 = isIpv4Place(this.#place);
    const high = ipv4 ? 0 : readUint32(this.#place, 0);
    const low = readUint32(this.#place, ipv4 ? 12 : 4);
    const index = this.#find(high, low, ipv4 ? 1 : 2, nowUs);
    const elapsedUs = Math.max(0, nowUs - this.#seenUs[index]);
    const tokens = Math.min(this.#burst, this.#tokens[index] + elapsedUs * this.#perUs);
    this.#seenUs[index] = nowUs;
    this.#tokens[index] = tokens >= 1 ? tokens - 1 : tokens;
    return tokens >= 1;
  }

  /** The place of a source: its own, or one that it gets now. */
  #find(high: number, low: number, family: number, nowUs: number): number {
    const hash = mix(mix(mix(this.#seed, family), high), low);
    const first = (hash & this.#setMask) * WAYS;
    let oldest = first;
    for (let index = first; index < first + WAYS; index++) {
      const mine = this.#family[index] === family;
      if (mine && this.#high[index] === high && this.#low[index] === low) return index;
      if (this.#family[index] === 0) {
        oldest = index;
        break;
      }
      if (this.#seenUs[index] < this.#seenUs[oldest]) oldest = index;
    }
    this.#high[oldest] = high;
    this.#low[oldest] = low;
    this.#family[oldest] = family;
    this.#tokens[oldest] = this.#burst;
    this.#seenUs[oldest] = nowUs;
    return oldest;
  }
}
