/**
 * Handshake messages that peers begin or finish handshakes with, so many at a time.
 *
 * One of them may cost several key agreements, and a receive call can bring thousands: what is more than a slice of work
 * waits here, copied, and the event loop goes on in between. Answers to handshakes of ours do not wait: there are no more
 * than we have asked for. Called by other-rows.ts, and by the transmit pass for what waits.
 *
 * Invariants: messages are handled in the order in which they came; at most WAITING_MAX wait, what comes then is dropped
 * and counted; the address of one that waits keeps its peer id.
 */

import { LENGTH, OFFSET, REMOTE, ROW_SHIFT } from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import { isCheap } from '../handshake/drop-reasons.js';
import { INITIATION_BYTES_MAX, TYPE_FINAL, TYPE_INITIATION } from '../handshake/protocol.js';
import { copySource, type Source } from '../handshake/source.js';
import type { Addresses } from '../ports.js';
import type { Admission } from './admission.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { FaultGuard } from './fault-guard.js';

/** A slice: about two milliseconds. A message that costs no key agreement counts for one. */
const SLICE_WORK = 64;
const KEY_AGREEMENT_WORK = 16;
/** As many as may be half-open by default. */
export const WAITING_MAX = 1024;

interface Waiting {
  readonly message: Uint8Array;
  readonly source: Source;
}

export class HandshakeQueue {
  readonly #admission: Admission;
  readonly #addresses: Addresses;
  readonly #counts: EndpointCounts;
  readonly #guard: FaultGuard;
  readonly #waiting: Waiting[] = [];
  #head = 0;
  #work = SLICE_WORK;

  constructor(
    admission: Admission,
    addresses: Addresses,
    counts: EndpointCounts,
    guard: FaultGuard,
  ) {
    this.#admission = admission;
    this.#addresses = addresses;
    this.#counts = counts;
    this.#guard = guard;
  }

  /** Messages that wait. */
  get length(): number {
    return this.#waiting.length - this.#head;
  }

  /** Rows of a new batch follow. */
  beginSlice(): void {
    this.#work = SLICE_WORK;
  }

  /** A row that holds a handshake message. Borrows its bytes for the call. */
  onRow(rx: PacketBatch, row: number, nowUs: number): void {
    const at = row << ROW_SHIFT;
    const offset = rx.rows[at + OFFSET];
    const message = rx.bytes.subarray(offset, offset + rx.rows[at + LENGTH]);
    const source = this.#addresses.sourceOf(rx.rows[at + REMOTE]);
    const mayWait = message[0] === TYPE_INITIATION || message[0] === TYPE_FINAL;
    // Longer ones are refused by their length.
    if (!mayWait || message.length > INITIATION_BYTES_MAX) this.#handle(message, source, nowUs);
    else if (this.#work > 0 && this.length === 0) {
      this.#work -= this.#handle(message, source, nowUs);
    } else if (this.length < WAITING_MAX) {
      this.#addresses.pin(source.peer);
      this.#waiting.push({ message: message.slice(), source: copySource(source) });
    } else {
      this.#counts.droppedByLoad++;
    }
  }

  /** A slice of those that wait. */
  drain(nowUs: number): void {
    this.#work = SLICE_WORK;
    while (this.#work > 0 && this.length > 0) {
      const { message, source } = this.#waiting[this.#head++];
      if (this.length === 0) {
        this.#waiting.length = 0;
        this.#head = 0;
      }
      this.#work -= this.#handle(message, source, nowUs);
      this.#addresses.unpin(source.peer);
    }
  }

  /** Drops all that wait: nobody will answer them. */
  clear(): void {
    for (let index = this.#head; index < this.#waiting.length; index++) {
      this.#addresses.unpin(this.#waiting[index].source.peer);
    }
    this.#counts.droppedByLoad += this.length;
    this.#waiting.length = 0;
    this.#head = 0;
  }

  /** Returns the work that it was. What throws in it ends the handshake that it concerned. */
  #handle(message: Uint8Array, source: Source, nowUs: number): number {
    this.#counts.receivedHandshakes++;
    try {
      const reason = this.#admission.onMessage(message, source, nowUs);
      return isCheap(reason) ? 1 : KEY_AGREEMENT_WORK;
    } catch (error) {
      this.#guard.note(error);
      return KEY_AGREEMENT_WORK;
    }
  }
}
