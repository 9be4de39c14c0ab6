/**
 * Which packet numbers of one direction have been opened: a ring of bits behind the largest (RFC 6479).
 *
 * It does not authenticate; it is asked only about packets whose tag has been verified. One per opening key slot; key
 * updates share it, as they share the packet numbers.
 *
 * Invariant: every number is accepted at most once, and a number that is refused changes nothing.
 */

import { REPLAY_WINDOW, STATUS_REPLAYED, STATUS_TOO_OLD } from '../batch/layout.js';

const WORD_BITS = 32;
/** The words that REPLAY_WINDOW numbers and the largest can touch, wherever they begin. */
const WORDS = REPLAY_WINDOW / WORD_BITS + 1;

export class ReplayWindow {
  readonly #words = new Uint32Array(WORDS);
  #largest = -1;

  /** The largest number accepted; -1 = none yet. */
  get largest(): number {
    return this.#largest;
  }

  /**
   * Takes the number and returns 0, or refuses it with STATUS_REPLAYED or STATUS_TOO_OLD.
   *
   * @param number 0 to 2^53 - 1
   */
  accept(number: number): number {
    if (number < this.#largest - REPLAY_WINDOW) return STATUS_TOO_OLD;
    const word = Math.floor(number / WORD_BITS);
    const bit = 1 << (number % WORD_BITS);
    if (number > this.#largest) this.#advance(word, number);
    const place = word % WORDS;
    if ((this.#words[place] & bit) !== 0) return STATUS_REPLAYED;
    this.#words[place] |= bit;
    return 0;
  }

  /** Clears the words between the largest so far and the new one; they last held numbers a whole ring older. */
  #advance(word: number, number: number): void {
    const last = this.#largest < 0 ? -1 : Math.floor(this.#largest / WORD_BITS);
    const stale = Math.min(word - last, WORDS);
    for (let i = 0; i < stale; i++) this.#words[(word - i) % WORDS] = 0;
    this.#largest = number;
  }
}
