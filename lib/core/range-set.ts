/**
 * A set of integers as sorted ranges: what has arrived, what is acknowledged, what has to be sent again.
 *
 * Ranges are half-open, [start, end), with doubles from 0 to 2^53. It sets no limit to their number: whoever lets a
 * peer add to it compares `count` with a limit of its own. Used by recovery and streams.
 *
 * Invariant: ranges are in ascending order, none is empty, and two neighbours neither overlap nor touch.
 */

/** Shared by all sets that never had a range: most streams lose nothing. */
const NO_CELLS = new Float64Array(0);

/** The first array of a set. V8 keeps typed arrays of up to 64 bytes in its own heap, which is cheap. */
const FIRST_CELLS = 8;

export class RangeSet {
  /** Pairs start, end. The ranges are the cells from `#first` to `#last`; there is room on both sides. */
  #cells: Float64Array = NO_CELLS;
  #first = 0;
  #last = 0;
  #covered = 0;

  /** Ranges in the set. */
  get count(): number {
    return (this.#last - this.#first) >> 1;
  }

  /** Integers in the set. */
  get covered(): number {
    return this.#covered;
  }

  /** First integer of range `index`, 0 to `count - 1`; another index gives nonsense. */
  startOf(index: number): number {
    return this.#cells[this.#first + 2 * index];
  }

  /** The integer behind the last one of range `index`. */
  endOf(index: number): number {
    return this.#cells[this.#first + 2 * index + 1];
  }

  /**
   * Adds [start, end); returns how many of them are new. Extending the last range or coming behind it costs O(1),
   * anything else O(log n) and the move of the ranges on the shorter side. Throws RangeError for a range that is none.
   */
  add(start: number, end: number): number {
    checkRange(start, end);
    if (start === end) return 0;
    const cells = this.#cells;
    const last = this.#last;
    if (last > this.#first && start <= cells[last - 1]) {
      if (start < cells[last - 2]) return this.#merge(start, end);
      const added = end - cells[last - 1];
      if (added <= 0) return 0;
      cells[last - 1] = end;
      this.#covered += added;
      return added;
    }
    const at = this.#open(last);
    this.#cells[at] = start;
    this.#cells[at + 1] = end;
    this.#covered += end - start;
    return end - start;
  }

  /** Removes [start, end); returns how many were in the set. From the front it costs O(1). Throws as `add`. */
  remove(start: number, end: number): number {
    checkRange(start, end);
    const from = this.#first + 2 * this.firstAtOrAfter(start);
    if (start === end || from === this.#last || this.#cells[from] >= end) return 0;
    if (this.#cells[from] < start) {
      if (this.#cells[from + 1] > end) return this.#split(from, start, end);
      return this.#cutTail(from, start) + this.#removeWhole(from + 2, end);
    }
    return this.#removeWhole(from, end);
  }

  /** Empties the set and keeps its memory. */
  clear(): void {
    this.#first = 0;
    this.#last = 0;
    this.#covered = 0;
  }

  contains(value: number): boolean {
    const at = this.#first + 2 * this.firstAtOrAfter(value);
    return at < this.#last && this.#cells[at] <= value;
  }

  /** Index of the range that contains `value`, else of the first one behind it, else `count`. O(log n). */
  firstAtOrAfter(value: number): number {
    const cells = this.#cells;
    const first = this.#first;
    let low = 0;
    let high = (this.#last - first) >> 1;
    // Most questions are about the front.
    if (high === 0 || cells[first + 1] > value) return 0;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cells[first + 2 * middle + 1] > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Adds a range that begins before the last one: makes it one with all that it overlaps or touches. */
  #merge(start: number, end: number): number {
    const cells = this.#cells;
    // Touching counts here: the range that ends at `start` is the one before the first that ends behind it.
    let from = this.#first + 2 * this.firstAtOrAfter(start);
    if (from > this.#first && cells[from - 1] === start) from -= 2;
    if (cells[from] > end) {
      const at = this.#open(from);
      this.#cells[at] = start;
      this.#cells[at + 1] = end;
      this.#covered += end - start;
      return end - start;
    }
    let had = 0;
    let to = from;
    while (to < this.#last && cells[to] <= end) {
      had += cells[to + 1] - cells[to];
      to += 2;
    }
    const mergedStart = Math.min(start, cells[from]);
    const mergedEnd = Math.max(end, cells[to - 1]);
    cells[to - 2] = mergedStart;
    cells[to - 1] = mergedEnd;
    this.#drop(from, to - 2);
    const added = mergedEnd - mergedStart - had;
    this.#covered += added;
    return added;
  }

  /** A hole within one range. */
  #split(from: number, start: number, end: number): number {
    const at = this.#open(from);
    const cells = this.#cells;
    cells[at] = cells[at + 2];
    cells[at + 1] = start;
    cells[at + 2] = end;
    this.#covered -= end - start;
    return end - start;
  }

  #cutTail(from: number, start: number): number {
    const removed = this.#cells[from + 1] - start;
    this.#cells[from + 1] = start;
    this.#covered -= removed;
    return removed;
  }

  /** Removes all below `end` of the ranges from cell `from` on; the one that reaches beyond `end` stays in part. */
  #removeWhole(from: number, end: number): number {
    const cells = this.#cells;
    let removed = 0;
    let to = from;
    while (to < this.#last && cells[to + 1] <= end) {
      removed += cells[to + 1] - cells[to];
      to += 2;
    }
    if (to < this.#last && cells[to] < end) {
      removed += end - cells[to];
      cells[to] = end;
    }
    this.#drop(from, to);
    this.#covered -= removed;
    return removed;
  }

  /** Takes the cells `from` to `to` out, moving the shorter side. */
  #drop(from: number, to: number): void {
    const before = from - this.#first;
    const behind = this.#last - to;
    if (before <= behind) {
      if (before > 0 && to > from)
        this.#cells.copyWithin(this.#first + to - from, this.#first, from);
      this.#first += to - from;
    } else {
      if (behind > 0 && to > from) this.#cells.copyWithin(from, to, this.#last);
      this.#last -= to - from;
    }
    if (this.#first === this.#last) {
      this.#first = 0;
      this.#last = 0;
    }
  }

  /** Makes room for one range in front of cell `before`, moving the shorter side; returns its cell. */
  #open(before: number): number {
    const index = before - this.#first;
    if (index < this.#last - before && this.#first > 0) {
      this.#cells.copyWithin(this.#first - 2, this.#first, before);
      this.#first -= 2;
      return before - 2;
    }
    if (this.#last === this.#cells.length) this.#makeRoom();
    const at = this.#first + index;
    if (at < this.#last) this.#cells.copyWithin(at + 2, at, this.#last);
    this.#last += 2;
    return at;
  }

  /** Room behind the last range: by moving all to the front when half of the cells are free, else in twice as many. */
  #makeRoom(): void {
    const cells = this.#cells;
    const used = this.#last - this.#first;
    if (2 * used <= cells.length && used < cells.length) {
      cells.copyWithin(0, this.#first, this.#last);
    } else {
      const larger = new Float64Array(Math.max(FIRST_CELLS, 2 * cells.length));
      larger.set(cells.subarray(this.#first, this.#last));
      this.#cells = larger;
    }
    this.#first = 0;
    this.#last = used;
  }
}

function checkRange(start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= 2 ** 53)) {
    throw new RangeError(`no range within 0 to 2^53: [${start}, ${end})`);
  }
}
