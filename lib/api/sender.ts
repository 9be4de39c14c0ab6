/**
 * The sending half of a socket: one datagram, many payloads, or one buffer cut into segments.
 *
 * It holds nothing back: what the kernel does not take stays with the caller. Called by `UdpSocket`.
 *
 * Invariants: application code (getters, Proxies) runs only while arguments are read; then everything is checked;
 * only then rows are filled and the engine is called. So a misuse throws before anything was sent, and no buffer can
 * be taken away between its check and its use. Nothing is allocated for a datagram in steady state.
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
import type { AddressBook } from '../io/address-book.js';
import type { BatchSocket } from '../io/batch-socket.js';
import { byteLengthOf } from '../io/true-bytes.js';
import { assertAttached, bytesOf, checkInteger, resolveAddress, SendMarks } from './destination.js';
import { outOfRange, socketClosed, wrongType } from './errors.js';
import { FailureList, type SendingSocket, type SendOutcome } from './send-outcome.js';
import { resolveSource } from './source-address.js';

/** Rows handed to the engine at once: a table of 64 KiB stays in the cache. */
const CHUNK_ROWS = 1024;
/** Payload and id places that are kept between calls. */
const KEPT_PLACES = 16384;
/** The longest train the engine makes (UDP_MAX_SEGMENTS of older kernels). */
const TRAIN_SEGMENTS = 64;
const TRAIN_BYTES = 65507;
const SEGMENT_MAX = 65527;
/** Offsets are int32. */
const SLAB_MAX = 0x7fffffff;
const EMPTY = new Uint8Array(0);

/** Where one `sendBatch` keeps what it read from its arguments. */
class Snapshot {
  busy = false;
  readonly payloads: Uint8Array[] = [];
  count = 0;
  ecn = 0;
  /** The source's id, or 0. */
  source = 0;
  /** The one destination of all, or 0: then `ids` has one for each. */
  shared = 0;
  ids = new Int32Array(CHUNK_ROWS);
  /** How many of `ids` are held by a pin. */
  pinned = 0;

  setId(index: number, id: number): void {
    if (index === this.ids.length) {
      const larger = new Int32Array(index * 2);
      larger.set(this.ids);
      this.ids = larger;
    }
    this.ids[index] = id;
  }

  /** Lets go of the caller's buffers, and of places that only a huge call needs. */
  forget(): void {
    if (this.payloads.length > KEPT_PLACES) {
      this.payloads.length = 0;
      this.ids = new Int32Array(CHUNK_ROWS);
    } else {
      this.payloads.fill(EMPTY, 0, this.count);
    }
    this.pinned = 0;
    this.busy = false;
  }
}

export class Sender {
  readonly #socket: SendingSocket;
  readonly #engine: BatchSocket;
  readonly #book: AddressBook;
  readonly #outcome: SendOutcome;
  readonly #columns: Int32Array;
  readonly #rows = new Int32Array(CHUNK_ROWS * ROW_INTS);
  readonly #marks = new SendMarks();
  readonly #snapshot = new Snapshot();

  constructor(socket: SendingSocket) {
    this.#socket = socket;
    this.#engine = socket.engine;
    this.#book = socket.book;
    this.#outcome = socket.outcome;
    this.#columns = socket.engine.peers.columns;
  }

