/**
 * A budget of things that are counted, not bytes: it fills with time up to a burst, and may be overdrawn.
 *
 * It refuses nothing: whoever takes from `credit` looks first, or accepts a debt. token-bucket.ts is the one for bytes, with
 * timers. Called by paths.ts, useless-frames.ts and stateless-reset.ts.
 *
 * Invariant: in any time t the credit grows by at most perSecond * t, and never above the burst; a clock that goes back
 * earns nothing twice.
 */

import { AS_DOUBLE } from './doubles.js';

export class Budget {
  /** What is left; below 0 when more was taken. */
  credit = AS_DOUBLE;
  readonly #burst: number;
  readonly #perSecond: number;
  #updatedUs = AS_DOUBLE;

  /** Full at the beginning. */
  constructor(burst: number, perSecond: number, nowUs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.credit = burst;
    this.#updatedUs = nowUs;
  }

  /** Adds what was earned since the last call. */
  refill(nowUs: number): void {
    const elapsedUs = Math.max(nowUs - this.#updatedUs, 0);
    this.#updatedUs = Math.max(nowUs, this.#updatedUs);
    this.credit = Math.min(this.credit + (elapsedUs * this.#perSecond) / 1e6, this.#burst);
  }
}
