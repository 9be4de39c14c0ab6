/**
 * Whether the pipe is full: the bandwidth has not grown by a quarter for three rounds (B7 of docs/congestion-control.md;
 * section 5.3.1.2 of draft-ietf-ccwg-bbr).
 *
 * Used by phases.ts, in Startup and in ProbeBW_UP.
 *
 * Invariant: rounds are counted, not acknowledgements; samples of an application that had too little say nothing.
 */

const GROWTH = 1.25;
const ROUNDS = 3;

export class FullBandwidth {
  /** It is full in this probe; it was full once since the beginning. */
  isNow = false;
  isReached = false;
  #rate = 0;
  #rounds = 0;

  /** A probe begins, with that rate. */
  restart(rate: number): void {
    this.isNow = false;
    this.#rounds = 0;
    this.#rate = rate;
  }

  update(rate: number, isAppLimited: boolean, isRoundStart: boolean): void {
    if (this.isNow || isAppLimited || rate === 0) return;
    if (rate >= this.#rate * GROWTH) {
      this.restart(rate);
      return;
    }
    if (!isRoundStart) return;
    this.#rounds++;
    this.isNow = this.#rounds >= ROUNDS;
    if (this.isNow) this.isReached = true;
  }
}
