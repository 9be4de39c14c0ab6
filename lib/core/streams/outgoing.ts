/**
 * Which stream's bytes go into a packet: fills STREAM frames in turn, within the credit that the peer gave.
 *
 * Lost bytes go before new ones. A stream sends up to a quantum before the next has its turn, so that large streams do
 * not share packets for nothing and small ones never wait long. Called by streams.ts.
 *
 * Invariants: new bytes stay within the connection's credit and each stream's; only streams that could send now are
 * queued, or else are set aside until the connection's credit grows.
 */

import type { FrameSpace } from '../wire/frame-space.js';
import { NO_LENGTH, streamHeaderBytes, writeStreamHeader } from '../wire/frame-writer.js';
import { SENT_STREAM, SENT_STREAM_FIN } from '../wire/sent-kinds.js';
import { varintBytes } from '../wire/varint.js';
import type { SendPart } from './send-part.js';
import { SendQueue } from './send-queue.js';
import type { Stream } from './stream.js';

/** Bytes that one stream sends before the next: sixteen Ethernet datagrams. */
const QUANTUM_BYTES = 16 * 1452;
/** Below that a copy is cheaper than a source of its own. */
const GATHER_BYTES_MIN = 128;

export class Outgoing {
  /** Bytes of all streams that the peer takes (MAX_DATA), and that were sent, each once. */
  maxData = 0;
  sentData = 0;
  retransmittedBytes = 0;
  sentBytes = 0;
  /** New bytes wait for the connection's credit. */
  isBlocked = false;
  readonly #queue = new SendQueue();
  readonly #aside: Stream[] = [];
  /** Called when a chunk of a stream is gone. */
  onChunkGone: (stream: Stream) => void = ignore;

  /** Whether a STREAM frame could be sent now. */
  get hasData(): boolean {
    return this.#queue.length > 0;
  }

  /** Something of the stream may be sendable now. */
  offer(stream: Stream): void {
    const { sending } = stream;
    if (sending === undefined || stream.isQueued || !sending.isSendable) return;
    this.#queue.push(stream);
  }

  /** The peer takes more. */
  raise(maxData: number): void {
    if (maxData <= this.maxData) return;
    this.maxData = maxData;
    this.isBlocked = false;
    for (const stream of this.#aside) this.offer(stream);
    this.#aside.length = 0;
  }

  clear(): void {
    this.#queue.clear();
    this.#aside.length = 0;
  }

  /** STREAM frames until the packet is full or nothing is left. */
  write(space: FrameSpace): void {
    for (let stream = this.#queue.first; stream !== undefined; stream = this.#queue.first) {
      const sending = stream.sending!;
      // It may have been reset, or acknowledged, since it was queued.
      const outcome = sending.isSendable ? this.#writeFrame(stream, sending, space) : NOTHING;
      if (outcome === PACKET_FULL) return;
      if (outcome === NO_CREDIT) {
        this.isBlocked = true;
        this.#queue.shift();
        this.#aside.push(stream);
      } else if (outcome === NOTHING || !sending.isSendable) {
        stream.turnBytes = 0;
        this.#queue.shift();
      } else if (stream.turnBytes >= QUANTUM_BYTES) {
        stream.turnBytes = 0;
        this.#queue.rotate();
      }
      if (space.at >= space.end) return;
    }
  }

  #writeFrame(stream: Stream, sending: SendPart, space: FrameSpace): number {
    const isAgain = sending.lost.count > 0;
    const offset = isAgain ? sending.lost.startOf(0) : sending.sent;
    let available = 0;
    if (isAgain) {
      available = sending.lost.endOf(0) - offset;
    } else {
      available = sending.fresh;
      const credit = this.maxData - this.sentData;
      if (available > credit) {
        available = credit;
        if (credit === 0) return NO_CREDIT;
      }
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
    if (length === 0 && !isFin) return NOTHING;
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
        this.onChunkGone(stream);
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
const NO_CREDIT = 2;
const NOTHING = 3;

function ignore(): void {}
