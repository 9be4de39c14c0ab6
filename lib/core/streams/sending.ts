/**
 * What becomes of our halves of streams: written, limited, stopped, acknowledged, lost, reset (RFC 9000 section 3.1).
 *
 * Which bytes go into which packet, outgoing.ts decides; limits and resets are control.ts's. Called by streams.ts.
 *
 * Invariant: a half is done exactly once: when all of it and its end are acknowledged, or its reset is.
 */

import { INTERNAL_ERROR, NO_ERROR } from '../error-codes.js';
import {
  EVENT_CHUNK_GONE,
  EVENT_FINISHED,
  EVENT_STOPPED,
  EVENT_STREAMS_AVAILABLE,
  EVENT_WRITABLE,
} from '../event-ring.js';
import {
  SENT_DATA_BLOCKED,
  SENT_MAX_DATA,
  SENT_MAX_STREAM_DATA,
  SENT_MAX_STREAMS_BIDI,
  SENT_MAX_STREAMS_UNI,
  SENT_RESET_STREAM,
  SENT_STOP_SENDING,
  SENT_STREAM,
  SENT_STREAM_DATA_BLOCKED,
  SENT_STREAM_FIN,
  SENT_STREAMS_BLOCKED_BIDI,
  SENT_STREAMS_BLOCKED_UNI,
} from '../wire/sent-kinds.js';
import { Awaited } from './awaited.js';
import {
  type Control,
  WANT_DATA_BLOCKED,
  WANT_MAX_DATA,
  WANT_MAX_STREAMS_BIDI,
  WANT_MAX_STREAMS_UNI,
} from './control.js';
import type { Messages } from './messages.js';
import { Outgoing, type OutgoingOwner } from './outgoing.js';
import { type Stream, WANTS_BLOCKED, WANTS_MAX_DATA, WANTS_RESET, WANTS_STOP } from './stream.js';
import type { StreamLife } from './stream-life.js';

/** A limit that rises by less than that is of no use: packets of a few bytes (RFC 9000 section 4.2). */
const SMALL_RAISE_BYTES = 64;

export class Sending implements OutgoingOwner {
  readonly outgoing: Outgoing = new Outgoing(this);
  /** What a close in good order waits for. */
  readonly awaited = new Awaited();
  readonly #life: StreamLife;
  readonly #control: Control;
  readonly #messages: Messages;

  constructor(life: StreamLife, control: Control, messages: Messages) {
    this.#life = life;
    this.#control = control;
    this.#messages = messages;
  }

  // --- the application's side ----------------------------------------------------------------------------------------

