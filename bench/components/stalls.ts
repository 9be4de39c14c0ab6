/**
 * How much of the time a process stood still: what a rate limit, or anything that waits for timers, cannot make good.
 *
 * A tick a millisecond; what two of them are apart beyond `toleranceMs` counts. Called by cases/rate-limit.ts.
 *
 * Invariant: a process that is never held up for longer than the tolerance has none.
 */

export class Stalls {
  readonly #toleranceMs: number;
  #sinceMs = performance.now();
  #lastMs = performance.now();
  #stalledMs = 0;

  /** Watches until the process ends. */
  constructor(toleranceMs: number) {
    this.#toleranceMs = toleranceMs;
    setInterval(() => this.#tick(), 1).unref();
  }

  /** Percent of the time since `reset`. */
  get percent(): number {
    return (100 * this.#stalledMs) / (performance.now() - this.#sinceMs);
  }

  reset(): void {
    this.#sinceMs = performance.now();
    this.#lastMs = this.#sinceMs;
    this.#stalledMs = 0;
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#stalledMs += Math.max(0, nowMs - this.#lastMs - this.#toleranceMs);
    this.#lastMs = nowMs;
  }
}
