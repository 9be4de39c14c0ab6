/**
 * A received batch as the application sees it.
 *
 * `BorrowedBatch` is the one object that every 'batch' event of a socket carries; `OwnedBatch` is a copy that its
 * holder keeps. Neither reads a socket. Called by `BatchReader`.
 *
 * Invariant: a borrowed batch shows bytes only between `fill` and `release`; afterwards it has length 0 and each
 * accessor throws, so late use fails at once and never shows another datagram's bytes.
 */

import {
  FLAG_ECN_MASK,
  FLAG_TRUNCATED,
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  REMOTE,
  ROW_SHIFT,
} from '../batch/layout.js';
import type { PacketBatch } from '../batch/packet-batch.js';
import type { AddressBook } from '../io/address-book.js';
import type { SocketAddress } from '../io/batch-socket.js';
import { outOfRange } from './errors.js';

/**
 * Datagrams that arrived together.
 *
 * In a 'batch' event it is borrowed until the listener returns (a listener that awaits has returned): keep bytes by
 * copying them, or all of it with `copy()`. From `for await` it is owned by whoever receives it.
 * Each method throws a RangeError with code ERR_OUT_OF_RANGE for an index that is not an integer from 0 to
 * `length - 1`.
 */
export interface ReceiveBatch {
  /** How many datagrams. */
  readonly length: number;
  /** The slab that holds all payloads. Borrowed or owned as the batch is. */
  readonly bytes: Uint8Array;
  /** Where datagram `index` begins in `bytes`. */
  offset(index: number): number;
  /** How many bytes it has: 0 to 65,527. */
  byteLength(index: number): number;
  /** Its bytes: a new view of `bytes`. Costs one small object; `offset` and `byteLength` cost none. */
  payload(index: number): Uint8Array;
  /** Where it came from: frozen, and the same object for the same peer while the peer is remembered. */
  remote(index: number): SocketAddress;
  /** The address it was sent to (IP_PKTINFO); the socket's own address where the engine cannot tell. */
  local(index: number): SocketAddress;
  /** The ECN field of its IP header (RFC 3168), 0 to 3; 0 where `engine.ecn` is false. */
  ecn(index: number): number;
  /** The kernel cut it: its bytes are incomplete. */
  truncated(index: number): boolean;
  /** All of it in memory of its own, as compact as can be. Transfers to the caller. */
  copy(): ReceiveBatch;
}

const POISON = 0xdb;

/** The batch of 'batch' events: one for each socket, filled again and again. */
export class BorrowedBatch implements ReceiveBatch {
  #length = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #buffer: ArrayBufferLike = this.#bytes.buffer;
  #base = 0;
  #rows: Int32Array = new Int32Array(0);
  readonly #book: AddressBook;
  readonly #bound: SocketAddress;

  /** @param book borrowed for as long as the batch lives @param bound what `local` says when nobody knows */
  constructor(book: AddressBook, bound: SocketAddress) {
    this.#book = book;
    this.#bound = bound;
  }

  /** Shows the first `length` rows of `received`. Borrows them until `release`. */
  fill(received: PacketBatch, length: number): void {
    if (this.#bytes !== received.bytes) {
      this.#bytes = received.bytes;
      this.#buffer = received.bytes.buffer;
      this.#base = received.bytes.byteOffset;
      this.#rows = received.rows;
    }
    this.#length = length;
  }

