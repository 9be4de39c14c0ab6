/**
 * What BBR remembers of its measurements: the largest bandwidth, the smallest round trip time, the most that came at once
 * (B3 to B5 of docs/congestion-control.md; sections 5.5.5 to 5.5.9 of draft-ietf-ccwg-bbr).
 *
 * Numbers in, numbers out. Used by model.ts.
 *
 * Invariant: what is remembered was measured, and is forgotten after two cycles, ten seconds and ten rounds.
 */

/** The most in this ProbeBW cycle and in the one before. */
export class MaxBandwidth {
  #now = 0;
  #before = 0;

  /** Bytes a second. */
  get value(): number {
    return Math.max(this.#now, this.#before);
  }

  update(rate: number): void {
    if (rate > this.#now) this.#now = rate;
  }

  /** Another cycle begins. */
  advance(): void {
    if (this.#now === 0) return;
    this.#before = this.#now;
    this.#now = 0;
  }
}

/** MinRTTFilterLen and ProbeRTTInterval. */
const MIN_RTT_FILTER_US = 10_000_000;
const PROBE_RTT_INTERVAL_US = 5_000_000;

/** The smallest round trip time of ten seconds; whether it is time to look for it, after five. */
export class MinRtt {
  valueUs = Number.POSITIVE_INFINITY;
  /** Nothing as small has been seen for ProbeRTTInterval. */
  isProbeDue = false;
  #valueAtUs = 0;
  #probedUs = Number.POSITIVE_INFINITY;
  #probedAtUs = 0;

  update(nowUs: number, sampleUs: number): void {
    this.isProbeDue = nowUs > this.#probedAtUs + PROBE_RTT_INTERVAL_US;
    if (sampleUs < this.#probedUs || this.isProbeDue) {
      // The first sample of all is no reason to look for a smaller one.
      if (this.#probedUs === Number.POSITIVE_INFINITY) this.isProbeDue = false;
      this.#probedUs = sampleUs;
      this.#probedAtUs = nowUs;
    }
    if (this.#probedUs < this.valueUs || nowUs > this.#valueAtUs + MIN_RTT_FILTER_US) {
      this.valueUs = this.#probedUs;
      this.#valueAtUs = this.#probedAtUs;
    }
  }

  /** ProbeRTT is over. */
  onProbed(nowUs: number): void {
    this.#probedAtUs = nowUs;
  }
}

/** BBRExtraAckedFilterLen is 10: the filter holds the last five to ten rounds. */
const HALF_FILTER_ROUNDS = 5;

/** How much more was acknowledged at times than the bandwidth explains: ACKs come in heaps. */
export class ExtraAcked {
  #startUs = 0;
  #deliveredBytes = 0;
  #now = 0;
  #before = 0;
  #round = 0;

  /** Bytes. */
  get value(): number {
    return Math.max(this.#now, this.#before);
  }

  /** After a silence the interval begins anew. */
  restart(nowUs: number): void {
    this.#startUs = nowUs;
    this.#deliveredBytes = 0;
  }

  /** @param bandwidth bytes a second @param round number of the round @param isShort one round is enough (Startup) */
  update(
    nowUs: number,
    ackedBytes: number,
    bandwidth: number,
    windowBytes: number,
    round: number,
    isShort: boolean,
  ): void {
    let expectedBytes = (bandwidth * (nowUs - this.#startUs)) / 1e6;
    if (this.#deliveredBytes <= expectedBytes) {
      this.restart(nowUs);
      expectedBytes = 0;
    }
    this.#deliveredBytes += ackedBytes;
    if (round - this.#round >= (isShort ? 1 : HALF_FILTER_ROUNDS)) {
      this.#before = isShort ? 0 : this.#now;
      this.#now = 0;
      this.#round = round;
    }
    const extraBytes = Math.min(this.#deliveredBytes - expectedBytes, windowBytes);
    if (extraBytes > this.#now) this.#now = extraBytes;
  }
}
