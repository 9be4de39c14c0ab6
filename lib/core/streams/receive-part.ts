/**
 * The receiving half of a stream: puts bytes in order and keeps them until the application reads (RFC 9000 section 3.2).
 *
 * In-order data of a batch is noted where it lies and copied once when the batch ends; data ahead of a hole is copied at
 * once (reassembly.ts). Limits and final size are checked by incoming.ts before. Called by incoming.ts.
 *
 * Invariants: bytes come out in order, each once, and never change once received: the first that came wins; what small
 * pieces cost beyond their bytes is bounded.
 */

import { AS_DOUBLE } from '../doubles.js';
import type { Memory } from '../ports.js';
import type { Pieces } from './pieces.js';
import { Reassembly } from './reassembly.js';

/** Longest chunk that the application gets: longer ones cost page faults. */
const CHUNK_BYTES_MAX = 128 << 10;
/** With that many chunks unread, small ones are put together: an array for each byte would be a hundred times its size. */
const LOOSE_CHUNKS = 8;
const SMALL_BYTES = 4 << 10;
const TAIL_BYTES = 16 << 10;

export class ReceivePart {
  /** Next byte in order. */
  next = AS_DOUBLE;
  /** Behind the highest byte that came. */
  highest = AS_DOUBLE;
  /** -1 until the end is known. */
  finalSize = AS_DOUBLE;
  /** The peer's code after RESET_STREAM; -1 before. */
  resetCode = -1;
  /** The application wants no more. */
  isStopped = false;
  /** Bytes in order that wait to be read: in chunks, and in pieces of the batch. */
  bytesReadable = 0;
  /** Pieces of this batch that are not in chunks yet: a chain. */
  runCount = 0;
  #runFirst = 0;
  #runLast = -1;
  readonly #chunks: Uint8Array[] = [];
  #head = 0;
  #ahead: Reassembly | undefined = undefined;
  /** The last chunk is the front of this array, up to `#tailUsed`; undefined: it stands alone. */
  #tail: Uint8Array | undefined = undefined;
  #tailUsed = 0;

  constructor() {
    this.next = 0;
    this.highest = 0;
    this.finalSize = -1;
  }

  /** All bytes have come. */
  get isComplete(): boolean {
    return this.finalSize >= 0 && this.next === this.finalSize;
  }

  /** Disjoint spans that wait for a hole to close. */
  get spans(): number {
    return this.#ahead === undefined ? 0 : this.#ahead.spans.count;
  }

  /** Next chunk in order; undefined when none is there. Transferred. */
  read(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    this.#head++;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
      this.#tail = undefined;
    } else if (this.#head >= 64 && 2 * this.#head > this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
    this.bytesReadable -= chunk.byteLength;
    return chunk;
  }

