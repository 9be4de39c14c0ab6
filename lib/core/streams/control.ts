/**
 * Control frames of streams that wait to be sent: limits, resets, stops, complaints of being blocked.
 *
 * A frame is a wish, not bytes: what it says is looked up when it is written, so that a repeated one carries the newest
 * value, and one that has become pointless is not written. Called by sending.ts and incoming.ts.
 *
 * Invariant: a stream waits at most once, whatever it wishes for.
 */

import { AS_DOUBLE } from '../doubles.js';
import type { FrameSpace } from '../wire/frame-space.js';
import {
  FRAME_DATA_BLOCKED,
  FRAME_MAX_DATA,
  FRAME_MAX_STREAM_DATA,
  FRAME_MAX_STREAMS_BIDI,
  FRAME_MAX_STREAMS_UNI,
  FRAME_STREAM_DATA_BLOCKED,
  FRAME_STREAMS_BLOCKED_BIDI,
  FRAME_STREAMS_BLOCKED_UNI,
} from '../wire/frame-types.js';
import {
  resetStreamBytes,
  stopSendingBytes,
  twoVarintFrameBytes,
  varintFrameBytes,
  writeResetStream,
  writeStopSending,
  writeTwoVarintFrame,
  writeVarintFrame,
} from '../wire/frame-writer.js';
import { SENT_RESET_STREAM, SENT_STOP_SENDING } from '../wire/sent-kinds.js';
import type { Credit } from './credit.js';
import { type Stream, WANTS_BLOCKED, WANTS_MAX_DATA, WANTS_RESET, WANTS_STOP } from './stream.js';
import type { StreamTable } from './stream-table.js';
import type { StreamsOptions } from './streams-options.js';

/** Frames of the connection as a whole: bits of `wanted`. */
export const WANT_MAX_DATA = 1;
export const WANT_MAX_STREAMS_BIDI = 2;
export const WANT_MAX_STREAMS_UNI = 4;
export const WANT_DATA_BLOCKED = 8;
export const WANT_STREAMS_BLOCKED_BIDI = 16;
export const WANT_STREAMS_BLOCKED_UNI = 32;

export class Control {
  wanted = 0;
  readonly #waiting: Stream[] = [];
  readonly #credit: Credit;
  readonly #table: StreamTable;
  readonly #host: Pick<StreamsOptions, 'onSendable'>;
  /** The limit of the peer for the connection: what DATA_BLOCKED names. */
  maxData = AS_DOUBLE;

  /** @param host hears when there is something to write */
  constructor(credit: Credit, table: StreamTable, host: Pick<StreamsOptions, 'onSendable'>) {
    this.maxData = 0;
    this.#credit = credit;
    this.#table = table;
    this.#host = host;
  }

  get isPending(): boolean {
    return this.wanted !== 0 || this.#waiting.length > 0;
  }

  /** The stream wants a frame: WANTS_*. One that waits for the peer's leave says nothing until it has it. */
  want(stream: Stream, frame: number): void {
    stream.pendingControl |= frame;
    if (stream.isWaiting) return;
    if (!stream.isControlQueued) {
      stream.isControlQueued = true;
      this.#waiting.push(stream);
    }
    this.#host.onSendable();
  }

  /** The connection wants a frame: WANT_*. */
  wantConnection(frame: number): void {
    this.wanted |= frame;
    this.#host.onSendable();
  }

  clear(): void {
    this.wanted = 0;
    this.#waiting.length = 0;
  }

