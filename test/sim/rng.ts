/**
 * The dice of a simulation: all chance of a run comes from one number.
 *
 * Whoever needs chance takes a `fork` of its own, so that a new throw in one place does not move the throws of all
 * others. Not for secrets.
 *
 * Invariant: the same seed and the same calls give the same numbers, on every machine.
 */

import type { Random } from '../../lib/core/ports.js';

/** A fixed scramble of 32 bits (the finaliser of MurmurHash3): seeds that differ by one give unrelated dice. */
function scramble(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Three words of state and a counter ("small fast counting", 32 bits). */
export class Rng {
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any integer from 0 to 2^53 - 1 */
  constructor(seed: number) {
    this.seed = seed;
    this.#a = scramble(seed);
    this.#b = scramble(Math.floor(seed / 2 ** 32) + 0x9e3779b9);
    this.#c = scramble(this.#a ^ 0x7f4a7c15);
    for (let round = 0; round < 12; round++) this.next();
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** From 0 up to, not including, 1. */
  unit(): number {
    return this.next() / 2 ** 32;
  }

  /** An integer from 0 to `count - 1`. */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** From `low` to `high`, each decade as likely as the next; `low` above 0. */
  logarithmic(low: number, high: number): number {
    return low * (high / low) ** this.unit();
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** Dice of their own for one purpose: `label` names it, so that the order of forks does not matter. */
  fork(label: string): Rng {
    let mixed = scramble(this.seed ^ 0x5bd1e995);
    for (let at = 0; at < label.length; at++) mixed = scramble(mixed ^ label.charCodeAt(at)) + at;
    return new Rng((mixed >>> 0) + (this.seed % 2 ** 21) * 2 ** 32);
  }

  /** The same dice as the core wants them. */
  asRandom(): Random {
    return {
      fill: (bytes) => {
        for (let at = 0; at < bytes.length; at++) bytes[at] = this.next() >>> 11;
      },
    };
  }
}
