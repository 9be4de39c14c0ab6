/**
 * What becomes of the datagrams of one send call: failures are reported, a short count is followed by 'drain'.
 *
 * It sends nothing itself. Called by `Sender` and `SendBatch` after each call of the engine, and by the engine when
 * there is room again.
 *
 * Invariants: each failed datagram is reported once, before the call that sent it returns; listeners run only after
 * the caller's own state is settled; what a listener throws never costs the caller its count. Every short count is
 * followed by one 'drain', except when the socket is closed first.
 */

import {
  COUNT_SEND_FAILURES,
  REMOTE,
  ROW_SHIFT,
  STATUS,
  STATUS_SOURCE_GONE,
} from '../batch/layout.js';
import type { AddressBook } from '../io/address-book.js';
import type { BatchSocket, SocketAddress } from '../io/batch-socket.js';
import { errnoName } from './errno-name.js';
import { throwLater } from './errors.js';

/** One datagram that could not be sent; the others of its call are not touched by it. */
export interface DatagramError {
  /**
   * Its place in the call: of `payloads`, of the segments, of the datagrams of this flush; 0 for `send`. -1: the
   * engine heard of it only after the call had returned (dgram engine).
   */
  readonly index: number;
  /** 'EMSGSIZE', 'ECONNREFUSED', 'EPERM', ...; 'ESRCGONE': `from` is not an address of this machine (any more). */
  readonly code: string;
  /** The error number as Node gives it: negative. */
  readonly errno: number;
  /** Where it was to go. */
  readonly remote: SocketAddress;
}

/** How the socket tells its listeners. */
export interface OutcomeEvents {
  /** False when nobody listens: failures are then only counted. */
  wantsErrors(): boolean;
  datagramError(error: DatagramError): void;
  drain(): void;
}

const EINVAL = 22;
const NO_DRAIN = 0;
const DRAIN_BY_IMMEDIATE = 1;
const DRAIN_BY_ENGINE = 2;

/** What every way to send needs of its socket. */
export interface SendingSocket {
  readonly engine: BatchSocket;
  readonly book: AddressBook;
  readonly outcome: SendOutcome;
  isClosed(): boolean;
}

/** Failures of one call of a sender. */
export class FailureList {
  /** How many rows failed. */
  count = 0;
  /** Their descriptions; empty when nobody listens. */
  readonly errors: DatagramError[] = [];
}

export class SendOutcome {
  readonly #counters: Float64Array;
  readonly #book: AddressBook;
  readonly #events: OutcomeEvents;
  #drainBy = NO_DRAIN;
  #immediate: NodeJS.Immediate | undefined = undefined;
  #closed = false;

  constructor(engine: BatchSocket, book: AddressBook, events: OutcomeEvents) {
    this.#counters = engine.counters;
    this.#book = book;
    this.#events = events;
  }

  /** The engine's count of failed datagrams: when it did not move in a call, no row needs to be looked at. */
  get failures(): number {
    return this.#counters[COUNT_SEND_FAILURES];
  }

  /**
   * Finds the failed ones among settled rows.
   *
   * @param base what is added to a row's number to make its index in the caller's call
   */
  collect(rows: Int32Array, from: number, to: number, base: number, into: FailureList): void {
    const wanted = this.#events.wantsErrors();
    for (let index = from; index < to; index++) {
      const row = index << ROW_SHIFT;
      const status = rows[row + STATUS];
      if (status === 0) continue;
      into.count++;
      if (!wanted) continue;
      into.errors.push({
        index: base + index,
        code: errnoName(status),
        // The kernel's word for a source address that is gone is EINVAL.
        errno: status === STATUS_SOURCE_GONE ? -EINVAL : -status,
        remote: this.#book.addressOf(rows[row + REMOTE]),
      });
    }
  }

  /**
   * Ends a short call: arms 'drain' and reports failures.
   *
   * @param blocked the engine had no room and will call `writable`
   */
  finish(blocked: boolean, failed: FailureList | undefined): void {
    this.#armDrain(blocked);
    if (failed === undefined) return;
    for (const error of failed.errors) this.#report(error);
  }

  /** A failure that the engine heard of after the call. */
  late(remote: SocketAddress, errno: number): void {
    if (this.#closed || !this.#events.wantsErrors()) return;
    this.#events.datagramError({ index: -1, code: errnoName(errno), errno: -errno, remote });
  }

  /** The engine has room again. */
  writable(): void {
    if (this.#drainBy !== DRAIN_BY_ENGINE) return;
    this.#drainBy = NO_DRAIN;
    this.#events.drain();
  }

  /** No event after this. */
  close(): void {
    this.#closed = true;
    this.#drainBy = NO_DRAIN;
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  #report(error: DatagramError): void {
    // A listener before this one may have closed the socket.
    if (this.#closed) return;
    try {
      this.#events.datagramError(error);
    } catch (thrown) {
      throwLater(thrown);
    }
  }

  #armDrain(blocked: boolean): void {
    if (this.#closed) return;
    if (blocked) {
      this.#drainBy = DRAIN_BY_ENGINE;
    } else if (this.#drainBy === NO_DRAIN) {
      this.#drainBy = DRAIN_BY_IMMEDIATE;
      this.#immediate ??= setImmediate(() => this.#immediateDrain());
    }
  }

  #immediateDrain(): void {
    this.#immediate = undefined;
    if (this.#drainBy !== DRAIN_BY_IMMEDIATE) return;
    this.#drainBy = NO_DRAIN;
    this.#events.drain();
  }
}
