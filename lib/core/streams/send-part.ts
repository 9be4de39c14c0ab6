/**
 * The sending half of a stream: chunks of the application, and what became of each byte (RFC 9000 section 3.1).
 *
 * Chunks are borrowed, not copied: until everything below their end is acknowledged. It writes no frame and knows no
 * credit of the connection; outgoing.ts asks what to send, sending.ts says what was acknowledged or lost.
 *
 * Invariants: released <= sent <= written, and every byte between released and sent is in flight, acknowledged out of
 * order, or waiting in `lost`.
 */

import { AS_DOUBLE } from '../doubles.js';
import { RangeSet } from '../range-set.js';

/** Freed places at the front of the chunk list before it is moved together. */
const COMPACT_AT = 64;

export class SendPart {
  /** Bytes that the peer takes (MAX_STREAM_DATA). */
  maxData = AS_DOUBLE;
  written = AS_DOUBLE;
  /** First byte that was never sent. */
  sent = AS_DOUBLE;
  /** All below is acknowledged: the chunks are the application's again. */
  released = AS_DOUBLE;
  /** Final size once the application has ended the stream; -1 before. */
  finAt = AS_DOUBLE;
  isFinSent = false;
  isFinAcked = false;
  /** The application's code once it has given up; -1 before. */
  resetCode = -1;
  isResetAcked = false;
  /** Of awaited.ts: a close waits for the bytes below that, -1 for nothing of it; and for the end. */
  dueBytes = AS_DOUBLE;
  isEndDue = false;
  readonly lost = new RangeSet();
  readonly #acked = new RangeSet();
  readonly #chunks: (Uint8Array | undefined)[] = [];
  readonly #ends: number[] = [AS_DOUBLE];
  /** First chunk that is not released. */
  #head = 0;
  /** Chunk that the last look-up ended in. */
  #cursor = 0;
  /** Stream offset of the first chunk in the list. */
  #base = AS_DOUBLE;
  /** Result of `locate`. */
  chunk: Uint8Array | undefined = undefined;
  chunkAt = 0;

  constructor(maxData: number) {
    this.maxData = maxData;
    this.written = 0;
    this.sent = 0;
    this.released = 0;
    this.finAt = -1;
    this.dueBytes = -1;
    this.#base = 0;
    this.#ends.length = 0;
  }

  /** Borrows the chunk until `released` is behind it. */
  write(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.written += chunk.byteLength;
    this.#chunks.push(chunk);
    this.#ends.push(this.written);
  }

  /** Nothing more is to be said: all is acknowledged, or the reset is. */
  get isDone(): boolean {
    if (this.resetCode >= 0) return this.isResetAcked;
    return this.isFinAcked && this.released === this.finAt;
  }

  /** Bytes that were never sent and that the peer's limit allows. */
  get fresh(): number {
    const end = this.written < this.maxData ? this.written : this.maxData;
    return end > this.sent ? end - this.sent : 0;
  }

  /** Whether a STREAM frame could be sent, the connection's credit aside. */
  get isSendable(): boolean {
    return this.resetCode < 0 && (this.fresh > 0 || this.isSendableWithoutCredit);
  }

  /** Whether one could be sent that takes nothing of the connection's credit: again, or nothing but the end. */
  get isSendableWithoutCredit(): boolean {
    if (this.resetCode >= 0) return false;
    if (this.lost.count > 0) return true;
    return this.finAt >= 0 && !this.isFinSent && this.sent === this.finAt;
  }

  /** The peer's limit for the stream is all that holds back the next byte. */
  get isHeldBack(): boolean {
    return this.resetCode < 0 && this.written > this.maxData && this.sent >= this.maxData;
  }

  /** [offset, offset + length) was acknowledged. True when chunks were released. */
  onAcked(offset: number, length: number): boolean {
    const end = offset + length;
    if (this.lost.count > 0 && length > 0) this.lost.remove(offset, end);
    if (offset > this.released) {
      if (length > 0) this.#acked.add(offset, end);
      return false;
    }
    if (end <= this.released) return false;
    this.released = end;
    this.#absorb();
    this.#drop();
    return true;
  }

