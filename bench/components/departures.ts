/**
 * The rate at which something has left, exact over any time: from the first departure to the last.
 *
 * It keeps no list. Called by cases/rate-limit.ts.
 *
 * Invariant: the bytes of the first departure do not count, since the time that was waited for them does not.
 */

export class Departures {
  /** Departures after the first. */
  count = 0;
  #bytes = 0;
  #firstMs = Number.NaN;
  #lastMs = Number.NaN;

  /** `byteLength` have left at `nowMs`; times do not go back. */
  note(nowMs: number, byteLength: number): void {
    if (Number.isNaN(this.#firstMs)) {
      this.#firstMs = nowMs;
      this.#lastMs = nowMs;
      return;
    }
    // Together with the first: waited for no more than it.
    if (nowMs === this.#firstMs) return;
    this.#lastMs = nowMs;
    this.#bytes += byteLength;
    this.count++;
  }

  /** Bytes a second; NaN before the second departure. */
  get rate(): number {
    return (this.#bytes * 1000) / (this.#lastMs - this.#firstMs);
  }

  /** Begins anew. */
  reset(): void {
    this.count = 0;
    this.#bytes = 0;
    this.#firstMs = Number.NaN;
    this.#lastMs = Number.NaN;
  }
}