  /** Ends the loan. `poison`: overwrites the bytes, so that a view kept by mistake is seen to be wrong. */
  release(poison: boolean): void {
    if (poison && this.#bytes.byteLength > 0) {
      for (let index = 0; index < this.#length; index++) {
        const row = index << ROW_SHIFT;
        const offset = this.#rows[row + OFFSET];
        this.#bytes.fill(POISON, offset, offset + this.#rows[row + LENGTH]);
      }
    }
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    if (this.#length === 0) throw released();
    return this.#bytes;
  }

  offset(index: number): number {
    return this.#rows[this.#row(index) + OFFSET];
  }

  byteLength(index: number): number {
    return this.#rows[this.#row(index) + LENGTH];
  }

  payload(index: number): Uint8Array {
    const row = this.#row(index);
    const rows = this.#rows;
    return new Uint8Array(this.#buffer, this.#base + rows[row + OFFSET], rows[row + LENGTH]);
  }

  remote(index: number): SocketAddress {
    return this.#book.addressOf(this.#rows[this.#row(index) + REMOTE]);
  }

  local(index: number): SocketAddress {
    const id = this.#rows[this.#row(index) + LOCAL];
    return id === 0 ? this.#bound : this.#book.addressOf(id);
  }

  ecn(index: number): number {
    return this.#rows[this.#row(index) + FLAGS] & FLAG_ECN_MASK;
  }

  truncated(index: number): boolean {
    return (this.#rows[this.#row(index) + FLAGS] & FLAG_TRUNCATED) !== 0;
  }

  copy(): OwnedBatch {
    const length = this.#length;
    if (length === 0) throw released();
    const rows = this.#rows;
    const facts = new Int32Array(length * FACTS);
    const remotes = new Array<SocketAddress>(length);
    const locals = new Array<SocketAddress>(length);
    let size = 0;
    for (let index = 0; index < length; index++) {
      const row = index << ROW_SHIFT;
      const fact = index * FACTS;
      facts[fact] = size;
      facts[fact + 1] = rows[row + LENGTH];
      facts[fact + 2] = rows[row + FLAGS];
      remotes[index] = this.remote(index);
      locals[index] = this.local(index);
      size += rows[row + LENGTH];
    }
    const bytes = new Uint8Array(size);
    this.#copyBytes(bytes);
    return new OwnedBatch(bytes, facts, remotes, locals);
  }

  /** Copies the payloads back to back; those that lie back to back already (trains) in one go. */
  #copyBytes(to: Uint8Array): void {
    const rows = this.#rows;
    const last = this.#length - 1;
    let written = 0;
    let start = rows[OFFSET];
    for (let index = 0; index <= last; index++) {
      const row = index << ROW_SHIFT;
      const end = rows[row + OFFSET] + rows[row + LENGTH];
      const next = index === last ? -1 : rows[row + (1 << ROW_SHIFT) + OFFSET];
      if (next === end) continue;
      to.set(new Uint8Array(this.#buffer, this.#base + start, end - start), written);
      written += end - start;
      start = next;
    }
  }

  #row(index: number): number {
    if (index >>> 0 !== index || index >= this.#length) throw badIndex(index, this.#length);
    return index << ROW_SHIFT;
  }
}

/** Places of one datagram in the facts of an owned batch: offset, length, flags. */
const FACTS = 3;

/** A batch in memory of its own. Its addresses were resolved when it was made and stay right. */
export class OwnedBatch implements ReceiveBatch {
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly #facts: Int32Array;
  readonly #remotes: readonly SocketAddress[];
  readonly #locals: readonly SocketAddress[];

  constructor(
    bytes: Uint8Array,
    facts: Int32Array,
    remotes: readonly SocketAddress[],
    locals: readonly SocketAddress[],
  ) {
    this.length = remotes.length;
    this.bytes = bytes;
    this.#facts = facts;
    this.#remotes = remotes;
    this.#locals = locals;
  }

  offset(index: number): number {
    return this.#facts[this.#check(index) * FACTS];
  }

  byteLength(index: number): number {
    return this.#facts[this.#check(index) * FACTS + 1];
  }

  payload(index: number): Uint8Array {
    const fact = this.#check(index) * FACTS;
    return this.bytes.subarray(this.#facts[fact], this.#facts[fact] + this.#facts[fact + 1]);
  }

  remote(index: number): SocketAddress {
    return this.#remotes[this.#check(index)];
  }

  local(index: number): SocketAddress {
    return this.#locals[this.#check(index)];
  }

  ecn(index: number): number {
    return this.#facts[this.#check(index) * FACTS + 2] & FLAG_ECN_MASK;
  }

  truncated(index: number): boolean {
    return (this.#facts[this.#check(index) * FACTS + 2] & FLAG_TRUNCATED) !== 0;
  }

  copy(): OwnedBatch {
    return new OwnedBatch(this.bytes.slice(), this.#facts, this.#remotes, this.#locals);
  }

  #check(index: number): number {
    if (index >>> 0 !== index || index >= this.length) throw badIndex(index, this.length);
    return index;
  }
}

function badIndex(index: unknown, length: number): RangeError {
  if (length === 0) return released();
  return outOfRange('index', `an integer from 0 to ${length - 1}`, index);
}

function released(): RangeError {
  return Object.assign(
    new RangeError('the batch was released when its listener returned; keep it with copy()'),
    { code: 'ERR_OUT_OF_RANGE' },
  );
}