  /** Bytes, or the end, were added. */
  onWritten(stream: Stream): void {
    if (this.#life.isClosed) return;
    this.outgoing.offer(stream);
    this.#life.options.onSendable();
  }

  reset(stream: Stream, code: number): void {
    const sending = stream.sending!;
    if (this.#life.isClosed || sending.resetCode >= 0 || sending.isDone) return;
    sending.reset(code);
    this.outgoing.forget(stream);
    this.#messages.fail(stream, code);
    this.#control.want(stream, WANTS_RESET);
  }

  /** Of OutgoingOwner. The application cannot give the bytes again, so nobody will have the rest of the stream. */
  onChunkGone(stream: Stream): void {
    const { events, owner } = this.#life.options;
    // Of a message the code is what the application is told; to the peer it makes no difference.
    if (!stream.isMessage) events.push(EVENT_CHUNK_GONE, owner, stream);
    this.reset(stream, stream.isMessage ? INTERNAL_ERROR : NO_ERROR);
  }

  /** Of OutgoingOwner. Complains once for each limit. */
  onHeldBack(stream: Stream): void {
    const { maxData } = stream.sending!;
    if (stream.blockedAt === maxData) return;
    stream.blockedAt = maxData;
    this.#control.want(stream, WANTS_BLOCKED);
  }

  /** Of OutgoingOwner. */
  onBlocked(): void {
    this.#control.wantConnection(WANT_DATA_BLOCKED);
  }

  // --- frames of the peer: each returns an error code ----------------------------------------------------------------

  onStopSending(id: number, code: number): number {
    const stream = this.#life.sendingStream(id);
    if (typeof stream === 'number') return stream;
    const sending = stream.sending!;
    if (sending.resetCode >= 0 || sending.isDone) return NO_ERROR;
    if (!stream.isMessage) {
      const { events, owner } = this.#life.options;
      this.#life.announce(stream);
      events.push(EVENT_STOPPED, owner, stream, code);
    }
    // RFC 9000 section 3.5: the answer is a reset, with the same code.
    this.reset(stream, code);
    return NO_ERROR;
  }

  onMaxData(max: number): number {
    if (max < this.outgoing.maxData + SMALL_RAISE_BYTES) this.#life.uselessFrames++;
    this.outgoing.raise(max);
    this.#control.maxData = this.outgoing.maxData;
    return NO_ERROR;
  }

  onMaxStreamData(id: number, max: number): number {
    const stream = this.#life.sendingStream(id);
    if (typeof stream === 'number') {
      this.#life.uselessFrames++;
      return stream;
    }
    const sending = stream.sending!;
    if (max < sending.maxData + SMALL_RAISE_BYTES) this.#life.uselessFrames++;
    if (max > sending.maxData) {
      sending.maxData = max;
      this.outgoing.offer(stream);
    }
    return NO_ERROR;
  }

  onMaxStreams(isUnidirectional: boolean, max: number): number {
    const life = this.#life;
    const isRaised = life.table.raise(isUnidirectional, max, (stream) => {
      life.allow(stream);
      // One that was reset meanwhile is told of, too: the peer must count it.
      if (stream.pendingControl !== 0) this.#control.want(stream, 0);
      this.outgoing.offer(stream);
    });
    if (!isRaised) {
      life.uselessFrames++;
      return NO_ERROR;
    }
    const { events, owner } = life.options;
    events.push(EVENT_STREAMS_AVAILABLE, owner, owner);
    if (life.table.waiting(isUnidirectional) > 0) life.complain(isUnidirectional);
    return NO_ERROR;
  }

  // --- the fate of frames --------------------------------------------------------------------------------------------

  onFrameAcked(kind: number, id: number, offset: number, length: number): void {
    if (kind > SENT_STREAM_FIN || kind === SENT_STOP_SENDING) return;
    const stream = this.#life.table.find(id);
    const sending = stream?.sending;
    if (stream === undefined || sending === undefined || sending.isDone) return;
    this.awaited.onAcked(sending, offset, kind === SENT_RESET_STREAM);
    if (kind === SENT_RESET_STREAM) {
      sending.isResetAcked = true;
    } else {
      if (sending.resetCode >= 0) return;
      if (kind === SENT_STREAM_FIN) {
        sending.isFinAcked = true;
        // Also when it had been taken for lost.
        sending.isFinSent = true;
      }
      if (sending.onAcked(offset, length) && !stream.isMessage) {
        stream.isWritableDue = true;
        this.#life.touch(stream);
      }
    }
    if (sending.isDone) this.#onDone(stream);
  }

  onFrameLost(kind: number, id: number, offset: number, length: number): void {
    switch (kind) {
      case SENT_MAX_DATA:
        this.#control.wantConnection(WANT_MAX_DATA);
        return;
      case SENT_MAX_STREAMS_BIDI:
        this.#control.wantConnection(WANT_MAX_STREAMS_BIDI);
        return;
      case SENT_MAX_STREAMS_UNI:
        this.#control.wantConnection(WANT_MAX_STREAMS_UNI);
        return;
      case SENT_DATA_BLOCKED:
        if (this.outgoing.isBlocked) this.onBlocked();
        return;
      case SENT_STREAMS_BLOCKED_BIDI:
      case SENT_STREAMS_BLOCKED_UNI:
        this.#life.onComplaintLost(kind === SENT_STREAMS_BLOCKED_UNI);
        return;
      default:
        this.#onStreamFrameLost(kind, id, offset, length);
    }
  }

  #onStreamFrameLost(kind: number, id: number, offset: number, length: number): void {
    const stream = this.#life.table.find(id);
    if (stream === undefined) return;
    const { sending, receiving } = stream;
    if (kind === SENT_STREAM || kind === SENT_STREAM_FIN) {
      if (sending === undefined || sending.resetCode >= 0) return;
      sending.onLost(offset, length);
      if (kind === SENT_STREAM_FIN && !sending.isFinAcked) sending.isFinSent = false;
      this.outgoing.offer(stream);
    } else if (kind === SENT_RESET_STREAM) {
      const isResetting = sending !== undefined && sending.resetCode >= 0 && !sending.isResetAcked;
      if (isResetting) this.#control.want(stream, WANTS_RESET);
    } else if (kind === SENT_STREAM_DATA_BLOCKED) {
      if (sending?.isHeldBack === true) this.#control.want(stream, WANTS_BLOCKED);
    } else if (receiving !== undefined && receiving.finalSize < 0) {
      // RFC 9000 section 3.5: neither is of use once the end is known.
      if (kind === SENT_STOP_SENDING) this.#control.want(stream, WANTS_STOP);
      else if (kind === SENT_MAX_STREAM_DATA) this.#control.want(stream, WANTS_MAX_DATA);
    }
  }

  #onDone(stream: Stream): void {
    this.outgoing.forget(stream);
    if (stream.isMessage) {
      this.#messages.settle(stream, NO_ERROR);
    } else if (stream.sending!.resetCode < 0) {
      stream.isFinishedDue = true;
      this.#life.touch(stream);
    }
    this.#life.removeWhenOver(stream);
  }

  // --- the end of a batch --------------------------------------------------------------------------------------------

  /** Tells the application what became of its bytes. */
  settle(stream: Stream): void {
    const { events, owner } = this.#life.options;
    if (stream.isWritableDue) {
      stream.isWritableDue = false;
      events.push(EVENT_WRITABLE, owner, stream);
    }
    if (!stream.isFinishedDue) return;
    stream.isFinishedDue = false;
    events.push(EVENT_FINISHED, owner, stream);
  }
}
