/**
 * Handshake messages that peers begin or finish handshakes with, so many at a time.
 *
 * One of them may cost several key agreements, and a receive call can bring thousands: what is more than a slice of work
 * waits here, copied, and the event loop goes on in between. Answers to handshakes of ours do not wait: there are no more
 * than we have asked for. Called by other-rows.ts, and by the transmit pass for what waits.
 *
 * Invariants: what may wait is handled in the order in which it came; at most WAITING_MAX messages wait, what comes then is
 * dropped and counted; the address of one that waits keeps its peer id.
 */

import { LENGTH, OFFSET, REMOTE, ROW_SHIFT } from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import { isCheap } from '../handshake/drop-reasons.js';
import { INITIATION_BYTES_MAX, TYPE_FINAL, TYPE_INITIATION } from '../handshake/protocol.js';
import type { Addresses } from '../ports.js';
import type { Admission } from './admission.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { FaultGuard } from './fault-guard.js';

/** A slice: a turn has three, some milliseconds together. A message that costs no key agreement counts for one. */
const SLICE_WORK = 32;
const KEY_AGREEMENT_WORK = 16;
/** As many as may be half-open by default. */
export const WAITING_MAX = 1024;

interface Waiting {
  readonly message: Uint8Array;
  /** Peer id of its address; pinned. */
  readonly peer: number;
}

export class HandshakeQueue {
  readonly #admission: Admission;
  readonly #addresses: Addresses;
  readonly #counts: EndpointCounts;
  readonly #guard: FaultGuard;
  readonly #waiting: Waiting[] = [];
  /** What is left of the slice for the batch at hand. */
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
    return this.#waiting.length;
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
    const peer = rx.rows[at + REMOTE];
    const mayWait = message[0] === TYPE_INITIATION || message[0] === TYPE_FINAL;
    // Longer ones are refused by their length.
    if (!mayWait || message.length > INITIATION_BYTES_MAX) this.#handle(message, peer, nowUs);
    else if (this.#work > 0 && this.length === 0) this.#work -= this.#handle(message, peer, nowUs);
    else if (this.length < WAITING_MAX) {
      this.#waiting.push({ message: message.slice(), peer });
      this.#addresses.pin(peer);
    } else {
      this.#counts.droppedByLoad++;
    }
  }

  /** A slice of those that wait. */
  drain(nowUs: number): void {
    for (let work = SLICE_WORK; work > 0 && this.length > 0; ) {
      const { message, peer } = this.#waiting.shift()!;
      work -= this.#handle(message, peer, nowUs);
      this.#addresses.unpin(peer);
    }
  }

  /** Drops all that wait: nobody will answer them. */
  clear(): void {
    for (const { peer } of this.#waiting) this.#addresses.unpin(peer);
    this.#counts.droppedByLoad += this.length;
    this.#waiting.length = 0;
  }

  /** Returns the work that it was. What throws in it ends the handshake that it concerned. */
  #handle(message: Uint8Array, peer: number, nowUs: number): number {
    this.#counts.receivedHandshakes++;
    try {
      const source = this.#addresses.sourceOf(peer);
      const reason = this.#admission.onMessage(message, source, nowUs);
      return isCheap(reason) ? 1 : KEY_AGREEMENT_WORK;
    } catch (error) {
      this.#guard.note(error);
      return KEY_AGREEMENT_WORK;
    }
  }
}
