/**
 * Whether initiations come so thick that each has to prove its address first.
 *
 * High: many handshakes half-open, or many DHs in the last second; a second of DHs above the mark keeps the next one
 * high, so that cookies are not switched off and on within a burst. Called by inbound.ts.
 *
 * Invariant: it forgets within two seconds.
 */

const WINDOW_US = 1_000_000;

export class LoadMeter {
  readonly #halfOpenMark: number;
  readonly #perSecondMark: number;
  #windowUs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #wasHigh = false;

  /** @param halfOpenMark from that many half-open ones on @param perSecondMark above that many DHs in a second */
  constructor(halfOpenMark: number, perSecondMark: number) {
    this.#halfOpenMark = halfOpenMark;
    this.#perSecondMark = perSecondMark;
  }

  isHigh(halfOpen: number, nowUs: number): boolean {
    this.#roll(nowUs);
    return halfOpen >= this.#halfOpenMark || this.#wasHigh || this.#count >= this.#perSecondMark;
  }

  /** An initiation that costs a DH. */
  count(nowUs: number): void {
    this.#roll(nowUs);
    this.#count++;
  }

  #roll(nowUs: number): void {
    const ageUs = nowUs - this.#windowUs;
    if (ageUs < WINDOW_US) return;
    this.#wasHigh = ageUs < 2 * WINDOW_US && this.#count >= this.#perSecondMark;
    this.#windowUs = nowUs;
    this.#count = 0;
  }
}
