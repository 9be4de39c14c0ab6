/**
 * Reads the frames of a packet's payload, one after the other, into fields of its own.
 *
 * It checks what a frame says by itself (wire-format.md F2 to F13); whether it may say so now, to whom, is the
 * connection's and the streams' business. One reader is used for all packets. Called by the connection.
 *
 * Invariant: every input gives frames or an error: nothing throws, nothing outside [at, end) is read, nothing is
 * allocated, and each frame takes at least one byte of the payload.
 */

import { AS_DOUBLE } from '../doubles.js';
import { FRAME_ENCODING_ERROR, NO_ERROR } from '../error-codes.js';
import {
  ACK_RANGES_MAX,
  CONNECTION_ID_BYTES,
  DATAGRAM_LEN,
  FRAME_ACK,
  FRAME_ACK_ECN,
  FRAME_CONNECTION_CLOSE,
  FRAME_CONNECTION_CLOSE_APPLICATION,
  FRAME_DATA_BLOCKED,
  FRAME_DATAGRAM,
  FRAME_MAX_DATA,
  FRAME_MAX_STREAM_DATA,
  FRAME_MAX_STREAMS_BIDI,
  FRAME_MAX_STREAMS_UNI,
  FRAME_NEW_CONNECTION_ID,
  FRAME_PADDING,
  FRAME_PATH_CHALLENGE,
  FRAME_PATH_RESPONSE,
  FRAME_PING,
  FRAME_RESET_STREAM,
  FRAME_RETIRE_CONNECTION_ID,
  FRAME_STOP_SENDING,
  FRAME_STREAM,
  FRAME_STREAM_DATA_BLOCKED,
  FRAME_STREAMS_BLOCKED_BIDI,
  FRAME_STREAMS_BLOCKED_UNI,
  PATH_DATA_BYTES,
  RESET_TOKEN_BYTES,
  STREAM_FIN,
  STREAM_LEN,
  STREAM_OFF,
  STREAMS_MAX,
} from './frame-types.js';
import { VARINT_MAX } from './varint.js';
import { VarintCursor } from './varint-cursor.js';

/** `next` at the end of the payload. */
export const FRAMES_END = -1;
/** `next` at a frame that is none: `error` says which code to close with. */
export const FRAME_MALFORMED = -2;

/** From so many bytes on that may be PADDING, it is read by words. */
const LONG_PADDING_BYTES = 64;
const NO_WORDS = new Int32Array(0);

const STREAM_BITS = STREAM_FIN | STREAM_LEN | STREAM_OFF;

export class FrameReader extends VarintCursor {
  /** Fields of the frame that `next` has returned; of the others, those are stale. Read only for the caller. */

  /** Stream id; sequence number of a connection id. */
  id = AS_DOUBLE;
  /** Of the data in the stream, bytes. */
  offset = AS_DOUBLE;
  /** Bytes at `dataAt`: data of a STREAM or DATAGRAM, reason of a CONNECTION_CLOSE; 8 of a path frame. */
  length = 0;
  /** Where in the bytes the data is; of NEW_CONNECTION_ID: the id (8 bytes), and behind it the token (16). */
  dataAt = 0;
  /** The stream ends behind this data. */
  fin = false;
  /** Error code of RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE. */
  code = AS_DOUBLE;
  /**
   * The limit of MAX_* and *_BLOCKED, the final size of RESET_STREAM, "retire prior to" of NEW_CONNECTION_ID, the frame
   * type in a CONNECTION_CLOSE (0 in that of an application).
   */
  value = AS_DOUBLE;
  /** Largest packet number that an ACK acknowledges: `ranges[1]`. */
  largest = AS_DOUBLE;
  /** ACK Delay as it is in the frame, in units of 2^ACK_DELAY_EXPONENT us. */
  delay = 0;
  rangeCount = 0;
  /** Pairs [smallest, largest] of packet numbers, both included, the largest pair first. Overwritten by the next ACK. */
  readonly ranges: Float64Array = new Float64Array(2 * ACK_RANGES_MAX);
  /** Counts of FRAME_ACK_ECN. */
  ect0 = 0;
  ect1 = 0;
  ce = 0;
  /** First byte of the last frame, malformed or not: the Frame Type of the CONNECTION_CLOSE that answers it. */
  rawType = 0;
  /** 0, or FRAME_ENCODING_ERROR once a frame was malformed; the rest of that payload is not read. */
  error = NO_ERROR;

