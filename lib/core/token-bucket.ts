/**
 * A rate limit in bytes a second, for the endpoint or for one connection.
 *
 * A bucket that fills with time and may go into debt: whatever is begun while there is credit goes out whole, and is
 * paid for before the next begins, so that the mean is right for datagrams of any size and timers of any lateness
 * below the cap. It sets no timer and sends nothing. Called by the endpoint and by each connection. Clauses L1 to L6 of
 * docs/congestion-control.md.
 *
 * Invariant: in any time t, at most rate * t + burstBytes + the last thing begun go out.
 */

/** So that a very low rate can ever send: the least datagram that every path carries (L3). */
const MIN_BURST_BYTES = 1200;
/** Lateness of a timer that costs nothing, us, beyond the tick waited for: 5 ms, and 2 ms for the turn itself (L3). */
const LATENESS_US = 7000;
/** Credit that is waited for: above one byte, so that a rounding error does not cost a tick. */
const WORTH_BYTES = 2;

function checkRate(rate: number): void {
  if (!(rate > 0)) throw new RangeError(`rate must be above 0 bytes a second: ${rate}`);
}

export class TokenBucket {
  /** Bytes a second; Infinity: no limit. */
  rate = 0;
  /** Most credit that is kept, bytes: what a tick and a late timer bring (L3). */
  burstBytes = 0;
  readonly #granularityUs: number;
  #creditBytes = 0;
  #updatedUs = 0;

  /**
   * Full at the beginning.
   *
   * @param rate bytes a second, above 0; Infinity: no limit
   * @param nowUs time of creation, us
   * @param granularityUs how coarse the host's timers are, us
   */
  constructor(rate: number, nowUs: number, granularityUs: number) {
    if (!(granularityUs > 0))
      throw new RangeError(`timer granularity must be above 0: ${granularityUs}`);
    checkRate(rate);
    this.#granularityUs = granularityUs;
    this.#updatedUs = nowUs;
    this.#setRate(rate);
    this.#creditBytes = this.burstBytes;
  }

  /** What was earned until now was earned at the old rate; a debt stays what it is, in bytes. */
  setRate(rate: number, nowUs: number): void {
    checkRate(rate);
    this.#earn(nowUs);
    const wasUnlimited = this.rate === Number.POSITIVE_INFINITY;
    this.#setRate(rate);
    this.#updatedUs = Math.max(nowUs, this.#updatedUs);
    this.#creditBytes = wasUnlimited ? 0 : Math.min(this.#creditBytes, this.burstBytes);
  }

  /** Bytes that may go now: Infinity without a limit, 0 or less while in debt. What is begun may be finished. */
  takeable(nowUs: number): number {
    if (this.rate === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    this.#earn(nowUs);
    return Math.floor(this.#creditBytes);
  }

  /** `bytes` went out. */
  take(bytes: number): void {
    if (this.rate !== Number.POSITIVE_INFINITY) this.#creditBytes -= bytes;
  }

  /** When to ask again, us: now, or at the first tick at which the debt is paid and something earned. */
  nextUs(nowUs: number): number {
    if (this.takeable(nowUs) > 0) return nowUs;
    const waitUs = ((WORTH_BYTES - this.#creditBytes) * 1e6) / this.rate;
    return nowUs + Math.ceil(waitUs / this.#granularityUs) * this.#granularityUs;
  }

  #setRate(rate: number): void {
    this.rate = rate;
    const lateBytes = (rate * (this.#granularityUs + LATENESS_US)) / 1e6;
    this.burstBytes = Math.max(MIN_BURST_BYTES, lateBytes);
  }

  #earn(nowUs: number): void {
    const elapsedUs = nowUs - this.#updatedUs;
    if (elapsedUs <= 0) return;
    this.#updatedUs = nowUs;
    const earned = this.#creditBytes + (this.rate * elapsedUs) / 1e6;
    this.#creditBytes = Math.min(this.burstBytes, earned);
  }
}
