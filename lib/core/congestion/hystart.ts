/**
 * HyStart++ (RFC 9406; C9 of docs/congestion-control.md): leaves slow start when the delay of a round trip rises, before a long queue overflows.
 *
 * It looks at the least delay of each round. A rise makes growth four times slower ("conservative slow start"); should
 * the delay fall again, the rise was noise and slow start goes on, and after five rounds it is over. It holds no
 * window. Used by both controllers, in the first slow start only.
 *
 * Invariant: a decision rests on eight samples of one round, and on a round before it that had a sample.
 */

/** RFC 9406 section 4.3. */
const MIN_RISE_US = 4000;
const MAX_RISE_US = 16_000;
const RISE_DIVISOR = 8;
const ROUND_SAMPLES = 8;
const CONSERVATIVE_DIVISOR = 4;
const CONSERVATIVE_ROUNDS = 5;

export class HyStart {
  /** Slow start grows by acknowledged bytes divided by this: 1, or 4 in conservative slow start. */
  growthDivisor = 1;
  /** Slow start is over. */
  isDone = false;
  /** The acknowledgement of this packet ends the round; below 0: the round begins with the next sample. */
  #roundEnd = -1;
  #samples = 0;
  #minUs = Number.POSITIVE_INFINITY;
  #lastMinUs = Number.POSITIVE_INFINITY;
  #baselineUs = Number.POSITIVE_INFINITY;
  #conservativeRounds = 0;

  /**
   * @param latestUs a round trip time measured just now
   * @param largestAcked the packet it was measured with
   * @param largestSent the last packet sent: its acknowledgement ends a round that begins now. When that is
   *   `largestAcked` itself, nothing is in flight, and the round begins with what is sent next
   */
  onSample(latestUs: number, largestAcked: number, largestSent: number): void {
    if (this.#roundEnd < 0) this.#roundEnd = largestSent;
    this.#samples++;
    if (latestUs < this.#minUs) this.#minUs = latestUs;
    if (this.#samples >= ROUND_SAMPLES) this.#judge();
    if (largestAcked >= this.#roundEnd) {
      this.#nextRound(largestSent > largestAcked ? largestSent : -1);
    }
  }

  #judge(): void {
    if (this.growthDivisor === CONSERVATIVE_DIVISOR) {
      if (this.#minUs < this.#baselineUs) this.growthDivisor = 1;
      return;
    }
    if (this.#lastMinUs === Number.POSITIVE_INFINITY) return;
    const riseUs = Math.max(MIN_RISE_US, Math.min(this.#lastMinUs / RISE_DIVISOR, MAX_RISE_US));
    if (this.#minUs < this.#lastMinUs + riseUs) return;
    this.growthDivisor = CONSERVATIVE_DIVISOR;
    this.#baselineUs = this.#minUs;
    this.#conservativeRounds = 0;
    // What was measured until now is the baseline; only what comes from now on can speak against it.
    this.#samples = 0;
    this.#minUs = Number.POSITIVE_INFINITY;
  }

  #nextRound(end: number): void {
    this.#roundEnd = end;
    this.#lastMinUs = this.#minUs;
    this.#minUs = Number.POSITIVE_INFINITY;
    this.#samples = 0;
    if (this.growthDivisor === 1) return;
    this.#conservativeRounds++;
    this.isDone = this.#conservativeRounds >= CONSERVATIVE_ROUNDS;
  }
}