  /** [offset, offset + length) was lost: what of it is not acknowledged is to be sent again. */
  onLost(offset: number, length: number): void {
    const start = offset < this.released ? this.released : offset;
    const end = offset + length;
    if (start >= end || this.resetCode >= 0) return;
    this.lost.add(start, end);
    const acked = this.#acked;
    for (let index = acked.firstAtOrAfter(start); index < acked.count; index++) {
      if (acked.startOf(index) >= end) break;
      this.lost.remove(acked.startOf(index), acked.endOf(index));
    }
  }

  /**
   * Finds the chunk that holds the byte at `offset`: `chunk` and `chunkAt`. Returns how many bytes of it lie there and
   * behind; 0 when the chunk is gone (its buffer was transferred away or made smaller).
   */
  locate(offset: number): number {
    const ends = this.#ends;
    let index = this.#cursor;
    if (index < this.#head || index >= ends.length || this.#startOf(index) > offset) {
      index = this.#search(this.#head, offset);
    } else if (ends[index] <= offset) {
      // Most often the next one; else far ahead, behind what was sent again.
      index++;
      if (ends[index] <= offset) index = this.#search(index + 1, offset);
    }
    this.#cursor = index;
    const chunk = this.#chunks[index]!;
    const start = this.#startOf(index);
    this.chunk = chunk;
    this.chunkAt = offset - start;
    const length = ends[index] - start;
    return chunk.byteLength === length ? length - this.chunkAt : 0;
  }

  /** Copies [offset, offset + length) to `at`. False when a chunk is gone. */
  copyTo(bytes: Uint8Array, at: number, offset: number, length: number): boolean {
    let done = 0;
    while (done < length) {
      const there = this.locate(offset + done);
      if (there === 0) return false;
      const size = Math.min(there, length - done);
      const chunk = this.chunk!;
      const isWhole = size === chunk.byteLength;
      bytes.set(isWhole ? chunk : chunk.subarray(this.chunkAt, this.chunkAt + size), at + done);
      done += size;
    }
    return true;
  }

  /** Gives up: nothing is sent again, all chunks are the application's. */
  reset(code: number): void {
    this.resetCode = code;
    this.clear();
  }

  /** Lets go of all chunks: nothing can be sent from now on. */
  clear(): void {
    this.lost.clear();
    this.#chunks.length = 0;
    this.#ends.length = 0;
    this.#head = 0;
    this.#cursor = 0;
    this.chunk = undefined;
  }

  /** The first chunk from `low` on that ends behind `offset`. */
  #search(low: number, offset: number): number {
    const ends = this.#ends;
    let from = low;
    let to = ends.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (ends[middle] > offset) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  #startOf(index: number): number {
    return index === 0 ? this.#base : this.#ends[index - 1];
  }

  /** Takes in what was acknowledged out of order and now touches. */
  #absorb(): void {
    const acked = this.#acked;
    while (acked.count > 0 && acked.startOf(0) <= this.released) {
      const end = acked.endOf(0);
      if (end > this.released) this.released = end;
      acked.remove(0, end);
    }
  }

  /** Forgets chunks that are released. */
  #drop(): void {
    const ends = this.#ends;
    while (this.#head < ends.length && ends[this.#head] <= this.released) {
      this.#chunks[this.#head++] = undefined;
    }
    if (this.#cursor < this.#head) this.chunk = undefined;
    if (this.#head < COMPACT_AT || this.#head * 2 < ends.length) return;
    this.#base = ends[this.#head - 1];
    this.#chunks.splice(0, this.#head);
    ends.splice(0, this.#head);
    this.#cursor = Math.max(this.#cursor - this.#head, 0);
    this.#head = 0;
  }
}
