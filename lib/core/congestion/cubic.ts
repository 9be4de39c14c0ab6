/**
 * CUBIC (RFC 9438): after a congestion the window returns on a cubic curve in time to where it was, rests there, and
 * probes beyond. Where Reno would be faster, it does as Reno. Clauses C11 to C14 of docs/congestion-control.md; made by controller.ts.
 *
 * Windows are bytes, times are seconds since the epoch began: the first acknowledgement in congestion avoidance after
 * a congestion. Time in which the window was not in use is taken out of the epoch, measured from the last
 * acknowledgement, so that no burst of growth follows a silence (C14).
 *
 * Invariant: an epoch never begins later than now; one acknowledged window grows the window by half of itself at most.
 */

import type { RttView } from './congestion-controller.js';
import { LossBased } from './loss-based.js';

/** RFC 9438 section 4: datagrams a second^3, and what is left of the window after a congestion. */
const C = 0.4;
const BETA = 0.7;
/** Additive increase with which a window that falls to BETA has the mean of Reno's (RFC 9438 section 4.3). */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA);
/** What a flow that lost before it regained its window leaves to others (RFC 9438 section 4.7; C13). */
const FAST_CONVERGENCE = (1 + BETA) / 2;
/** Of the window in a round trip (RFC 9438 section 4.2). */
const MAX_GROWTH = 1.5;

export class Cubic extends LossBased {
  readonly name = 'cubic';
  /** W_max of RFC 9438: the plateau of the curve (C11). */
  #plateauBytes = 0;
  /** cwnd_prior: from here on the Reno estimate grows as Reno does. */
  #priorBytes = 0;
  #hasEpoch = false;
  #epochStartUs = 0;
  #kSeconds = 0;
  /** C in bytes: of the datagrams of this epoch. */
  #cBytes = 0;
  /** W_est: the window that Reno would have (C12). */
  #renoBytes = 0;

  protected avoid(nowUs: number, ackedBytes: number, rtt: RttView): void {
    if (!this.#hasEpoch) this.#beginEpoch(nowUs);
    const window = this.windowBytes;
    const share = Math.min(1, ackedBytes / window);
    const alpha = this.#renoBytes < this.#priorBytes ? ALPHA : 1;
    this.#renoBytes += alpha * this.datagramBytes * share;

    const t = (nowUs - this.#epochStartUs) / 1e6 - this.#kSeconds;
    if (this.#cBytes * t * t * t + this.#plateauBytes < this.#renoBytes) {
      if (this.#renoBytes > window) this.windowBytes = Math.floor(this.#renoBytes);
      return;
    }
    const next = t + rtt.smoothedUs / 1e6;
    const target = this.#cBytes * next * next * next + this.#plateauBytes;
    if (target > window) this.grow((Math.min(target, MAX_GROWTH * window) - window) * share);
  }

  protected reducedBytes(): number {
    const window = this.windowBytes;
    this.#priorBytes = window;
    this.#plateauBytes = window < this.#plateauBytes ? window * FAST_CONVERGENCE : window;
    return window * BETA;
  }

  protected restart(): void {
    this.#hasEpoch = false;
  }

  protected save(rows: Float64Array, at: number): void {
    rows[at] = this.#plateauBytes;
    rows[at + 1] = this.#priorBytes;
    rows[at + 2] = this.#hasEpoch ? 1 : 0;
    rows[at + 3] = this.#epochStartUs;
    rows[at + 4] = this.#kSeconds;
    rows[at + 5] = this.#cBytes;
    rows[at + 6] = this.#renoBytes;
  }

  /** The curve goes on where it stood: the time between was none of its own (C14). */
  protected restore(rows: Float64Array, at: number, elapsedUs: number): void {
    this.#plateauBytes = rows[at];
    this.#priorBytes = rows[at + 1];
    this.#hasEpoch = rows[at + 2] === 1;
    this.#epochStartUs = rows[at + 3] + elapsedUs;
    this.#kSeconds = rows[at + 4];
    this.#cBytes = rows[at + 5];
    this.#renoBytes = rows[at + 6];
  }

  protected pause(elapsedUs: number): void {
    if (this.#hasEpoch) this.#epochStartUs += elapsedUs;
  }

  /** The only cube root: once an epoch. */
  #beginEpoch(nowUs: number): void {
    const window = this.windowBytes;
    this.#hasEpoch = true;
    this.#epochStartUs = nowUs;
    this.#cBytes = C * this.datagramBytes;
    this.#renoBytes = window;
    if (window > this.#plateauBytes) this.#plateauBytes = window;
    this.#kSeconds = Math.cbrt((this.#plateauBytes - window) / this.#cBytes);
  }
}
