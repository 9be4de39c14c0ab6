/**
 * Messages of a connection: each a unidirectional stream of its own (docs/wire-format.md F15).
 *
 * It keeps the counts; the bytes go the way of all streams. Called by streams.ts (ours), sending.ts (what became of
 * them) and incoming.ts (the peer's).
 *
 * Invariants: a message of ours is reported exactly once; what unfinished messages of the peer hold is capped by what a
 * sender may have under way; one that the application has not taken keeps its bytes of the connection's window and its
 * place among the peer's streams.
 */

import { APPLICATION_ERROR, EXCESSIVE_LOAD, MESSAGE_TOO_LARGE, NO_ERROR } from '../error-codes.js';
import { EVENT_MESSAGE, EVENT_MESSAGE_DONE } from '../event-ring.js';
import type { Stream } from './stream.js';
import { KIND_MESSAGE, type StreamLife } from './stream-life.js';

/** Messages of ours that are not acknowledged: entries and bytes. */
const MESSAGES_MAX = 65_536;
export const MESSAGE_BYTES_MAX = 64 << 20;

/** `send`: above the peer's `max_message_size`; too many under way. */
export const MESSAGE_ABOVE_LIMIT = -1;
export const MESSAGE_QUEUE_FULL = -2;

export class Messages {
  sent = 0;
  received = 0;
  readonly #life: StreamLife;
  /** Ours that are not acknowledged, or reported as failed. */
  waiting = 0;
  waitingBytes = 0;
  /** Bytes of the peer's that are not whole yet. */
  unfinishedBytes = 0;
  /** The peer's that the application has not taken. */
  #untaken = 0;

  constructor(life: StreamLife) {
    this.#life = life;
  }

  /** The stream of a new message; 0 and below: see Streams.sendMessage. Borrows the bytes until it is reported. */
  open(bytes: Uint8Array, token: unknown, urgency: number): Stream | number {
    const { byteLength } = bytes;
    const life = this.#life;
    const { maxMessageSize } = life.peer;
    // 0: the peer takes none, not even empty ones.
    if (byteLength > maxMessageSize || maxMessageSize === 0) return MESSAGE_ABOVE_LIMIT;
    const isFull =
      this.waiting >= MESSAGES_MAX || this.waitingBytes + byteLength > MESSAGE_BYTES_MAX;
    if (life.isClosed || isFull) return MESSAGE_QUEUE_FULL;
    const stream = life.openLocal(true, KIND_MESSAGE, true);
    stream.urgency = urgency;
    stream.messageToken = token;
    stream.messageBytes = byteLength;
    this.waiting++;
    this.waitingBytes += byteLength;
    this.sent++;
    stream.write(bytes);
    return stream;
  }

  /** One of ours is over. `error`: 0, or why it was not delivered. */
  settle(stream: Stream, error: number): void {
    if (!stream.isMessage || stream.isMessageDone) return;
    const { events, owner } = this.#life.options;
    stream.isMessageDone = true;
    this.waiting--;
    this.waitingBytes -= stream.messageBytes;
    events.push(EVENT_MESSAGE_DONE, owner, stream.messageToken, error);
    stream.messageToken = undefined;
  }

  /** The same for a failure, whose code may be anything: 0 would look like success. */
  fail(stream: Stream, code: number): void {
    this.settle(stream, code === NO_ERROR ? APPLICATION_ERROR : code);
  }

  /** `fresh` bytes more of one of the peer's, which now goes to `highest`. Returns an error code. */
  onData(highest: number, fresh: number): number {
    const { maxMessageSize } = this.#life.options.config;
    // The kind byte is no part of the message.
    if (highest - 1 > maxMessageSize || maxMessageSize === 0) return MESSAGE_TOO_LARGE;
    this.unfinishedBytes += fresh;
    // One more than a sender may have: the caps of both sides count differently at their edges.
    return this.unfinishedBytes > MESSAGE_BYTES_MAX + maxMessageSize ? EXCESSIVE_LOAD : NO_ERROR;
  }

  /** One of the peer's was given up, with that much of it here. */
  onAborted(byteLength: number): void {
    this.unfinishedBytes -= byteLength;
  }

  /** One of the peer's is whole. */
  onComplete(bytes: Uint8Array): void {
    const { events, owner } = this.#life.options;
    this.unfinishedBytes -= bytes.byteLength;
    this.#untaken++;
    this.received++;
    events.push(EVENT_MESSAGE, owner, bytes);
  }

  /** The application has taken one. Throws RangeError when there was none. */
  onTaken(): void {
    if (this.#untaken === 0) throw new RangeError('onMessageTaken: no message was left to take');
    this.#untaken--;
    this.#life.creditStream(true);
  }
}