  /** All that is there as one array, transferred: a whole message. */
  takeAll(memory: Memory): Uint8Array {
    const total = this.bytesReadable;
    const first = this.#chunks[this.#head];
    let whole = first;
    if (first === undefined || first.byteLength !== total) {
      whole = memory.allocate(total);
      for (let index = this.#head, at = 0; index < this.#chunks.length; index++) {
        whole.set(this.#chunks[index], at);
        at += this.#chunks[index].byteLength;
      }
    }
    this.clear();
    return whole;
  }

  /** Data at `offset` of the stream, `length` bytes at `at` of the slab. Nothing is beyond a limit. */
  accept(
    pieces: Pieces,
    memory: Memory,
    slab: Uint8Array,
    at: number,
    offset: number,
    length: number,
  ): void {
    const end = offset + length;
    if (offset > this.next) {
      this.#ahead ??= new Reassembly();
      this.#ahead.keep(memory, slab, at, offset, length);
    } else if (this.spans === 0) {
      if (end > this.next) {
        this.#note(pieces, memory, slab, at + this.next - offset, end - this.next);
      }
    } else {
      this.#fill(this.#ahead!, pieces, memory, slab, at, offset, end);
    }
  }

  /** The first byte is not for the application: it is passed over. */
  skipFirst(memory: Memory): void {
    this.next = 1;
    const ahead = this.#ahead;
    if (ahead !== undefined && this.spans > 0 && ahead.spans.startOf(0) <= 1) {
      this.#drain(ahead, memory);
    }
  }

  /** Copies the pieces of this batch into chunks. */
  flush(pieces: Pieces, memory: Memory, slab: Uint8Array): void {
    const { pairs, following } = pieces;
    while (this.runCount > 0) {
      const first = this.#runFirst;
      let last = first;
      let count = 1;
      let bytes = pairs[2 * first + 1];
      while (count < this.runCount) {
        const next = following[last];
        if (bytes + pairs[2 * next + 1] > CHUNK_BYTES_MAX) break;
        bytes += pairs[2 * next + 1];
        last = next;
        count++;
      }
      const target = this.#room(memory, bytes);
      if (count === 1) target.set(slab.subarray(pairs[2 * first], pairs[2 * first] + bytes));
      else memory.gather(target, slab, pieces.collect(first, last, count), count);
      this.runCount -= count;
      this.#runFirst = following[last];
    }
    this.#runLast = -1;
  }

  /** Takes the first piece that is in no chunk: its number. It counts as read. Only when there is no chunk before it. */
  takePiece(pieces: Pieces): number {
    const index = this.#runFirst;
    this.#runFirst = pieces.following[index];
    this.runCount--;
    if (this.runCount === 0) this.#runLast = -1;
    this.bytesReadable -= pieces.pairs[2 * index + 1];
    return index;
  }

  /** Forgets everything that was not read; returns how many bytes in order that were. */
  clear(): number {
    const unread = this.bytesReadable;
    this.#chunks.length = 0;
    this.#head = 0;
    this.#tail = undefined;
    this.runCount = 0;
    this.#runLast = -1;
    this.bytesReadable = 0;
    this.#ahead = undefined;
    return unread;
  }

  /** In-order data: noted, not copied. */
  #note(pieces: Pieces, memory: Memory, slab: Uint8Array, at: number, length: number): void {
    this.next += length;
    this.bytesReadable += length;
    if (pieces.isFull) {
      this.flush(pieces, memory, slab);
      this.#room(memory, length).set(slab.subarray(at, at + length));
      return;
    }
    const index = pieces.add(at, length, this.#runLast);
    if (this.runCount++ === 0) this.#runFirst = index;
    this.#runLast = index;
  }

  /** In-order data while other data waits ahead: only what is new of it. */
  #fill(
    ahead: Reassembly,
    pieces: Pieces,
    memory: Memory,
    slab: Uint8Array,
    at: number,
    offset: number,
    end: number,
  ): void {
    const { spans } = ahead;
    while (this.next < end) {
      const holeEnd = spans.count > 0 ? Math.min(spans.startOf(0), end) : end;
      this.#note(pieces, memory, slab, at + this.next - offset, holeEnd - this.next);
      if (spans.count === 0 || spans.startOf(0) > this.next) continue;
      this.flush(pieces, memory, slab);
      this.#drain(ahead, memory);
    }
  }

  /** The hole in front of the first span has closed: its bytes become chunks. */
  #drain(ahead: Reassembly, memory: Memory): void {
    const end = ahead.open();
    while (this.next < end) {
      const bytes = ahead.cut(memory, this.next, end);
      const size = bytes.byteLength;
      this.next += size;
      this.bytesReadable += size;
      if (size < SMALL_BYTES && this.#isCrowded()) {
        this.#room(memory, size).set(bytes);
      } else {
        this.#chunks.push(bytes);
        this.#tail = undefined;
      }
    }
  }

  #isCrowded(): boolean {
    return this.#chunks.length - this.#head >= LOOSE_CHUNKS;
  }

  /** Room for `bytes` more at the end of the chunks: a chunk of its own, or the last one made longer. */
  #room(memory: Memory, bytes: number): Uint8Array {
    if (bytes >= SMALL_BYTES || !this.#isCrowded()) {
      const chunk = memory.allocate(bytes);
      this.#chunks.push(chunk);
      this.#tail = undefined;
      return chunk;
    }
    const isNew = this.#tail === undefined || this.#tailUsed + bytes > TAIL_BYTES;
    if (isNew) {
      this.#tail = memory.allocate(TAIL_BYTES);
      this.#tailUsed = 0;
    }
    const tail = this.#tail!;
    const from = this.#tailUsed;
    this.#tailUsed += bytes;
    const chunk = tail.subarray(0, this.#tailUsed);
    if (isNew) this.#chunks.push(chunk);
    else this.#chunks[this.#chunks.length - 1] = chunk;
    return tail.subarray(from, this.#tailUsed);
  }
}