  /** All whole words of the buffer that the last long PADDING lay in. */
  #words: Int32Array = NO_WORDS;

  constructor() {
    super();
    this.id = 0;
    this.offset = 0;
    this.code = 0;
    this.value = 0;
    this.largest = 0;
  }

  /**
   * Goes to the payload [at, end) of `bytes`, which are borrowed until the next `reset`. Throws RangeError for what is
   * no range of them.
   */
  reset(bytes: Uint8Array, at: number, end: number): void {
    this.move(bytes, at, end);
    this.error = NO_ERROR;
    this.rawType = 0;
  }

  /**
   * The type of the next frame, its fields in this object; FRAMES_END; or FRAME_MALFORMED, from then on always. STREAM
   * and DATAGRAM come without their bits; PADDING is as long as it goes.
   */
  next(): number {
    const at = this.at;
    if (this.error !== NO_ERROR) return FRAME_MALFORMED;
    if (at >= this.end) return FRAMES_END;
    // One byte is enough for the type: all of ours are below 0x40, and a longer form of one is an error (F3).
    const type = this.bytes[at];
    this.rawType = type;
    this.at = at + 1;
    if ((type & ~STREAM_BITS) === FRAME_STREAM) return this.#stream(type);
    if (type === FRAME_ACK || type === FRAME_ACK_ECN) return this.#ack(type);
    return this.#other(type);
  }

