/**
 * Where in-order stream data of the batch at hand lies in the slab: pairs of offset and length, chained by stream.
 *
 * It holds numbers and no bytes. Streams whose packets alternate in a batch have a chain each, so that each still gets
 * one chunk. Called by receive-part.ts; emptied by streams.ts.
 *
 * Invariant: the pieces of one chain are in the order of their stream, without a gap.
 */

/** Pieces of one batch; what is more is copied at once. A receive call returns at most 8,192 datagrams. */
export const PIECES_MAX = 16_384;
/** Pieces that there is room for with the first. */
const FIRST_PIECES = 8;
/** Until a batch has brought any. */
const NO_INTS = new Int32Array(0);

export class Pieces {
  /** `pairs[2 * i]` offset in the slab, `pairs[2 * i + 1]` bytes. Replaced when it grows or is folded. */
  pairs: Int32Array = NO_INTS;
  /** The next piece of the same stream; without meaning for the last. */
  following: Int32Array = NO_INTS;
  count = 0;
  #collected: Int32Array = NO_INTS;

  get isFull(): boolean {
    return this.count === PIECES_MAX;
  }

  /** Pieces that there is room for; grows until it is folded. */
  get capacity(): number {
    return this.following.length;
  }

  /** Adds a piece behind `previous`, the last one of its chain, or -1 for a new chain. Returns its number. */
  add(offset: number, length: number, previous: number): number {
    const index = this.count++;
    if (index === this.following.length) this.#grow();
    this.pairs[2 * index] = offset;
    this.pairs[2 * index + 1] = length;
    if (previous >= 0) this.following[previous] = index;
    return index;
  }

  /** The pairs of the `count` pieces of a chain from `first` to `last`, one behind the other. Borrowed until next time. */
  collect(first: number, last: number, count: number): Int32Array {
    const { pairs, following } = this;
    if (last - first + 1 === count) return pairs.subarray(2 * first, 2 * last + 2);
    if (this.#collected.length < pairs.length) this.#collected = new Int32Array(pairs.length);
    const collected = this.#collected;
    for (let place = 0, index = first; place < count; place++, index = following[index]) {
      collected[2 * place] = pairs[2 * index];
      collected[2 * place + 1] = pairs[2 * index + 1];
    }
    return collected;
  }

  /** Gives up all memory. Only while there are none. */
  fold(): void {
    if (this.count > 0) return;
    this.pairs = NO_INTS;
    this.following = NO_INTS;
    this.#collected = NO_INTS;
  }

  #grow(): void {
    const capacity = 2 * this.following.length || FIRST_PIECES;
    const pairs = new Int32Array(2 * capacity);
    pairs.set(this.pairs);
    this.pairs = pairs;
    const following = new Int32Array(capacity);
    following.set(this.following);
    this.following = following;
  }
}
