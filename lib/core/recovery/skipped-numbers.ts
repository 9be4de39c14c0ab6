/**
 * Packet numbers that are left out, at random, so that who acknowledges what it has not received gives itself away
 * (clauses R16 to R18; RFC 9000 section 21.4).
 *
 * It says which number is the next to leave out and remembers those that were. Used by recovery.ts.
 *
 * Invariant: all skipped numbers of the last SENT_PACKETS_MAX are remembered. At most 7 of them belong to the doublings
 * of the period, all others are at least half of the longest period apart, so 23 is the most there can be.
 */

import type { Random } from '../ports.js';

/** Mean distance of skipped numbers, at first and in the end; it doubles from one to the next. */
const FIRST_PERIOD = 256;
const LONGEST_PERIOD = 2 ** 14;
/** Remembered ones; a power of two. */
const REMEMBERED = 32;
/** Of all: what chance gives is used at once. */
const DRAW = new Uint8Array(4);

export class SkippedNumbers {
  /** The number to leave out next. */
  next: number;
  /** How many were left out. */
  count = 0;
  readonly #random: Random;
  /** A ring once it is full: most connections send too little for more than a few. */
  readonly #numbers: number[] = [];
  #period: number;

  /** @param period mean distance at first; Infinity never skips */
  constructor(random: Random, period = FIRST_PERIOD) {
    this.#random = random;
    this.#period = period;
    this.next = this.#choose(0);
  }

  /** `next` was left out: chooses another one. */
  take(): void {
    const number = this.next;
    this.#numbers[this.count & (REMEMBERED - 1)] = number;
    this.count++;
    if (this.#period < LONGEST_PERIOD) this.#period *= 2;
    this.next = this.#choose(number);
  }

  /** Whether an ACK with these ranges ([smallest, largest] pairs, descending) claims a skipped number. */
  isClaimed(ranges: Float64Array, rangeCount: number): boolean {
    const oldest = this.count > REMEMBERED ? this.count - REMEMBERED : 0;
    let range = 0;
    for (let index = this.count - 1; index >= oldest; index--) {
      const number = this.#numbers[index & (REMEMBERED - 1)];
      while (range < rangeCount && ranges[2 * range] > number) range++;
      if (range === rangeCount) return false;
      if (ranges[2 * range + 1] >= number) return true;
    }
    return false;
  }

  /** How many skipped numbers lie above `low`, up to `high`. */
  countBetween(low: number, high: number): number {
    const oldest = this.count > REMEMBERED ? this.count - REMEMBERED : 0;
    let found = 0;
    for (let index = this.count - 1; index >= oldest; index--) {
      const number = this.#numbers[index & (REMEMBERED - 1)];
      if (number <= low) break;
      if (number <= high) found++;
    }
    return found;
  }

  /** Half a period to one and a half from `number`. */
  #choose(number: number): number {
    if (this.#period === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    this.#random.fill(DRAW);
    const chance = (DRAW[0] * 2 ** 24 + DRAW[1] * 2 ** 16 + DRAW[2] * 2 ** 8 + DRAW[3]) / 2 ** 32;
    return number + Math.floor(this.#period * (0.5 + chance));
  }
}
