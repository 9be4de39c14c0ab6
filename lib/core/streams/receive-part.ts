/**
 * The receiving half of a stream: puts bytes in order and keeps them until the application reads (RFC 9000 section 3.2).
 *
 * In-order data of a batch is noted where it lies and copied once when the batch ends; data ahead of a hole is copied at
 * once into blocks. Limits are checked by streams.ts before. Called by streams.ts.
 *
 * Invariants: bytes come out in order, each once, and never change once received: the first that came wins; memory is
 * bounded by the window (blocks) and by the cap on spans.
 */

import { EXCESSIVE_LOAD, NO_ERROR } from '../error-codes.js';
import type { Memory } from '../ports.js';
import { RangeSet } from '../range-set.js';
import type { Pieces } from './pieces.js';

/** Bytes of a block that holds data ahead of a hole: two of them at most are wasted for a stream. */
const BLOCK_BYTES = 16 << 10;
/** Disjoint spans ahead of a hole: that many, and one more for each 4 KiB of the window. */
const SPANS_MIN = 1000;
const SPAN_BYTES = 4096;
/** Longest chunk that the application gets: longer ones cost page faults. */
const CHUNK_BYTES_MAX = 128 << 10;

export class ReceivePart {
  /** Next byte in order. */
  next = 0;
  /** Behind the highest byte that came. */
  highest = 0;
  /** -1 until the end is known. */
  finalSize = -1;
  /** The peer's code after RESET_STREAM; -1 before. */
  resetCode = -1;
  /** The application wants no more. */
  isStopped = false;
  /** Bytes in order that wait to be read: in chunks, and in pieces of the batch. */
  bytesReadable = 0;
  /** First piece of this batch's run, and how many. */
  runStart = 0;
  runCount = 0;
  /** Bytes of the run. */
  #runBytes = 0;
  readonly #chunks: Uint8Array[] = [];
  #head = 0;
  readonly #spans = new RangeSet();
  #blocks: Map<number, Uint8Array> | undefined = undefined;

  /** All bytes have come. */
  get isComplete(): boolean {
    return this.finalSize >= 0 && this.next === this.finalSize;
  }

  /** Disjoint spans that wait for a hole to close. */
  get spans(): number {
    return this.#spans.count;
  }

