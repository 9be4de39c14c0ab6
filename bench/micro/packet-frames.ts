/**
 * The payload of a packet of 1,452 bytes, written and read back by the core's frame code.
 *
 * No header, no protection. Each `write` fills the same memory again, each `read` goes through it to the end. Called by
 * cases/frames.ts and its test.
 *
 * Invariant: `read` returns the sum of what `write` has said in the frames, so that neither can leave anything out.
 */

import { PACKET_HEADER_BYTES, PACKET_TAG_BYTES } from '../../lib/batch/layout.js';
import { FRAMES_END, FrameReader } from '../../lib/core/wire/frame-reader.js';
import { FRAME_ACK_ECN, FRAME_MAX_DATA, FRAME_STREAM } from '../../lib/core/wire/frame-types.js';
import {
  NO_LENGTH,
  streamHeaderBytes,
  writeAck,
  writeStreamHeader,
  writeVarintFrame,
} from '../../lib/core/wire/frame-writer.js';

/**
 * `bulk`: one STREAM frame. `mixed`: an ACK of 4 ranges, MAX_DATA, 8 STREAM frames of 150 bytes. `ack`: an ACK of 32
 * ranges with ECN counts.
 */
export type Content = 'bulk' | 'mixed' | 'ack';

export const PAYLOAD_BYTES = 1452 - PACKET_HEADER_BYTES - PACKET_TAG_BYTES;
export const MIXED_STREAMS = 8;
export const MIXED_BYTES = 150;
export const MIXED_RANGES = 4;
export const ACK_RANGES = 32;
const STREAM_ID = 4;
const OFFSET = 5_000_000;
const LARGEST = 1_000_000;
const DELAY = 12;

/** `count` ranges of 8 numbers, the largest first, 2 missing between two of them. */
function rangesOf(count: number): Float64Array {
  const ranges = new Float64Array(2 * count);
  for (let index = 0; index < count; index++) {
    ranges[2 * index + 1] = LARGEST - 10 * index;
    ranges[2 * index] = ranges[2 * index + 1] - 7;
  }
  return ranges;
}

export class PacketFrames {
  readonly bytes = new Uint8Array(PAYLOAD_BYTES);
  readonly #content: Content;
  readonly #data: Uint8Array;
  readonly #small: Uint8Array;
  readonly #ranges: Float64Array;
  readonly #reader = new FrameReader();
  #end = 0;

  constructor(content: Content) {
    this.#content = content;
    const header = streamHeaderBytes(STREAM_ID, OFFSET, NO_LENGTH);
    this.#data = new Uint8Array(PAYLOAD_BYTES - header).fill(0x5a);
    this.#small = new Uint8Array(MIXED_BYTES).fill(0x5a);
    this.#ranges = rangesOf(content === 'ack' ? ACK_RANGES : MIXED_RANGES);
  }

  /** Bytes of a payload, once it was written. */
  get byteLength(): number {
    return this.#end;
  }

  /** Writes the payload, data included; returns the sum that `read` must find. */
  write(): number {
    if (this.#content === 'bulk') return this.#writeBulk();
    return this.#content === 'ack' ? this.#writeAck() : this.#writeMixed();
  }

  /** Reads all frames: sum of the bytes of STREAM frames, of ranges, and of limits. Throws for what is malformed. */
  read(): number {
    const reader = this.#reader;
    let sum = 0;
    reader.reset(this.bytes, 0, this.#end);
    for (let type = reader.next(); type !== FRAMES_END; type = reader.next()) {
      if (type === FRAME_STREAM) sum += reader.length;
      else if (type === FRAME_MAX_DATA) sum += reader.value;
      else if (reader.error === 0) sum += reader.rangeCount;
      else throw new Error(`a frame of type ${reader.rawType} is malformed`);
    }
    return sum;
  }

  #writeBulk(): number {
    const at = writeStreamHeader(this.bytes, 0, STREAM_ID, OFFSET, NO_LENGTH, false);
    this.bytes.set(this.#data, at);
    this.#end = at + this.#data.byteLength;
    return this.#data.byteLength;
  }

  #writeAck(): number {
    this.#end = writeAck(this.bytes, 0, this.#ranges, ACK_RANGES, DELAY, true, LARGEST, 0, 3);
    if (this.bytes[0] !== FRAME_ACK_ECN) throw new Error('no ACK with ECN counts');
    return ACK_RANGES;
  }

  #writeMixed(): number {
    const { bytes } = this;
    let at = writeAck(bytes, 0, this.#ranges, MIXED_RANGES, DELAY, false, 0, 0, 0);
    at = writeVarintFrame(bytes, at, FRAME_MAX_DATA, OFFSET);
    for (let index = 0; index < MIXED_STREAMS; index++) {
      at = writeStreamHeader(bytes, at, STREAM_ID * index, OFFSET, MIXED_BYTES, false);
      bytes.set(this.#small, at);
      at += MIXED_BYTES;
    }
    this.#end = at;
    return MIXED_RANGES + OFFSET + MIXED_STREAMS * MIXED_BYTES;
  }
}
