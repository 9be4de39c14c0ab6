/**
 * What has come in order, on its way to the application: kept for the batch, copied, announced, read, paid back in credit
 * (RFC 9000 section 4).
 *
 * What may come at all, incoming.ts decides. Called by incoming.ts and streams.ts.
 *
 * Invariants: every byte of a stream is consumed exactly once, read or not, so that both sides agree on the connection's
 * credit; pieces of the slab are read or copied before the turn ends.
 */

import { EVENT_READABLE } from '../event-ring.js';
import { type Control, WANT_MAX_DATA } from './control.js';
import type { Credit } from './credit.js';
import type { Messages } from './messages.js';
import { Pieces } from './pieces.js';
import type { ReceivePart } from './receive-part.js';
import { type Stream, WANTS_MAX_DATA, WANTS_STOP } from './stream.js';
import { KIND_BYTES, KIND_MESSAGE, type StreamLife } from './stream-life.js';

const NO_BYTES = new Uint8Array(0);

export class Delivery {
  /** Credit of the connection. */
  readonly credit: Credit;
  readonly pieces = new Pieces();
  /** Holds the pieces of the batch at hand. */
  slab: Uint8Array = NO_BYTES;
  /** Spans ahead of holes, of all streams. */
  spans = 0;
  readonly #life: StreamLife;
  readonly #control: Control;
  readonly #messages: Messages;
  /** Streams that keep pieces beyond `settle`, for their borrower. */
  readonly #borrowing: Stream[] = [];

  constructor(life: StreamLife, credit: Credit, control: Control, messages: Messages) {
    this.#life = life;
    this.credit = credit;
    this.#control = control;
    this.#messages = messages;
  }

  // --- the application's side ----------------------------------------------------------------------------------------

  /** The application, or we, want no more of it. */
  stop(stream: Stream, code: number): void {
    const receiving = stream.receiving!;
    const isAllHere = receiving.isComplete;
    receiving.isStopped = true;
    stream.stopCode = code;
    this.passOver(receiving, this.clear(receiving));
    if (this.#life.isClosed) return;
    if (!isAllHere) this.#control.want(stream, WANTS_STOP);
    this.#life.removeWhenOver(stream);
  }

  read(stream: Stream): Uint8Array | undefined {
    const receiving = stream.receiving!;
    let chunk = receiving.read();
    if (chunk === undefined && receiving.runCount > 0) {
      this.flush(stream);
      chunk = receiving.read();
    }
    if (chunk === undefined) return undefined;
    this.consume(stream, chunk.byteLength);
    this.#life.removeWhenOver(stream);
    return chunk;
  }

  /** What the batch has brought becomes chunks. */
  flush(stream: Stream): void {
    stream.receiving!.flush(this.pieces, this.#life.options.memory, this.slab);
  }

  /** Hands out what is there, piece by piece: the borrower may read, stop, leave or throw in between. */
  deliver(stream: Stream): void {
    const receiving = stream.receiving!;
    const { borrower } = stream;
    while (borrower !== undefined && stream.borrower === borrower) {
      const chunk = receiving.read();
      if (chunk !== undefined) {
        this.consume(stream, chunk.byteLength);
        borrower(chunk, 0, chunk.byteLength);
        continue;
      }
      if (receiving.runCount === 0) break;
      const at = 2 * receiving.takePiece(this.pieces);
      const offset = this.pieces.pairs[at];
      const byteLength = this.pieces.pairs[at + 1];
      this.consume(stream, byteLength);
      borrower(this.slab, offset, byteLength);
    }
    this.#life.removeWhenOver(stream);
  }

  /** All up to the highest byte is consumed, with `unread` of what was in order before. */
  passOver(receiving: ReceivePart, unread: number): void {
    const dropped = unread + receiving.highest - receiving.next;
    receiving.next = receiving.highest;
    this.consumeConnection(dropped);
  }

  /** Forgets what was not read; returns the bytes of it that were in order. */
  clear(receiving: ReceivePart): number {
    this.spans -= receiving.spans;
    return receiving.clear();
  }

  /** Bytes that nobody will read again: the peer may send as many more. */
  consume(stream: Stream, bytes: number): void {
    if (bytes === 0 || this.#life.isClosed) return;
    const receiving = stream.receiving!;
    if (stream.credit!.consume(bytes) && receiving.finalSize < 0 && !receiving.isStopped) {
      this.#control.want(stream, WANTS_MAX_DATA);
    }
    this.consumeConnection(bytes);
  }

  consumeConnection(bytes: number): void {
    if (bytes === 0 || this.#life.isClosed || !this.credit.consume(bytes)) return;
    this.#control.wantConnection(WANT_MAX_DATA);
  }

  // --- the end of a batch --------------------------------------------------------------------------------------------

  /** Copies what the batch has brought to a stream, and tells the application. */
  settle(stream: Stream, nowUs: number, minRttUs: number): void {
    const receiving = stream.receiving!;
    if (receiving.resetCode >= 0 || receiving.isStopped) return;
    if (stream.isUnidirectional && stream.kind !== KIND_BYTES) {
      this.#settleHidden(stream, receiving);
    } else {
      if (stream.borrower === undefined) this.flush(stream);
      else if (receiving.runCount > 0) this.#borrowing.push(stream);
      if (receiving.bytesReadable === 0 && (!receiving.isComplete || stream.isEndTold)) return;
      const { events, owner } = this.#life.options;
      this.#life.announce(stream);
      events.push(EVENT_READABLE, owner, stream);
    }
    const { credit } = stream;
    if (receiving.finalSize >= 0 || !credit!.tune(nowUs, minRttUs)) return;
    this.credit.widen(1.5 * credit!.windowBytes);
    this.#control.want(stream, WANTS_MAX_DATA);
  }

  /** A stream that is a message, or has ended before it said what it is: that one is nothing (F15). */
  #settleHidden(stream: Stream, receiving: ReceivePart): void {
    this.flush(stream);
    if (!receiving.isComplete) return;
    stream.isEndTold = true;
    if (stream.kind === KIND_MESSAGE) {
      const bytes = receiving.takeAll(this.#life.options.memory);
      // Until the application takes it, the peer gets neither its bytes nor its place back.
      this.credit.hold(bytes.byteLength);
      stream.isHeld = true;
      this.#messages.onComplete(bytes);
    }
    this.#life.removeWhenOver(stream);
  }

  /** All streams of the batch are settled: the connection's window is tuned. */
  endBatch(nowUs: number, minRttUs: number): void {
    if (this.#borrowing.length === 0) this.pieces.count = 0;
    if (this.credit.tune(nowUs, minRttUs)) this.#control.wantConnection(WANT_MAX_DATA);
  }

  /** Bytes of the batch are gone: what a borrower has not taken is copied. */
  endTurn(): void {
    if (this.#borrowing.length > 0) {
      for (let index = 0; index < this.#borrowing.length; index++) {
        this.flush(this.#borrowing[index]);
      }
      this.#borrowing.length = 0;
      this.pieces.count = 0;
    }
    this.slab = NO_BYTES;
  }
}
