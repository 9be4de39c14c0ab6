/**
 * What the window was before the last few reductions, for the case that there was no congestion (C16).
 *
 * Rows of numbers; what they mean beyond the first two is up to loss-based.ts, which owns one. It reduces and restores
 * nothing by itself.
 *
 * Invariant: the ranges of packet numbers of the rows ascend and do not overlap; a row that is taken out leaves what it
 * says of the time before to the row that follows it.
 */

import type { LossHistory } from './congestion-controller.js';

/** Reductions that may wait at once to be proved wrong; the oldest gives way. */
const DEPTH = 4;
/** First columns: the packets whose losses the reduction rests on are greater than AFTER, up to UP_TO. */
const AFTER = 0;
const UP_TO = 1;
/** Where the columns of the owner begin, and how many a row has in all. */
export const UNDO_OWN = 2;
const WIDTH = 14;
/** Until something is reduced. */
const NO_ROWS = new Float64Array(0);

export class UndoStack {
  rows: Float64Array = NO_ROWS;
  count = 0;

  /** A row for a reduction; the owner fills the columns from UNDO_OWN on. Returns where the row begins. */
  push(after: number, upTo: number): number {
    if (this.rows.length === 0) this.rows = new Float64Array(DEPTH * WIDTH);
    if (this.count === DEPTH) this.#remove(0);
    const at = this.count++ * WIDTH;
    this.rows[at + AFTER] = after;
    this.rows[at + UP_TO] = upTo;
    return at;
  }

  clear(): void {
    this.count = 0;
  }

  /**
   * Takes out the reductions that have turned out wrong. Returns where the last one of all begins if it is among them
   * (the row is good until the next `push`), else -1.
   */
  revoke(losses: LossHistory): number {
    for (let index = 0; index < this.count; ) {
      const at = index * WIDTH;
      if (!losses.isLossRevoked(this.rows[at + AFTER] + 1, this.rows[at + UP_TO])) {
        index++;
        continue;
      }
      if (index === this.count - 1) {
        this.count--;
        return at;
      }
      this.#bequeath(at);
      this.#remove(index);
    }
    return -1;
  }

  /** The next row goes back to before this one, and answers for its packets. */
  #bequeath(at: number): void {
    const upTo = this.rows[at + WIDTH + UP_TO];
    this.rows.copyWithin(at + WIDTH, at, at + WIDTH);
    this.rows[at + WIDTH + UP_TO] = upTo;
  }

  #remove(index: number): void {
    this.rows.copyWithin(index * WIDTH, (index + 1) * WIDTH, this.count * WIDTH);
    this.count--;
  }
}
