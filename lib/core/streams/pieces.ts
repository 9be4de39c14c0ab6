/**
 * Where in-order stream data of the batch at hand lies in the slab: pairs of offset and length, in runs, one a stream.
 *
 * It holds numbers and no bytes. A stream that gets data again after another stream has, begins a new run and settles the
 * old one. Called by streams.ts and receive-part.ts.
 *
 * Invariant: a run is contiguous, so that one call can copy all of it.
 */

/** Pieces of one batch; what is more is copied at once. A receive call returns at most 8,192 datagrams. */
export const PIECES_MAX = 16_384;

export class Pieces {
  /** `pairs[2 * i]` offset in the slab, `pairs[2 * i + 1]` bytes. */
  readonly pairs = new Int32Array(2 * PIECES_MAX);
  count = 0;

  get isFull(): boolean {
    return this.count === PIECES_MAX;
  }

  add(offset: number, length: number): void {
    const at = 2 * this.count++;
    this.pairs[at] = offset;
    this.pairs[at + 1] = length;
  }
}