  /** Next chunk in order; undefined when none is there. Transferred. */
  read(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    }
    this.bytesReadable -= chunk.byteLength;
    return chunk;
  }

  /** All that is there as one array, transferred: a whole message. */
  takeAll(memory: Memory): Uint8Array {
    const first = this.#chunks[this.#head];
    const total = this.bytesReadable;
    if (first !== undefined && first.byteLength === total) {
      this.clear();
      return first;
    }
    const whole = memory.allocate(total);
    let at = 0;
    for (let index = this.#head; index < this.#chunks.length; index++) {
      whole.set(this.#chunks[index], at);
      at += this.#chunks[index].byteLength;
    }
    this.clear();
    return whole;
  }

  /** Data in order, that is: `offset` is `next`, or below. Returns an error code. */
  accept(
    pieces: Pieces,
    memory: Memory,
    slab: Uint8Array,
    at: number,
    offset: number,
    length: number,
    windowBytes: number,
  ): number {
    if (offset > this.next) return this.#keep(memory, slab, at, offset, length, windowBytes);
    const end = offset + length;
    while (this.next < end) {
      const gapEnd = this.#spans.count > 0 ? Math.min(this.#spans.startOf(0), end) : end;
      if (gapEnd > this.next)
        this.#note(pieces, memory, slab, at + this.next - offset, gapEnd - this.next);
      if (this.#spans.count > 0 && this.#spans.startOf(0) <= this.next) {
        this.flush(pieces, memory, slab);
        this.#drain(memory);
      }
    }
    return NO_ERROR;
  }

  /** Copies the run of this batch into chunks. */
  flush(pieces: Pieces, memory: Memory, slab: Uint8Array): void {
    const { pairs } = pieces;
    let from = this.runStart;
    const end = from + this.runCount;
    let left = this.#runBytes;
    while (from < end) {
      let to = from;
      let bytes = 0;
      while (to < end && (to === from || bytes + pairs[2 * to + 1] <= CHUNK_BYTES_MAX)) {
        bytes += pairs[2 * to + 1];
        to++;
      }
      const chunk = memory.allocate(bytes);
      memory.gather(chunk, slab, pairs.subarray(2 * from, 2 * to), to - from);
      this.#chunks.push(chunk);
      from = to;
      left -= bytes;
    }
    this.#runBytes = left;
    this.runCount = 0;
  }

  /** The run is the application's already: delivered without a copy. */
  dropRun(): number {
    const bytes = this.#runBytes;
    this.runCount = 0;
    this.#runBytes = 0;
    this.bytesReadable -= bytes;
    return bytes;
  }

  /** Forgets everything that was not read; returns how many bytes in order that were. */
  clear(): number {
    const unread = this.bytesReadable;
    this.#chunks.length = 0;
    this.#head = 0;
    this.runCount = 0;
    this.#runBytes = 0;
    this.bytesReadable = 0;
    this.#spans.clear();
    this.#blocks = undefined;
    return unread;
  }

  #note(pieces: Pieces, memory: Memory, slab: Uint8Array, at: number, length: number): void {
    if (this.runCount > 0 && this.runStart + this.runCount !== pieces.count) {
      this.flush(pieces, memory, slab);
    }
    this.next += length;
    this.bytesReadable += length;
    if (pieces.isFull) {
      this.flush(pieces, memory, slab);
      const chunk = memory.allocate(length);
      chunk.set(slab.subarray(at, at + length));
      this.#chunks.push(chunk);
      return;
    }
    if (this.runCount === 0) this.runStart = pieces.count;
    pieces.add(at, length);
    this.runCount++;
    this.#runBytes += length;
  }

  /** Data ahead of a hole. */
  #keep(
    memory: Memory,
    slab: Uint8Array,
    at: number,
    offset: number,
    length: number,
    windowBytes: number,
  ): number {
    if (length === 0) return NO_ERROR;
    const end = offset + length;
    const spans = this.#spans;
    let from = offset;
    // What is there already stays: only the holes are filled.
    for (let index = spans.firstAtOrAfter(offset); from < end; index++) {
      const start = index < spans.count ? spans.startOf(index) : end;
      if (start > from) this.#store(memory, slab, at + from - offset, from, Math.min(start, end));
      if (index >= spans.count || start >= end) break;
      from = Math.max(from, spans.endOf(index));
    }
    spans.add(offset, end);
    return spans.count > SPANS_MIN + windowBytes / SPAN_BYTES ? EXCESSIVE_LOAD : NO_ERROR;
  }

  /** Copies [start, end) of the stream into blocks. */
  #store(memory: Memory, slab: Uint8Array, at: number, start: number, end: number): void {
    this.#blocks ??= new Map();
    let from = start;
    while (from < end) {
      const index = Math.floor(from / BLOCK_BYTES);
      const inBlock = from - index * BLOCK_BYTES;
      const size = Math.min(BLOCK_BYTES - inBlock, end - from);
      let block = this.#blocks.get(index);
      if (block === undefined) {
        block = memory.allocate(BLOCK_BYTES);
        this.#blocks.set(index, block);
      }
      const source = at + from - start;
      block.set(slab.subarray(source, source + size), inBlock);
      from += size;
    }
  }

  /** The hole in front of the first span has closed: its bytes become chunks, parts of blocks. */
  #drain(memory: Memory): void {
    const end = this.#spans.endOf(0);
    this.#spans.remove(0, end);
    const blocks = this.#blocks!;
    while (this.next < end) {
      const index = Math.floor(this.next / BLOCK_BYTES);
      const inBlock = this.next - index * BLOCK_BYTES;
      const size = Math.min(BLOCK_BYTES - inBlock, end - this.next);
      const block = blocks.get(index)!;
      const isDone = inBlock + size === BLOCK_BYTES || this.#spans.count === 0;
      if (inBlock + size === BLOCK_BYTES) blocks.delete(index);
      this.#chunks.push(
        isDone ? block.subarray(inBlock, inBlock + size) : copyOf(memory, block, inBlock, size),
      );
      this.next += size;
      this.bytesReadable += size;
    }
    if (this.#spans.count === 0) this.#blocks = undefined;
  }
}

/** A block in which another span still waits stays ours; the application may write into what it gets. */
function copyOf(memory: Memory, block: Uint8Array, at: number, size: number): Uint8Array {
  const chunk = memory.allocate(size);
  chunk.set(block.subarray(at, at + size));
  return chunk;
}
