/**
 * A batch to send, filled in place: reserve, write, flush.
 *
 * It owns one slab and one table of rows, allocated once. Equal sizes to one destination lie back to back and so
 * form trains by themselves. Called by the application; made by `UdpSocket.createSendBatch`.
 *
 * Invariants: every pending row lies inside the slab and holds a pin on its peer, so that no flood of new sources
 * can give its id away; a row leaves the batch exactly when the engine has settled it, or by `clear`.
 */

import {
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  PEER_INTS,
  PEER_PINS,
  REMOTE,
  ROW_INTS,
  ROW_SHIFT,
  STATUS,
} from '../batch/layout.js';
import type { AddressBook, AddressLike } from '../io/address-book.js';
import type { BatchSocket } from '../io/batch-socket.js';
import { checkInteger, resolveAddress, SendMarks, type SendOptions } from './destination.js';
import { detachedBuffer, socketClosed, withCode } from './errors.js';
import { type OptionTable, parseOptions } from './option-table.js';
import { FailureList, type SendingSocket, type SendOutcome } from './send-outcome.js';
import { resolveSource } from './source-address.js';

/** The largest UDP payload over IPv6 without options (RFC 8200); over IPv4 it is 65,507. */
const PAYLOAD_MAX = 65527;

/** Options of `createSendBatch`. */
export interface SendBatchOptions {
  /** How many datagrams fit, 1 to 65,536. Default 1,024. */
  readonly datagrams?: number | undefined;
  /** How many bytes fit, 1 to 256 MiB. Default 1 MiB. */
  readonly bytes?: number | undefined;
}

/** The rules behind `SendBatchOptions`. */
export const SEND_BATCH_OPTIONS = {
  datagrams: { kind: 'integer', default: 1024, min: 1, max: 65536, doc: 'how many datagrams fit' },
  bytes: {
    kind: 'integer',
    default: 1 << 20,
    min: 1,
    max: 1 << 28,
    unit: 'bytes',
    doc: 'how many bytes fit',
  },
} as const satisfies OptionTable;

export class SendBatch {
  readonly #socket: SendingSocket;
  readonly #engine: BatchSocket;
  readonly #book: AddressBook;
  readonly #outcome: SendOutcome;
  readonly #columns: Int32Array;
  readonly #marks = new SendMarks();
  readonly #rows: Int32Array;
  readonly #capacity: number;
  readonly #slabBytes: number;
  #slab: Uint8Array<ArrayBuffer>;
  /** Rows `#head` to `#tail` are pending; their bytes end at `#end`. */
  #head = 0;
  #tail = 0;
  #end = 0;

  /** @throws OptionError */
  constructor(socket: SendingSocket, options: unknown) {
    const { datagrams, bytes } = parseOptions(
      'createSendBatch',
      SEND_BATCH_OPTIONS,
      options,
    ).values;
    this.#socket = socket;
    this.#engine = socket.engine;
    this.#book = socket.book;
    this.#outcome = socket.outcome;
    this.#columns = socket.engine.peers.columns;
    this.#capacity = datagrams;
    this.#slabBytes = bytes;
    this.#rows = new Int32Array(datagrams * ROW_INTS);
    this.#slab = new Uint8Array(bytes);
  }

  /** Datagrams that wait to be sent. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /**
   * Whether `reserve(byteLength, ...)` would find room now.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE, RangeError ERR_OUT_OF_RANGE: not an integer of 0 or more
   */
  fits(byteLength: number): boolean {
    checkInteger(byteLength, 0, Number.MAX_SAFE_INTEGER, 'byteLength');
    return this.#tail < this.#capacity && this.#end + byteLength <= this.#slabBytes;
  }