  /** @returns 1 when the kernel took the datagram, else 0 */
  send(payload: unknown, to: unknown, options: unknown): number {
    this.#assertOpen('send');
    const bytes = bytesOf(payload, 'payload');
    this.#marks.read(options);
    const { ecn, from } = this.#marks;
    const remote = resolveAddress(this.#book, to, 'to');
    const source = resolveSource(this.#engine, this.#book, from, remote);
    assertAttached(bytes, 'payload');
    this.#assertOpen('send');
    // The payload is a slab of one row: nothing to collect, nothing to copy.
    this.#rows[OFFSET] = 0;
    this.#rows[LENGTH] = Math.min(byteLengthOf(bytes), SLAB_MAX);
    fillRow(this.#rows, 0, ecn, remote, source);
    const failures = this.#outcome.failures;
    const settled = this.#engine.send(bytes, this.#rows, 0, 1);
    if (settled === 1 && this.#outcome.failures === failures) return 1;
    const failed = new FailureList();
    this.#outcome.collect(this.#rows, 0, settled, 0, failed);
    this.#outcome.finish(settled < 1, failed);
    return settled - failed.count;
  }

  /** @returns how many of the payloads the kernel took */
  sendBatch(payloads: unknown, to: unknown, options: unknown): number {
    this.#assertOpen('sendBatch');
    // A getter in the arguments may send on this socket: the inner call then brings its own places.
    const snapshot = this.#snapshot.busy ? new Snapshot() : this.#snapshot;
    snapshot.busy = true;
    const failed = new FailureList();
    let settled = 0;
    let given = 0;
    try {
      this.#read(snapshot, payloads, to, options);
      given = snapshot.count;
      settled = this.#sendSnapshot(snapshot, failed);
    } finally {
      this.#unpin(snapshot);
      snapshot.forget();
    }
    const taken = settled - failed.count;
    if (taken < given) this.#outcome.finish(settled < given, failed);
    return taken;
  }

  /** @returns how many of the segments the kernel took */
  sendSegments(payload: unknown, segmentSize: unknown, to: unknown, options: unknown): number {
    this.#assertOpen('sendSegments');
    const bytes = bytesOf(payload, 'bytes');
    const size = checkInteger(segmentSize, 1, SEGMENT_MAX, 'segmentSize');
    this.#marks.read(options);
    const { ecn, from } = this.#marks;
    const remote = resolveAddress(this.#book, to, 'to');
    const source = resolveSource(this.#engine, this.#book, from, remote);
    assertAttached(bytes, 'bytes');
    this.#assertOpen('sendSegments');
    const end = byteLengthOf(bytes);
    if (end > SLAB_MAX) throw outOfRange('bytes.byteLength', `at most ${SLAB_MAX}`, end);
    const given = Math.ceil(end / size);
    const smooth = this.#engine.sendSegments(bytes, end, size, remote, source, ecn);
    if (smooth === given) return given;
    const failed = new FailureList();
    const settled = this.#sendCut(bytes, end, size, smooth, given, ecn, remote, source, failed);
    const taken = settled - failed.count;
    if (taken < given) this.#outcome.finish(settled < given, failed);
    return taken;
  }

  /** Reads all arguments of `sendBatch`; application code runs in here and nowhere after. */
  #read(snapshot: Snapshot, payloads: unknown, to: unknown, options: unknown): void {
    if (!Array.isArray(payloads)) throw wrongType('payloads', 'an array', payloads);
    this.#marks.read(options);
    const { ecn, from } = this.#marks;
    // A Proxy may claim any length.
    const count = checkInteger(payloads.length, 0, 0xffffffff, 'payloads.length');
    snapshot.count = count;
    for (let index = 0; index < count; index++) {
      snapshot.payloads[index] = bytesOf(payloads[index], 'payloads[i]');
    }
    snapshot.ecn = ecn;
    snapshot.shared = 0;
    snapshot.source = 0;
    if (Array.isArray(to)) this.#readEach(snapshot, to);
    else snapshot.shared = resolveAddress(this.#book, to, 'to');
    if (count > 0) {
      const first = snapshot.shared === 0 ? snapshot.ids[0] : snapshot.shared;
      snapshot.source = resolveSource(this.#engine, this.#book, from, first);
    }
    for (let index = 0; index < count; index++) {
      if (byteLengthOf(snapshot.payloads[index]) === 0) {
        assertAttached(snapshot.payloads[index], 'payloads[i]');
      }
    }
    this.#assertOpen('sendBatch');
  }

  /** Checked again after the arguments were read: a getter among them may have closed the socket. */
  #assertOpen(call: string): void {
    if (this.#socket.isClosed()) throw socketClosed(call);
  }

  #readEach(snapshot: Snapshot, to: readonly unknown[]): void {
    const { count } = snapshot;
    if (to.length !== count) {
      throw outOfRange('to.length', `${count}, one address for each payload`, to.length);
    }
    for (let index = 0; index < count; index++) {
      const id = resolveAddress(this.#book, to[index], 'to[i]');
      // Held, so that a later address of this call cannot take its id.
      this.#columns[id * PEER_INTS + PEER_PINS]++;
      snapshot.setId(index, id);
      snapshot.pinned = index + 1;
    }
  }

  #unpin(snapshot: Snapshot): void {
    for (let index = 0; index < snapshot.pinned; index++) {
      this.#columns[snapshot.ids[index] * PEER_INTS + PEER_PINS]--;
    }
  }

  /** Sends what was read, a chunk of rows at a time. Returns how many are settled. */
  #sendSnapshot(snapshot: Snapshot, failed: FailureList): number {
    const { payloads, count, ecn, source, shared, ids } = snapshot;
    const rows = this.#rows;
    let base = 0;
    while (base < count) {
      const length = Math.min(CHUNK_ROWS, count - base);
      for (let index = 0; index < length; index++) {
        fillRow(rows, index, ecn, shared === 0 ? ids[base + index] : shared, source);
      }
      // The payloads of row i lie in place i: later chunks move to the front.
      if (base > 0) {
        for (let index = 0; index < length; index++) payloads[index] = payloads[base + index];
      }
      const failures = this.#outcome.failures;
      const settled = this.#engine.sendViews(payloads, rows, 0, length);
      if (this.#outcome.failures !== failures) {
        this.#outcome.collect(rows, 0, settled, base, failed);
      }
      base += settled;
      if (settled < length) break;
    }
    return base;
  }

  /** Sends segments `base` to `given` by rows. Returns how many of all are settled. */
  #sendCut(
    bytes: Uint8Array,
    end: number,
    size: number,
    base: number,
    given: number,
    ecn: number,
    remote: number,
    source: number,
    failed: FailureList,
  ): number {
    const rows = this.#rows;
    // Whole trains only, so that the end of a chunk cuts none.
    const train = Math.max(1, Math.min(TRAIN_SEGMENTS, Math.floor(TRAIN_BYTES / size)));
    const chunk = CHUNK_ROWS - (CHUNK_ROWS % train);
    let next = base;
    while (next < given) {
      const length = Math.min(chunk, given - next);
      for (let index = 0; index < length; index++) {
        const offset = (next + index) * size;
        const row = index << ROW_SHIFT;
        rows[row + OFFSET] = offset;
        rows[row + LENGTH] = Math.min(size, end - offset);
        fillRow(rows, index, ecn, remote, source);
      }
      const failures = this.#outcome.failures;
      const settled = this.#engine.send(bytes, rows, 0, length);
      if (this.#outcome.failures !== failures) {
        this.#outcome.collect(rows, 0, settled, next, failed);
      }
      next += settled;
      if (settled < length) break;
    }
    return next;
  }
}

/** Everything of a row but where its bytes lie. */
function fillRow(
  rows: Int32Array,
  index: number,
  ecn: number,
  remote: number,
  source: number,
): void {
  const row = index << ROW_SHIFT;
  rows[row + FLAGS] = ecn;
  rows[row + STATUS] = 0;
  rows[row + REMOTE] = remote;
  rows[row + LOCAL] = source;
}
