/**
 * Requests with a number in them, and the numbers of the answers.
 *
 * Called by the client of latency-role.ts. It takes no time itself.
 *
 * Invariant: on a channel without records, answers come in order and in pieces of any size, so that the n-th 64 bytes are
 * the n-th answer; with records, each brings its number.
 */

import type { Channel } from './transport.js';

export const REQUEST_BYTES = 64;

export class Answers {
  readonly #hasRecords: boolean;
  /** Bytes that came so far, on a channel without records. */
  #bytes = 0;
  #answered = 0;

  constructor(channel: Channel, onAnswer: (sequence: number) => void) {
    this.#hasRecords = channel.hasRecords;
    channel.onBytes((bytes) => this.#read(bytes, onAnswer));
  }

  /** A new one each time: what is written is lent for good. */
  request(sequence: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(REQUEST_BYTES);
    bytes.writeUInt32LE(sequence >>> 0, 0);
    return bytes;
  }

  #read(bytes: Uint8Array, onAnswer: (sequence: number) => void): void {
    if (this.#hasRecords) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      onAnswer(view.getUint32(0, true));
      return;
    }
    this.#bytes += bytes.byteLength;
    while (this.#bytes >= REQUEST_BYTES) {
      this.#bytes -= REQUEST_BYTES;
      onAnswer(this.#answered++);
    }
  }
}
