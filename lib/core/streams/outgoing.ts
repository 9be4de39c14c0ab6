/**
 * STREAM frames: fills them into a packet in turn (turns.ts), within the credit that the peer gave.
 *
 * Lost bytes of a stream go before its new ones. It allocates nothing. Called by sending.ts.
 *
 * Invariants: new bytes stay within the connection's credit and each stream's; the peer is told once for each limit that
 * new bytes wait for it.
 */

import { AS_DOUBLE } from '../doubles.js';
import type { FrameSpace } from '../wire/frame-space.js';
import { NO_LENGTH, streamHeaderBytes, writeStreamHeader } from '../wire/frame-writer.js';
import { SENT_STREAM, SENT_STREAM_FIN } from '../wire/sent-kinds.js';
import type { StreamRun } from '../wire/stream-run.js';
import { varintBytes } from '../wire/varint.js';
import type { SendPart } from './send-part.js';
import type { Stream } from './stream.js';
import { Turns } from './turns.js';

/** Below that a copy is cheaper than a source of its own. */
const GATHER_BYTES_MIN = 128;

/** Who hears of what stands in the way of sending. */
export interface OutgoingOwner {
  /** A chunk of the stream is gone: its buffer was transferred away or made smaller. */
  onChunkGone(stream: Stream): void;
  /** The stream has sent as much as the peer takes of it. */
  onHeldBack(stream: Stream): void;
  /** New bytes wait for the connection's credit: once for each limit. */
  onBlocked(): void;
}

export class Outgoing {
  /** Bytes of all streams that the peer takes (MAX_DATA), and that were sent, each once. */
  maxData = AS_DOUBLE;
  sentData = AS_DOUBLE;
  retransmittedBytes = AS_DOUBLE;
  sentBytes = AS_DOUBLE;
  readonly #turns = new Turns();
  /** The limit of the connection that was complained of. */
  #blockedAt = AS_DOUBLE;
  readonly #owner: OutgoingOwner;

  constructor(owner: OutgoingOwner) {
    this.maxData = 0;
    this.sentData = 0;
    this.retransmittedBytes = 0;
    this.sentBytes = 0;
    this.#blockedAt = -1;
    this.#owner = owner;
  }