  /** As many frames as fit. */
  write(space: FrameSpace): void {
    if (this.wanted !== 0) this.#writeConnection(space);
    while (this.#waiting.length > 0) {
      const stream = this.#waiting[this.#waiting.length - 1];
      if (!this.#writeStream(space, stream)) return;
      stream.isControlQueued = false;
      this.#waiting.pop();
    }
  }

  #writeConnection(space: FrameSpace): void {
    if ((this.wanted & WANT_MAX_DATA) !== 0) {
      this.#put(space, WANT_MAX_DATA, FRAME_MAX_DATA, this.#credit.update());
    }
    if ((this.wanted & WANT_MAX_STREAMS_BIDI) !== 0) {
      const limit = this.#table.updateLimit(false);
      this.#put(space, WANT_MAX_STREAMS_BIDI, FRAME_MAX_STREAMS_BIDI, limit);
    }
    if ((this.wanted & WANT_MAX_STREAMS_UNI) !== 0) {
      const limit = this.#table.updateLimit(true);
      this.#put(space, WANT_MAX_STREAMS_UNI, FRAME_MAX_STREAMS_UNI, limit);
    }
    if ((this.wanted & WANT_DATA_BLOCKED) !== 0) {
      this.#put(space, WANT_DATA_BLOCKED, FRAME_DATA_BLOCKED, this.maxData);
    }
    if ((this.wanted & WANT_STREAMS_BLOCKED_BIDI) !== 0) {
      const most = this.#table.most(false);
      this.#put(space, WANT_STREAMS_BLOCKED_BIDI, FRAME_STREAMS_BLOCKED_BIDI, most);
    }
    if ((this.wanted & WANT_STREAMS_BLOCKED_UNI) !== 0) {
      const most = this.#table.most(true);
      this.#put(space, WANT_STREAMS_BLOCKED_UNI, FRAME_STREAMS_BLOCKED_UNI, most);
    }
  }

  #put(space: FrameSpace, want: number, type: number, value: number): void {
    if (space.at + varintFrameBytes(value) > space.end) return;
    space.at = writeVarintFrame(space.bytes, space.at, type, value);
    space.record(type, 0, value, 0);
    this.wanted &= ~want;
  }

  /** All that the stream wishes for. False when it does not fit. */
  #writeStream(space: FrameSpace, stream: Stream): boolean {
    const { id } = stream;
    if ((stream.pendingControl & WANTS_RESET) !== 0) {
      const { resetCode, sent } = stream.sending!;
      if (space.at + resetStreamBytes(id, resetCode, sent) > space.end) return false;
      space.at = writeResetStream(space.bytes, space.at, id, resetCode, sent);
      space.record(SENT_RESET_STREAM, id, 0, 0);
      stream.pendingControl &= ~WANTS_RESET;
    }
    // Once the end is known, or nobody wants the rest, limits are of no use; nor is a stop, once the peer has given up.
    const { receiving } = stream;
    if (receiving === undefined || receiving.finalSize >= 0 || receiving.isStopped) {
      stream.pendingControl &= ~WANTS_MAX_DATA;
      if (receiving !== undefined && receiving.resetCode >= 0) stream.pendingControl &= ~WANTS_STOP;
    }
    if ((stream.pendingControl & WANTS_STOP) !== 0) {
      if (space.at + stopSendingBytes(id, stream.stopCode) > space.end) return false;
      space.at = writeStopSending(space.bytes, space.at, id, stream.stopCode);
      space.record(SENT_STOP_SENDING, id, 0, 0);
      stream.pendingControl &= ~WANTS_STOP;
    }
    if ((stream.pendingControl & WANTS_MAX_DATA) !== 0) {
      if (!this.#putStream(space, FRAME_MAX_STREAM_DATA, id, stream.credit!.update())) return false;
      stream.pendingControl &= ~WANTS_MAX_DATA;
    }
    if (stream.sending?.isHeldBack !== true) stream.pendingControl &= ~WANTS_BLOCKED;
    if ((stream.pendingControl & WANTS_BLOCKED) !== 0) {
      const { maxData } = stream.sending!;
      if (!this.#putStream(space, FRAME_STREAM_DATA_BLOCKED, id, maxData)) return false;
      stream.pendingControl &= ~WANTS_BLOCKED;
    }
    return true;
  }

  #putStream(space: FrameSpace, type: number, id: number, value: number): boolean {
    if (space.at + twoVarintFrameBytes(id, value) > space.end) return false;
    space.at = writeTwoVarintFrame(space.bytes, space.at, type, id, value);
    space.record(type, id, value, 0);
    return true;
  }
}