  /**
   * Makes room for one datagram and gives the bytes to write it into, right behind the datagram reserved before.
   * The view is borrowed until the next `flush` or `clear`; its old content is not erased.
   *
   * @param byteLength 0 to 65,527; more than the destination's IP version can carry fails in `flush` (EMSGSIZE)
   * @param to its destination; read now
   * @throws RangeError ERR_BATCH_FULL when there is no room (see `fits`), ERR_OUT_OF_RANGE; TypeError
   *   ERR_INVALID_ARG_TYPE, ERR_INVALID_ADDRESS, ERR_DETACHED_BUFFER (its memory was transferred away: `clear()`
   *   brings new one); Error ERR_SOCKET_CLOSED, ERR_PEERS_FULL; OptionError
   */
  reserve(byteLength: number, to: AddressLike, options?: SendOptions): Uint8Array {
    const offset = this.reserveOffset(byteLength, to, options);
    return new Uint8Array(this.#slab.buffer, offset, byteLength);
  }

  /**
   * The same without an object for each datagram: returns where in `bytes` its `byteLength` bytes begin.
   *
   * @throws as `reserve`
   */
  reserveOffset(byteLength: number, to: AddressLike, options?: SendOptions): number {
    if (this.#socket.isClosed()) throw socketClosed('reserve');
    checkInteger(byteLength, 0, PAYLOAD_MAX, 'byteLength');
    this.#marks.read(options);
    const { ecn, from } = this.#marks;
    const remote = resolveAddress(this.#book, to, 'to');
    const source = resolveSource(this.#engine, this.#book, from, remote);
    // No application code from here on: what is checked now holds.
    if (this.#socket.isClosed()) throw socketClosed('reserve');
    if (this.#slab.byteLength === 0) throw detachedBuffer('reserve');
    if (!this.fits(byteLength)) throw this.#full(byteLength);
    const offset = this.#end;
    const rows = this.#rows;
    const row = this.#tail << ROW_SHIFT;
    rows[row + OFFSET] = offset;
    rows[row + LENGTH] = byteLength;
    rows[row + FLAGS] = ecn;
    rows[row + STATUS] = 0;
    rows[row + REMOTE] = remote;
    rows[row + LOCAL] = source;
    this.#columns[remote * PEER_INTS + PEER_PINS]++;
    if (source !== 0) this.#columns[source * PEER_INTS + PEER_PINS]++;
    this.#tail++;
    this.#end = offset + byteLength;
    return offset;
  }

  /** The slab that `reserveOffset` points into. Borrowed until the next `flush` or `clear`. */
  get bytes(): Uint8Array {
    return this.#slab;
  }

  /**
   * Sends what is pending. Failed datagrams are reported by 'datagramError', where `index` is the place in this
   * flush, and leave the batch like those that were taken; the rest stays pending. Views from `reserve` are no longer
   * valid: what stays may be moved to the front.
   *
   * @returns how many datagrams the kernel took; fewer than `length` was: a 'drain' follows
   * @throws Error ERR_SOCKET_CLOSED, TypeError ERR_DETACHED_BUFFER
   */
  flush(): number {
    if (this.#socket.isClosed()) throw socketClosed('flush');
    const given = this.length;
    if (given === 0) return 0;
    if (this.#slab.byteLength === 0) throw detachedBuffer('flush');
    const head = this.#head;
    const failures = this.#outcome.failures;
    const settled = this.#engine.send(this.#slab, this.#rows, head, this.#tail);
    const clean = this.#outcome.failures === failures;
    if (clean && settled === given) {
      this.#release(settled);
      return settled;
    }
    const failed = new FailureList();
    if (!clean) this.#outcome.collect(this.#rows, head, head + settled, -head, failed);
    this.#release(settled);
    this.#outcome.finish(settled < given, failed);
    return settled - failed.count;
  }

  /** Forgets what is pending. */
  clear(): void {
    this.#release(this.length);
    if (this.#slab.byteLength === 0) this.#slab = new Uint8Array(this.#slabBytes);
  }

  #full(byteLength: number): RangeError {
    const text = `reserve: no room for ${byteLength} bytes: ${this.length} datagrams are pending (at most ${this.#capacity}, ${this.#slabBytes} bytes); flush, and wait for 'drain' when it takes none`;
    return withCode(new RangeError(text), 'ERR_BATCH_FULL');
  }

  /** Takes the first `count` pending rows out of the batch. */
  #release(count: number): void {
    const rows = this.#rows;
    const columns = this.#columns;
    for (let index = this.#head; index < this.#head + count; index++) {
      const row = index << ROW_SHIFT;
      columns[rows[row + REMOTE] * PEER_INTS + PEER_PINS]--;
      const source = rows[row + LOCAL];
      if (source !== 0) columns[source * PEER_INTS + PEER_PINS]--;
    }
    this.#head += count;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
      this.#end = 0;
    } else {
      this.#compact();
    }
  }

  /** Moves what is pending to the front, but only when it is less than what became free: each byte moves seldom. */
  #compact(): void {
    const rows = this.#rows;
    const start = rows[(this.#head << ROW_SHIFT) + OFFSET];
    const pending = this.length;
    if (pending > this.#head || this.#end - start > start) return;
    this.#slab.copyWithin(0, start, this.#end);
    rows.copyWithin(0, this.#head << ROW_SHIFT, this.#tail << ROW_SHIFT);
    for (let index = 0; index < pending; index++) rows[(index << ROW_SHIFT) + OFFSET] -= start;
    this.#head = 0;
    this.#tail = pending;
    this.#end -= start;
  }
}