  #malformed(): number {
    this.error = FRAME_ENCODING_ERROR;
    return FRAME_MALFORMED;
  }

  /** F6. Data without a length goes on to the end of the payload. */
  #stream(type: number): number {
    const id = this.varint();
    const offset = (type & STREAM_OFF) === 0 ? 0 : this.varint();
    const length = (type & STREAM_LEN) === 0 ? this.end - this.at : this.varint();
    if (id < 0 || offset < 0) return this.#malformed();
    if (offset + length > VARINT_MAX) return this.#malformed();
    this.id = id;
    this.offset = offset;
    this.fin = (type & STREAM_FIN) !== 0;
    return this.#data(FRAME_STREAM, length);
  }

  /** The last field of a frame: `length` bytes, NO_VARINT when that was not readable. */
  #data(type: number, length: number): number {
    const at = this.at;
    if (length < 0 || length > this.end - at) return this.#malformed();
    this.length = length;
    this.dataAt = at;
    this.at = at + length;
    return type;
  }

  /** F7. The number of ranges is checked before the first is stored, and each of them costs the sender two bytes. */
  #ack(type: number): number {
    const largest = this.varint();
    const delay = this.varint();
    const more = this.varint();
    const first = this.varint();
    if (largest < 0 || delay < 0 || more < 0 || more >= ACK_RANGES_MAX) return this.#malformed();
    if (first < 0 || first > largest) return this.#malformed();
    const ranges = this.ranges;
    let smallest = largest - first;
    ranges[0] = smallest;
    ranges[1] = largest;
    const end = 2 * more + 2;
    for (let index = 2; index < end; index += 2) {
      const gap = this.varint();
      const length = this.varint();
      // Below zero already, or with this length: then `length` is the larger one.
      const rangeLargest = smallest - gap - 2;
      if (gap < 0 || length < 0 || length > rangeLargest) return this.#malformed();
      smallest = rangeLargest - length;
      ranges[index] = smallest;
      ranges[index + 1] = rangeLargest;
    }
    this.largest = largest;
    this.delay = delay;
    this.rangeCount = more + 1;
    return type === FRAME_ACK ? type : this.#ecnCounts();
  }

  #ecnCounts(): number {
    const ect0 = this.varint();
    const ect1 = this.varint();
    const ce = this.varint();
    if (ect0 < 0 || ect1 < 0 || ce < 0) return this.#malformed();
    this.ect0 = ect0;
    this.ect1 = ect1;
    this.ce = ce;
    return FRAME_ACK_ECN;
  }

  #other(type: number): number {
    switch (type) {
      case FRAME_PADDING:
        return this.#padding();
      case FRAME_PING:
        return type;
      case FRAME_DATAGRAM:
        return this.#data(type, this.end - this.at);
      case FRAME_DATAGRAM | DATAGRAM_LEN:
        return this.#data(FRAME_DATAGRAM, this.varint());
      case FRAME_RESET_STREAM:
      case FRAME_STOP_SENDING:
        return this.#streamError(type);
      case FRAME_MAX_DATA:
      case FRAME_DATA_BLOCKED:
        return this.#limit(type, VARINT_MAX);
      case FRAME_MAX_STREAMS_BIDI:
      case FRAME_MAX_STREAMS_UNI:
      case FRAME_STREAMS_BLOCKED_BIDI:
      case FRAME_STREAMS_BLOCKED_UNI:
        return this.#limit(type, STREAMS_MAX);
      case FRAME_MAX_STREAM_DATA:
      case FRAME_STREAM_DATA_BLOCKED:
        return this.#withId() ? this.#limit(type, VARINT_MAX) : this.#malformed();
      case FRAME_NEW_CONNECTION_ID:
        return this.#newConnectionId();
      case FRAME_RETIRE_CONNECTION_ID:
        return this.#withId() ? type : this.#malformed();
      case FRAME_PATH_CHALLENGE:
      case FRAME_PATH_RESPONSE:
        return this.#data(type, PATH_DATA_BYTES);
      case FRAME_CONNECTION_CLOSE:
      case FRAME_CONNECTION_CLOSE_APPLICATION:
        return this.#close(type);
      default:
        return this.#malformed();
    }
  }

  #padding(): number {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.at;
    if (end - at >= LONG_PADDING_BYTES) at = this.#skipWords(at);
    while (at < end && bytes[at] === FRAME_PADDING) at++;
    this.at = at;
    return FRAME_PADDING;
  }

  /** Sixteen bytes at a time, as far as there is nothing but PADDING: probes of the path MTU are 64 KB of it. */
  #skipWords(from: number): number {
    const { bytes } = this;
    const { buffer, byteOffset } = bytes;
    if (this.#words.buffer !== buffer)
      this.#words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    const words = this.#words;
    let at = from;
    // To the first whole word.
    while (((byteOffset + at) & 3) !== 0) if (bytes[at++] !== FRAME_PADDING) return from;
    let word = (byteOffset + at) >> 2;
    const last = ((byteOffset + this.end) >> 2) - 4;
    while (word <= last) {
      if ((words[word] | words[word + 1] | words[word + 2] | words[word + 3]) !== 0) break;
      word += 4;
    }
    return (word << 2) - byteOffset;
  }

  #withId(): boolean {
    const id = this.varint();
    if (id < 0) return false;
    this.id = id;
    return true;
  }

  #limit(type: number, most: number): number {
    const value = this.varint();
    if (value < 0 || value > most) return this.#malformed();
    this.value = value;
    return type;
  }

  #streamError(type: number): number {
    const id = this.varint();
    const code = this.varint();
    const finalSize = type === FRAME_RESET_STREAM ? this.varint() : 0;
    if (id < 0 || code < 0 || finalSize < 0) return this.#malformed();
    this.id = id;
    this.code = code;
    this.value = finalSize;
    return type;
  }

  /** F11: our connection ids have 8 bytes, and an id cannot retire itself. */
  #newConnectionId(): number {
    const sequence = this.varint();
    const retirePriorTo = this.varint();
    if (sequence < 0 || retirePriorTo < 0 || retirePriorTo > sequence) return this.#malformed();
    // One byte and no varint (RFC 9000 section 19.15).
    if (this.at >= this.end || this.bytes[this.at] !== CONNECTION_ID_BYTES)
      return this.#malformed();
    this.at++;
    this.id = sequence;
    this.value = retirePriorTo;
    return this.#data(FRAME_NEW_CONNECTION_ID, CONNECTION_ID_BYTES + RESET_TOKEN_BYTES);
  }

  /** F13. */
  #close(type: number): number {
    const code = this.varint();
    const frameType = type === FRAME_CONNECTION_CLOSE ? this.varint() : 0;
    const length = this.varint();
    if (code < 0 || frameType < 0) return this.#malformed();
    this.code = code;
    this.value = frameType;
    return this.#data(type, length);
  }
}
