/**
 * How much BBR dares at most after losses: for long (until it probes), and for short (until the next probe) (B6 of
 * docs/congestion-control.md; sections 5.5.10 and 5.3.3.6 of draft-ietf-ccwg-bbr).
 *
 * It knows no states. Used by model.ts and phases.ts.
 *
 * Invariant: the short-term bounds only fall until they are reset; the long-term one falls by losses and rises by what was
 * in flight without too many, and is whole, so that a window, which is whole, can reach it.
 */

/** BBRBeta and BBRHeadroom. */
export const BETA = 0.7;
const HEADROOM = 0.15;
/** A probe is doubled round by round, up to 2^30 times a window. */
const MAX_PROBE_ROUNDS = 30;

export class Bounds {
  /** inflight_longterm, inflight_shortterm (bytes), bw_shortterm (bytes a second); Infinity: none. */
  inflightLongTermBytes = Number.POSITIVE_INFINITY;
  inflightShortTermBytes = Number.POSITIVE_INFINITY;
  bandwidthShortTerm = Number.POSITIVE_INFINITY;
  #probeUpRounds = 0;
  #probeUpAckedBytes = 0;
  /** Acknowledged bytes that raise the long-term bound by a datagram. */
  #probeUpEveryBytes = Number.POSITIVE_INFINITY;

  /** Too much was lost with more than `bytes` in flight. */
  limitLongTerm(bytes: number): void {
    this.inflightLongTermBytes = Math.floor(bytes);
  }

  resetShortTerm(): void {
    this.inflightShortTermBytes = Number.POSITIVE_INFINITY;
    this.bandwidthShortTerm = Number.POSITIVE_INFINITY;
  }

  /** A round with losses while nothing is probed: less, but no less than what got through in it. */
  lowerShortTerm(
    maxBandwidth: number,
    windowBytes: number,
    latestRate: number,
    latestBytes: number,
  ): void {
    const bandwidth = Math.min(this.bandwidthShortTerm, maxBandwidth);
    const inflight = Math.min(this.inflightShortTermBytes, windowBytes);
    this.bandwidthShortTerm = Math.max(latestRate, BETA * bandwidth);
    this.inflightShortTermBytes = Math.max(latestBytes, BETA * inflight);
  }

  /** What is left free for others below the long-term bound, `datagramBytes` at least. */
  withHeadroom(datagramBytes: number, minimumBytes: number): number {
    const bytes = this.inflightLongTermBytes;
    if (bytes === Number.POSITIVE_INFINITY) return bytes;
    return Math.max(bytes - Math.max(datagramBytes, HEADROOM * bytes), minimumBytes);
  }

  /** ProbeBW begins to refill the pipe: the next climb is slow at first. */
  beginClimb(): void {
    this.#probeUpRounds = 0;
    this.#probeUpAckedBytes = 0;
  }

  /** One more round of the climb, at the bound: twice as steep. */
  steepen(windowBytes: number, datagramBytes: number): void {
    const growth = 2 ** this.#probeUpRounds;
    if (this.#probeUpRounds < MAX_PROBE_ROUNDS) this.#probeUpRounds++;
    this.#probeUpEveryBytes = Math.max(windowBytes / growth, datagramBytes);
  }

  endClimb(): void {
    this.#probeUpEveryBytes = Number.POSITIVE_INFINITY;
  }

  /** `ackedBytes` of a window that was full at the bound. */
  climb(ackedBytes: number, datagramBytes: number): void {
    this.#probeUpAckedBytes += ackedBytes;
    if (this.#probeUpAckedBytes < this.#probeUpEveryBytes) return;
    const steps = Math.floor(this.#probeUpAckedBytes / this.#probeUpEveryBytes);
    this.#probeUpAckedBytes -= steps * this.#probeUpEveryBytes;
    this.inflightLongTermBytes += steps * datagramBytes;
  }
}
