/**
 * Stream data that came ahead of a hole: kept in blocks until the hole closes (RFC 9000 section 2.2).
 *
 * It copies at once, and knows nothing of order: receive-part.ts asks for the bytes when they are due. Called by
 * receive-part.ts.
 *
 * Invariants: a byte never changes once it has come: the first wins; memory is within a constant factor of the highest
 * offset, whatever comes how; a block in which nothing waits is not kept.
 */

import type { Memory } from '../ports.js';
import { RangeSet } from '../range-set.js';

/** Bytes of a block: at most two are wasted for a stream. */
const BLOCK_BYTES = 16 << 10;
/**
 * The first block of a stream begins that small: to reach any other one the peer spends a block's worth of credit, but a
 * byte at the front of each of a thousand streams must not cost a thousand blocks.
 */
const FIRST_BLOCK_BYTES = 1 << 10;

export class Reassembly {
  readonly spans = new RangeSet();
  readonly #blocks: Map<number, Uint8Array> = new Map();

  /** Copies what is new of [offset, offset + length), which lies at `at`. */
  keep(memory: Memory, slab: Uint8Array, at: number, offset: number, length: number): void {
    if (length === 0) return;
    const { spans } = this;
    const end = offset + length;
    let from = offset;
    for (let index = spans.firstAtOrAfter(offset); from < end; index++) {
      const isLast = index >= spans.count || spans.startOf(index) >= end;
      const holeEnd = isLast ? end : spans.startOf(index);
      if (holeEnd > from) this.#store(memory, slab, at + from - offset, from, holeEnd);
      if (isLast) break;
      from = spans.endOf(index);
    }
    spans.add(offset, end);
  }

  /** Takes the first span out; returns its end. Its bytes are fetched with `cut`. */
  open(): number {
    const end = this.spans.endOf(0);
    this.spans.remove(0, end);
    return end;
  }

  /**
   * The bytes from `offset` on, up to `end` or the end of their block. Transferred: when something else still waits in
   * the block they are a copy, since the application may write into what it gets.
   */
  cut(memory: Memory, offset: number, end: number): Uint8Array {
    const index = Math.floor(offset / BLOCK_BYTES);
    const start = index * BLOCK_BYTES;
    const block = this.#blocks.get(index)!;
    const until = Math.min(end - start, BLOCK_BYTES);
    const bytes = block.subarray(offset - start, until);
    const { spans } = this;
    if (spans.count === 0 || spans.startOf(0) >= start + BLOCK_BYTES) {
      this.#blocks.delete(index);
      return bytes;
    }
    const copy = memory.allocate(bytes.byteLength);
    copy.set(bytes);
    return copy;
  }

  #store(memory: Memory, slab: Uint8Array, at: number, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const index = Math.floor(from / BLOCK_BYTES);
      const inBlock = from - index * BLOCK_BYTES;
      const size = Math.min(BLOCK_BYTES - inBlock, end - from);
      const source = at + from - start;
      this.#block(memory, index, inBlock + size).set(slab.subarray(source, source + size), inBlock);
      from += size;
    }
  }

  /** The block, with room for `needed` bytes at least. */
  #block(memory: Memory, index: number, needed: number): Uint8Array {
    const block = this.#blocks.get(index);
    if (block !== undefined && block.byteLength >= needed) return block;
    let size = index === 0 ? FIRST_BLOCK_BYTES : BLOCK_BYTES;
    while (size < needed) size *= 2;
    const larger = memory.allocate(size);
    if (block !== undefined) larger.set(block);
    this.#blocks.set(index, larger);
    return larger;
  }
}
