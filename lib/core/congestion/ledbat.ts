/**
 * LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus): a scavenger. It keeps the queue below a target and yields to everybody
 * who fills it. Clauses S1 to S6 of docs/congestion-control.md; made by controller.ts.
 *
 * Losses, marks, and windows that are not used are as in loss-based.ts; here are the delay and the slowdowns. The delay
 * is that of a round trip, since clocks of two machines are not compared.
 *
 * Invariant: in a round trip the window grows by a datagram at most and falls to no less than half, but for slowdowns.
 */

import { BaseDelay } from './base-delay.js';
import type { RttView } from './congestion-controller.js';
import { LossBased } from './loss-based.js';

const TARGET_US = 60_000;
const BETA = 0.5;
/** Largest divisor of the gain. */
const GAIN_DIVISOR_MAX = 16;
/** The first slow start ends at this part of the target. */
const SLOW_START_PART = 3 / 4;
/** A slowdown: two datagrams for two round trips; the next one after nine times what it took. */
const SLOWDOWN_ROUNDS = 2;
const SLOWDOWN_PAUSE = 9;

/** 'none': no slowdown is due before slow start has ended; 'waiting' until a time; 'frozen': at two datagrams; 'ramp'. */
type Slowdown = 'none' | 'waiting' | 'frozen' | 'ramp';

export class Ledbat extends LossBased {
  readonly name = 'ledbat';
  readonly #delay = new BaseDelay();
  #slowdown: Slowdown = 'none';
  #beginUs = 0;
  /** End of the frozen time, or when the next slowdown begins. */
  #untilUs = 0;
  /** Until a later packet than this is acknowledged, the window falls no lower (S4). */
  #roundEnd = -1;
  #roundFloorBytes = 0;
  #largestSent = -1;
  #largestAcked = -1;
  /** Until then delays are those of the window of slow start: it was ended for them already (S3). */
  #answeredUntilUs = Number.NEGATIVE_INFINITY;

  override onSent(nowUs: number, bytes: number, bytesInFlight: number, largestSent: number): void {
    this.#largestSent = largestSent;
    super.onSent(nowUs, bytes, bytesInFlight, largestSent);
  }

  override onAck(
    nowUs: number,
    ackedBytes: number,
    largestAckedSentUs: number,
    largestAcked: number,
    rtt: RttView,
    bytesInFlight: number,
    isWindowLimited: boolean,
  ): void {
    this.#largestAcked = largestAcked;
    if (rtt.hasSample) this.#delay.onSample(nowUs, rtt.latestUs);
    this.#step(nowUs, rtt);
    super.onAck(
      nowUs,
      this.#slowdown === 'frozen' ? 0 : ackedBytes,
      largestAckedSentUs,
      largestAcked,
      rtt,
      bytesInFlight,
      isWindowLimited,
    );
  }

  /** S3: also slow start has the gain. */
  protected override slowStartShare(): number {
    return this.#gain();
  }

  /** The delay ends it (S3). */
  protected override get watchesDelay(): boolean {
    return false;
  }

  /** S4. */
  protected avoid(nowUs: number, ackedBytes: number): void {
    const { datagramBytes, windowBytes } = this;
    const share = ackedBytes / windowBytes;
    const excess = this.#delay.queueUs / TARGET_US - 1;
    const gainBytes = this.#gain() * datagramBytes * share;
    if (excess <= 0) {
      this.grow(gainBytes);
      return;
    }
    if (nowUs < this.#answeredUntilUs) return;
    const change = gainBytes - ackedBytes * excess;
    if (change > 0) {
      this.grow(change);
      return;
    }
    // What was sent before it began to fall tells of the queue before.
    if (this.#largestAcked > this.#roundEnd) {
      this.#roundEnd = this.#largestSent;
      this.#roundFloorBytes = Math.max(windowBytes * BETA, this.minimumBytes());
    }
    this.windowBytes = Math.floor(Math.max(windowBytes + change, this.#roundFloorBytes));
    // Slow start does not lead back to a window that was too large.
    this.slowStartThresholdBytes = Math.min(this.slowStartThresholdBytes, this.windowBytes);
  }

  protected reducedBytes(): number {
    return this.windowBytes * BETA;
  }

  protected restart(): void {
    this.#roundEnd = -1;
  }

  protected save(): void {
    // Nothing but window and threshold is lost.
  }

  protected restore(): void {
    // As above.
  }

  protected pause(): void {
    // Growth depends on acknowledgements alone, not on time.
  }

  /** S2: 1 on long paths, 1/16 on the shortest, where a datagram more a round trip would be much more a second. */
  #gain(): number {
    return 1 / Math.min(GAIN_DIVISOR_MAX, Math.ceil((2 * TARGET_US) / this.#delay.baseUs));
  }

  /** S3, S5. */
  #step(nowUs: number, rtt: RttView): void {
    const isFirst = this.slowStartThresholdBytes === Number.POSITIVE_INFINITY;
    if (isFirst && this.#delay.queueUs > SLOW_START_PART * TARGET_US) {
      this.slowStartThresholdBytes = this.windowBytes;
      this.#answeredUntilUs = nowUs + rtt.latestUs;
    }
    if (this.slowStartThresholdBytes === Number.POSITIVE_INFINITY) return;
    const roundsUs = SLOWDOWN_ROUNDS * rtt.smoothedUs;
    if (this.#slowdown === 'none') {
      this.#slowdown = 'waiting';
      this.#untilUs = nowUs + roundsUs;
    } else if (this.#slowdown === 'waiting' && nowUs >= this.#untilUs) {
      this.#slowdown = 'frozen';
      this.#beginUs = nowUs;
      this.#untilUs = nowUs + roundsUs;
      this.slowStartThresholdBytes = Math.max(this.windowBytes, this.minimumBytes());
      this.windowBytes = this.minimumBytes();
    } else if (this.#slowdown === 'frozen' && nowUs >= this.#untilUs) {
      this.#slowdown = 'ramp';
    } else if (this.#slowdown === 'ramp' && !this.isSlowStart) {
      this.#slowdown = 'waiting';
      this.#untilUs = nowUs + SLOWDOWN_PAUSE * (nowUs - this.#beginUs);
    }
  }
}
