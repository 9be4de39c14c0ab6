/**
 * Callbacks of writes that wait until the peer has acknowledged their bytes: by stream offset, in order.
 *
 * It knows no stream. Called by `TransportStream`.
 *
 * Invariants: each callback is called once; what it throws surfaces and stops none of the others.
 */

import { callSafely } from './emit.js';

export type WriteCallback = (error?: Error | null) => void;

/** Free places at the front before the lists are moved together. */
const COMPACT_AT = 64;

export class ReleaseQueue {
  readonly #ends: number[] = [];
  readonly #callbacks: (WriteCallback | undefined)[] = [];
  #first = 0;

  /** Callbacks that wait. */
  get length(): number {
    return this.#ends.length - this.#first;
  }

  /** `end`: the offset behind the bytes of the write, not below that of the one before. */
  push(end: number, callback: WriteCallback): void {
    this.#ends.push(end);
    this.#callbacks.push(callback);
  }

  /** All bytes below `offset` are the application's again. */
  release(offset: number): void {
    while (this.#first < this.#ends.length && this.#ends[this.#first] <= offset) {
      const callback = this.#callbacks[this.#first]!;
      // Out of the list first: the callback may write, and so push.
      this.#callbacks[this.#first++] = undefined;
      callSafely(callback);
    }
    if (this.#first < COMPACT_AT || this.#first * 2 < this.#ends.length) return;
    this.#ends.splice(0, this.#first);
    this.#callbacks.splice(0, this.#first);
    this.#first = 0;
  }

  /** Nothing more will be acknowledged. */
  fail(error: Error): void {
    const waiting = this.#callbacks.splice(this.#first);
    this.#ends.length = 0;
    this.#callbacks.length = 0;
    this.#first = 0;
    for (const callback of waiting) callSafely(callback!, error);
  }
}
