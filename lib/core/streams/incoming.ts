/**
 * What the peer sends in streams: checked against state, final size, credit and caps, and put in order (RFC 9000 sections
 * 3.2, 4.1 and 4.5).
 *
 * It moves no bytes itself: receive-part.ts does, for each stream; who gets them is delivery.ts's. Called by streams.ts.
 *
 * Invariants: a frame is checked against all limits before its bytes change anything; what a peer can make us keep is
 * bounded by the windows and by the caps on spans.
 */

import { AS_DOUBLE } from '../doubles.js';
import {
  EXCESSIVE_LOAD,
  FINAL_SIZE_ERROR,
  FLOW_CONTROL_ERROR,
  NO_ERROR,
  STREAM_STATE_ERROR,
} from '../error-codes.js';
import { EVENT_RESET } from '../event-ring.js';
import type { Credit } from './credit.js';
import type { Delivery } from './delivery.js';
import type { Messages } from './messages.js';
import type { ReceivePart } from './receive-part.js';
import type { Stream } from './stream.js';
import { KIND_BYTES, KIND_MESSAGE, type StreamLife } from './stream-life.js';

/** STOP_SENDING for a unidirectional stream of a kind that we do not know. */
export const UNKNOWN_STREAM_KIND = 0x109;
/** Disjoint spans ahead of a hole, for a stream: that many, and one more for each 4 KiB of its window. */
const SPANS_MIN = 1000;
const SPAN_BYTES = 4096;
/** The same for all streams of a connection together; honest packets are as small as 1,200 bytes. */
const ALL_SPANS_MIN = 4000;
const ALL_SPAN_BYTES = 2048;

export class Incoming {
  bytesReceived = AS_DOUBLE;
  /** Sum of the highest offsets of all streams: what counts for the connection's limit. */
  received = AS_DOUBLE;
  readonly #life: StreamLife;
  readonly #delivery: Delivery;
  readonly #messages: Messages;

  constructor(life: StreamLife, delivery: Delivery, messages: Messages) {
    this.bytesReceived = 0;
    this.received = 0;
    this.#life = life;
    this.#delivery = delivery;
    this.#messages = messages;
  }

  /** STREAM. Returns an error code. Borrows the slab until `endTurn`. */
  onStream(
    id: number,
    offset: number,
    slab: Uint8Array,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    let stream = this.#life.table.find(id);
    if (stream === undefined || stream.isWaiting) {
      const found = this.#life.receivingStream(id);
      if (typeof found === 'number') return found;
      stream = found;
    }
    const { receiving } = stream;
    if (receiving === undefined) return STREAM_STATE_ERROR;
    const end = offset + length;
    const error = this.#check(stream.credit!, receiving, end, fin);
    if (error !== NO_ERROR) return error;
    if (end > receiving.highest) {
      this.received += end - receiving.highest;
      receiving.highest = end;
    }
    if (fin) receiving.finalSize = end;
    if (receiving.resetCode >= 0) return NO_ERROR;
    if (receiving.isStopped) return this.#discard(stream, receiving);
    this.#delivery.slab = slab;
    if (stream.isUnidirectional && stream.kind !== KIND_BYTES) {
      return this.#onUnidirectional(stream, receiving, offset, at, length, fin);
    }
    return this.#accept(stream, receiving, offset, at, length, fin);
  }

  /** RESET_STREAM. Returns an error code. */
  onResetStream(id: number, code: number, finalSize: number): number {
    const stream = this.#life.receivingStream(id);
    if (typeof stream === 'number') return stream;
    const receiving = stream.receiving!;
    const error = this.#check(stream.credit!, receiving, finalSize, true);
    if (error !== NO_ERROR || receiving.resetCode >= 0 || receiving.isComplete) return error;
    this.received += finalSize - receiving.highest;
    receiving.highest = finalSize;
    receiving.finalSize = finalSize;
    const isMessage = stream.kind === KIND_MESSAGE;
    // An answer to our STOP_SENDING is what we asked for.
    if (!stream.isLocal && !receiving.isStopped) this.#life.uselessFrames++;
    const isHidden = isMessage || (stream.isUnidirectional && stream.kind !== KIND_BYTES);
    const unread = this.#delivery.clear(receiving);
    // What has come of a message was consumed when it came.
    if (isMessage) this.#messages.onAborted(unread);
    receiving.resetCode = code;
    this.#delivery.passOver(receiving, isMessage ? 0 : unread);
    if (!isHidden && !receiving.isStopped) {
      const { events, owner } = this.#life.options;
      this.#life.announce(stream);
      events.push(EVENT_RESET, owner, stream, code);
    }
    stream.isEndTold = true;
    this.#life.removeWhenOver(stream);
    return NO_ERROR;
  }

