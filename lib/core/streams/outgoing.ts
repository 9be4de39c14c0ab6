/**
 * Which stream's bytes go into a packet: fills STREAM frames in turn, within the credit that the peer gave.
 *
 * More urgent streams go first, without exception; those of one urgency share by weight, in turns (deficit round robin:
 * what a turn takes too much, the next ones pay). Lost bytes of a stream go before its new ones. Called by sending.ts.
 *
 * Invariants: new bytes stay within the connection's credit and each stream's; a stream that could send but for the
 * connection's credit is queued or set aside, each at most once; a stream that cannot send stands in nobody's way.
 */

import { AS_DOUBLE } from '../doubles.js';
import type { FrameSpace } from '../wire/frame-space.js';
import { NO_LENGTH, streamHeaderBytes, writeStreamHeader } from '../wire/frame-writer.js';
import { SENT_STREAM, SENT_STREAM_FIN } from '../wire/sent-kinds.js';
import { varintBytes } from '../wire/varint.js';
import type { SendPart } from './send-part.js';
import { SendQueue } from './send-queue.js';
import type { Stream } from './stream.js';

/** Bytes of a turn for each unit of weight: at the default weight of 16 it is four Ethernet datagrams. */
const TURN_BYTES = 363;
/** Where packets are large, that part of one: so that paying for a packet never takes more than sixteen turns. */
const TURN_SHIFT = 4;
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
  readonly #queue = new SendQueue();
  readonly #aside: Set<Stream> = new Set();
  /** Bytes of a turn for each unit of weight, with packets as large as they are now. */
  #turnBytes = TURN_BYTES;
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
    const { first } = this.#queue;
    return first !== undefined && (this.#isReady(first.sending!) || this.#skipUnready());
  }

  /** New bytes wait for the connection's credit. */
  get isBlocked(): boolean {
    return this.#aside.size > 0 && this.sentData >= this.maxData;
  }

  /** Something of the stream may be sendable now. */
  offer(stream: Stream): void {
    const { sending } = stream;
    if (sending === undefined || stream.isQueued || stream.isWaiting) return;
    if (this.#isReady(sending)) this.#queue.push(stream);
    else if (sending.isSendable) this.#setAside(stream);
    else if (sending.isHeldBack) this.#owner.onHeldBack(stream);
  }

  /** The peer takes more. */
  raise(maxData: number): void {
    if (maxData <= this.maxData) return;
    this.maxData = maxData;
    if (this.#aside.size === 0) return;
    const waiting = [...this.#aside];
    this.#aside.clear();
    for (const stream of waiting) {
      stream.isAside = false;
      this.offer(stream);
    }
  }

  /** Serves the stream as that urgent, with that weight, from the next packet on. */
  prioritize(stream: Stream, urgency: number, weight: number): void {
    const { isQueued } = stream;
    const isMoving = isQueued && stream.urgency !== urgency;
    if (isMoving) this.#queue.remove(stream);
    stream.urgency = urgency;
    stream.weight = weight;
    // What was sent with a larger weight is not held against a smaller one.
    stream.turnBytes = Math.min(stream.turnBytes, weight * this.#turnBytes);
    if (isMoving) this.#queue.push(stream);
  }

  /**
   * The stream is over. A peer that gives no credit must not make us keep all that it has stopped, nor must urgent streams
   * that never run dry.
   */
  forget(stream: Stream): void {
    this.#queue.remove(stream);
    if (!stream.isAside) return;
    stream.isAside = false;
    this.#aside.delete(stream);
  }

  /** Streams that wait for the connection's credit. */
  get waiting(): number {
    return this.#aside.size;
  }

  clear(): void {
    this.#queue.clear();
    this.#aside.clear();
  }

  /** STREAM frames until the packet is full or nothing is left. */
  write(space: FrameSpace): void {
    this.#turnBytes = Math.max((space.end - space.at) >> TURN_SHIFT, TURN_BYTES);
    for (let stream = this.#queue.first; stream !== undefined; stream = this.#queue.first) {
      const sending = stream.sending!;
      // Before anything is counted: without credit there are no turns.
      if (!this.#isReady(sending)) {
        this.#leave(stream, sending);
        continue;
      }
      if (this.#hasHadTurn(stream)) continue;
      const outcome = this.#writeFrame(stream, sending, space);
      if (outcome === PACKET_FULL) return;
      if (outcome === NOTHING) this.#leave(stream, sending);
      if (space.at >= space.end) return;
    }
  }

  /** Whether the next one has its turn instead. */
  #hasHadTurn(stream: Stream): boolean {
    const turnBytes = stream.weight * this.#turnBytes;
    if (stream.turnBytes < turnBytes) return false;
    if (this.#queue.rotate(stream)) {
      stream.turnBytes -= turnBytes;
      return true;
    }
    // Nobody waits: there is nobody to pay.
    stream.turnBytes = 0;
    return false;
  }

  #isReady(sending: SendPart): boolean {
    if (sending.fresh > 0 && this.sentData < this.maxData) return sending.resetCode < 0;
    return sending.isSendableWithoutCredit;
  }

  /** The first of the queue has nothing that could be sent now. */
  #leave(stream: Stream, sending: SendPart): void {
    this.#queue.remove(stream);
    if (sending.isSendable) {
      // Its turn goes on with the next credit: else small credits would all be the first one's.
      this.#setAside(stream);
      return;
    }
    // What it has not used of its turn is lost, a debt is not.
    stream.turnBytes = Math.max(stream.turnBytes - stream.weight * this.#turnBytes, 0);
    if (sending.isHeldBack) this.#owner.onHeldBack(stream);
  }

  #skipUnready(): boolean {
    for (let stream = this.#queue.first; stream !== undefined; stream = this.#queue.first) {
      if (this.#isReady(stream.sending!)) return true;
      this.#leave(stream, stream.sending!);
    }
    return false;
  }

  #setAside(stream: Stream): void {
    if (stream.isAside) return;
    stream.isAside = true;
    this.#aside.add(stream);
    if (this.#blockedAt === this.maxData) return;
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
    stream.turnBytes += length;
    this.sentBytes += length;
    if (isAgain) {
      this.retransmittedBytes += length;
      sending.lost.remove(offset, offset + length);
    } else {
      sending.sent += length;
      this.sentData += length;
    }
    return WRITTEN;
  }
}

const WRITTEN = 0;
const PACKET_FULL = 1;
const NOTHING = 2;
