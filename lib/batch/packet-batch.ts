/**
 * A batch: one slab of bytes, one table of rows, and how many rows are in use.
 *
 * It holds memory and nothing else: it does not know sockets, and it does not check what is written into it. The
 * engines fill and read it; `lib/api` shows it to applications. Allocated once for each direction of a socket.
 *
 * Invariant: `rows` has room for at least `length` rows, and every row below `length` lies inside `bytes`.
 */

import { ROW_INTS } from './layout.js';

export class PacketBatch {
  /** The slab. Owned by the batch. */
  readonly bytes: Uint8Array;
  /** The rows: `rows[(row << ROW_SHIFT) + COLUMN]`. Owned by the batch. */
  readonly rows: Int32Array;
  /** The same memory as doubles, for PACKET_NUMBER. */
  readonly doubles: Float64Array;
  /** What rows copy from when they are sealed (SOURCE). Borrowed from their owners until then. */
  readonly sources: Uint8Array[] = [];
  /** Rows in use. */
  length = 0;

  /** @param slabBytes bytes of the slab @param rowCount rows in the table */
  constructor(slabBytes: number, rowCount: number) {
    this.bytes = new Uint8Array(slabBytes);
    this.rows = new Int32Array(rowCount * ROW_INTS);
    this.doubles = new Float64Array(this.rows.buffer);
  }

  /** How many rows fit. */
  get capacity(): number {
    return this.rows.length / ROW_INTS;
  }
}