  /** Whether a STREAM frame could be sent now. */
  get hasData(): boolean {
    if (this.#turns.next(this.hasCredit) !== undefined) return true;
    this.#complain();
    return false;
  }

  get hasCredit(): boolean {
    return this.sentData < this.maxData;
  }

  /** New bytes wait for the connection's credit. */
  get isBlocked(): boolean {
    return !this.hasCredit && this.#turns.waiting > 0;
  }

  /** Something of the stream may be sendable now. */
  offer(stream: Stream): void {
    const { sending } = stream;
    if (sending === undefined || stream.isWaiting) return;
    if (sending.isSendable) {
      this.#turns.join(stream);
      this.#complain();
    } else if (sending.isHeldBack) {
      this.#owner.onHeldBack(stream);
    }
  }

  /** The peer takes more. */
  raise(maxData: number): void {
    if (maxData > this.maxData) this.maxData = maxData;
  }

  /** Serves the stream as that urgent, with that weight, from the next packet on. */
  prioritize(stream: Stream, urgency: number, weight: number): void {
    this.#turns.prioritize(stream, urgency, weight);
  }

  /**
   * The stream is over. A peer that gives no credit must not make us keep all that it has stopped, nor must urgent streams
   * that never run dry.
   */
  forget(stream: Stream): void {
    this.#turns.remove(stream);
  }

  clear(): void {
    this.#turns.clear();
  }

  /** STREAM frames until the packet is full or nothing is left. */
  write(space: FrameSpace): void {
    const turns = this.#turns;
    let stream = turns.next(this.hasCredit);
    if (stream !== undefined) turns.begin(space.end - space.at);
    while (stream !== undefined) {
      const outcome = this.#writeFrame(stream, stream.sending!, space);
      if (outcome === PACKET_FULL) break;
      if (outcome === NOTHING) turns.leave(stream);
      else turns.afterFrame(stream, this.hasCredit);
      if (space.at >= space.end) break;
      stream = turns.next(this.hasCredit);
    }
    this.#complain();
  }

  /**
   * Plans a run of at most `most` packets with room for `payloadBytes`: frames that `write` would put into them one by one,
   * short of anything special: the stream's end, a limit, or the end of a chunk. Undefined for fewer than two.
   */
  planRun(run: StreamRun, payloadBytes: number, most: number): Stream | undefined {
    const stream = this.#turns.alone;
    const sending = stream?.sending;
    if (sending === undefined || sending.resetCode >= 0 || sending.lost.count > 0) return undefined;
    const { id } = stream!;
    const offset = sending.sent;
    const headerBytes = streamHeaderBytes(id, offset, NO_LENGTH);
    const dataBytes = payloadBytes - headerBytes;
    if (offset === 0 || dataBytes < GATHER_BYTES_MIN) return undefined;
    // One byte less: the last one may bring the end, or news of a limit.
    const available = Math.min(sending.fresh, this.maxData - this.sentData) - 1;
    if (available < 2 * dataBytes) return undefined;
    const there = sending.locate(offset);
    const count = Math.min(most, Math.floor(Math.min(available, there) / dataBytes));
    if (count < 2) return undefined;
    const last = offset + (count - 1) * dataBytes;
    if (streamHeaderBytes(id, last, NO_LENGTH) !== headerBytes) return undefined;
    this.#turns.begin(payloadBytes);
    run.count = count;
    run.id = id;
    run.offset = offset;
    run.dataBytes = dataBytes;
    run.chunk = sending.chunk!;
    run.chunkAt = sending.chunkAt;
    return stream;
  }

  /** The run is on its way. */
  takeRun(run: StreamRun, stream: Stream): void {
    const { count, dataBytes } = run;
    const byteLength = count * dataBytes;
    this.#turns.afterRun(stream, count, dataBytes);
    stream.sending!.sent += byteLength;
    this.sentBytes += byteLength;
    this.sentData += byteLength;
  }

  #complain(): void {
    if (!this.isBlocked || this.#blockedAt === this.maxData) return;
    this.#blockedAt = this.maxData;
    this.#owner.onBlocked();
  }

  /** One frame, as long as there is room for. It may have been reset, or acknowledged, since the stream was queued. */
  #writeFrame(stream: Stream, sending: SendPart, space: FrameSpace): number {
    if (sending.resetCode >= 0) return NOTHING;
    const isAgain = sending.lost.count > 0;
    const offset = isAgain ? sending.lost.startOf(0) : sending.sent;
    let available = 0;
    if (isAgain) {
      available = sending.lost.endOf(0) - offset;
    } else {
      available = sending.fresh;
      const credit = this.maxData - this.sentData;
      if (available > credit) available = credit;
      if (available === 0 && (sending.isFinSent || sending.finAt !== offset)) return NOTHING;
    }
    let room = space.end - space.at - streamHeaderBytes(stream.id, offset, NO_LENGTH);
    if (room < 0 || (room === 0 && available > 0)) return PACKET_FULL;
    let length = available < room ? available : room;
    let lengthField = NO_LENGTH;
    if (length < room) {
      room -= varintBytes(length);
      if (room < 0) return PACKET_FULL;
      if (length > room) length = room;
      if (length === 0 && available > 0) return PACKET_FULL;
      lengthField = length;
    }
    const isFin = sending.finAt === offset + length;
    return this.#put(stream, sending, space, offset, length, lengthField, isFin, isAgain);
  }

  #put(
    stream: Stream,
    sending: SendPart,
    space: FrameSpace,
    offset: number,
    length: number,
    lengthField: number,
    isFin: boolean,
    isAgain: boolean,
  ): number {
    const start = space.at;
    space.at = writeStreamHeader(space.bytes, start, stream.id, offset, lengthField, isFin);
    if (length > 0) {
      const there = sending.locate(offset);
      if (there >= length && lengthField === NO_LENGTH && length >= GATHER_BYTES_MIN) {
        space.gather(sending.chunk!, sending.chunkAt, length);
      } else if (there > 0 && sending.copyTo(space.bytes, space.at, offset, length)) {
        space.at += length;
      } else {
        space.at = start;
        this.#owner.onChunkGone(stream);
        return NOTHING;
      }
    }
    space.record(isFin ? SENT_STREAM_FIN : SENT_STREAM, stream.id, offset, length);
    if (isFin) sending.isFinSent = true;
    // Without credit nobody waits for a turn.
    if (this.hasCredit) stream.turnBytes += length;
    this.sentBytes += length;
    if (isAgain) {
      this.retransmittedBytes += length;
      sending.lost.remove(offset, offset + length);
    } else {
      sending.sent += length;
      this.sentData += length;
      if (sending.isHeldBack) this.#owner.onHeldBack(stream);
    }
    return WRITTEN;
  }
}

const WRITTEN = 0;
const PACKET_FULL = 1;
const NOTHING = 2;