  /** Final size and flow control of data that ends at `end` (RFC 9000 sections 4.1 and 4.5). */
  #check(credit: Credit, receiving: ReceivePart, end: number, isFinal: boolean): number {
    const { finalSize, highest } = receiving;
    if (finalSize >= 0) {
      if (end > finalSize || (isFinal && end !== finalSize)) return FINAL_SIZE_ERROR;
    } else if (isFinal && end < highest) {
      return FINAL_SIZE_ERROR;
    }
    if (end <= highest) return NO_ERROR;
    if (end > credit.limit) return FLOW_CONTROL_ERROR;
    return this.received + end - highest > this.#delivery.credit.limit
      ? FLOW_CONTROL_ERROR
      : NO_ERROR;
  }

  #accept(
    stream: Stream,
    receiving: ReceivePart,
    offset: number,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    const { memory } = this.#life.options;
    const before = receiving.next;
    const spansBefore = receiving.spans;
    receiving.accept(this.#delivery.pieces, memory, this.#delivery.slab, at, offset, length);
    const fresh = receiving.next - before;
    this.bytesReceived += fresh;
    if (fresh > 0 || fin) this.#life.touch(stream);
    const { spans } = receiving;
    if (spans === spansBefore) return NO_ERROR;
    this.#delivery.spans += spans - spansBefore;
    if (spans > SPANS_MIN + stream.credit!.windowBytes / SPAN_BYTES) return EXCESSIVE_LOAD;
    const most = ALL_SPANS_MIN + this.#delivery.credit.windowBytes / ALL_SPAN_BYTES;
    return this.#delivery.spans > most ? EXCESSIVE_LOAD : NO_ERROR;
  }

  /** Of a stream that begins with a kind, and is not known to be one of bytes. */
  #onUnidirectional(
    stream: Stream,
    receiving: ReceivePart,
    offset: number,
    at: number,
    length: number,
    fin: boolean,
  ): number {
    let skip = 0;
    if (stream.kind < 0 && offset === 0 && length > 0) {
      this.#onKind(stream, receiving, this.#delivery.slab[at]);
      if (receiving.isStopped) return NO_ERROR;
      skip = 1;
    }
    const before = skip === 0 ? receiving.next : 1;
    const error = this.#accept(stream, receiving, offset + skip, at + skip, length - skip, fin);
    if (error !== NO_ERROR || stream.kind !== KIND_MESSAGE) return error;
    // Consumed as it comes, or two large ones could block each other.
    const fresh = receiving.next - before;
    this.#delivery.consume(stream, fresh);
    return this.#messages.onData(receiving.highest, fresh);
  }

  /** The first byte of a unidirectional stream of the peer: nobody else sees it. */
  #onKind(stream: Stream, receiving: ReceivePart, kind: number): void {
    const spansBefore = receiving.spans;
    stream.kind = kind;
    receiving.skipFirst(this.#life.options.memory);
    this.#delivery.spans += receiving.spans - spansBefore;
    this.bytesReceived += receiving.next - 1;
    if (receiving.next > 1) this.#life.touch(stream);
    this.#delivery.consume(stream, 1);
    if (kind !== KIND_BYTES && kind !== KIND_MESSAGE)
      this.#delivery.stop(stream, UNKNOWN_STREAM_KIND);
  }

  /** Bytes of a stream that nobody wants: consumed as they come, in whatever order. */
  #discard(stream: Stream, receiving: ReceivePart): number {
    this.#delivery.passOver(receiving, 0);
    this.#life.removeWhenOver(stream);
    return NO_ERROR;
  }
}
