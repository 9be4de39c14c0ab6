/**
 * Bytes of streams in bulk: what sends as fast as the connection takes them, and what counts them.
 *
 * Used by both sides of `burstwire perf`. Invariant: after `stop` nothing is written and no counter moves.
 */

import type { Connection, TransportStream } from '../../index.js';
import type { Totals, Traffic } from './traffic.js';

/** The chunk of every write, when --length says nothing. */
const WRITE_BYTES = 128 << 10;
/** RESET_STREAM and STOP_SENDING: the test is over. */
const TEST_OVER = Object.assign(new Error('the test is over'), { code: 0 });

/** Opens one-way streams and writes until it is stopped, or until `bytes` are acknowledged. */
export class StreamSender implements Traffic {
  readonly finished: Promise<void>;
  #isStopped = false;
  #final: Totals | undefined;
  readonly #streams: TransportStream[] = [];

  /** @param bytes of all streams together; 0: until `stop` */
  constructor(connections: readonly Connection[], parallel: number, length: number, bytes: number) {
    const chunk = Buffer.alloc(length === 0 ? WRITE_BYTES : length, 'burstwire ');
    for (const connection of connections) {
      for (let i = 0; i < parallel; i++) {
        this.#streams.push(connection.openStream({ unidirectional: true }));
      }
    }
    const count = this.#streams.length;
    const ends = this.#streams.map((stream, i) => {
      // An equal share each; the first ones carry what is left over.
      const share =
        bytes === 0 ? Number.POSITIVE_INFINITY : Math.floor((bytes + count - 1 - i) / count);
      return this.#pour(stream, chunk, share);
    });
    this.finished = Promise.all(ends).then(() => undefined);
  }

  totals(): Totals {
    if (this.#final !== undefined) return this.#final;
    const bytes = this.#streams.map((stream) => stream.bytesAcknowledged);
    return { bytes: bytes.reduce((sum, one) => sum + one, 0), lanes: bytes };
  }

  stop(): void {
    if (this.#isStopped) return;
    this.#final = this.totals();
    this.#isStopped = true;
    for (const stream of this.#streams) stream.destroy(TEST_OVER);
  }

  /** Resolves when all of it was acknowledged; never rejects: what ends the stream ends the connection or the test. */
  #pour(stream: TransportStream, chunk: Buffer, share: number): Promise<void> {
    return new Promise((resolve) => {
      let left = share;
      const pour = (): void => {
        while (!this.#isStopped && !stream.destroyed && left > 0) {
          const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
          left -= piece.length;
          if (!stream.write(piece)) break;
        }
        if (left <= 0 && !stream.destroyed && !stream.writableEnded) stream.end();
      };
      stream.on('drain', pour);
      stream.once('finish', resolve);
      stream.on('error', () => {});
      pour();
    });
  }
}

/** Counts what the peer's one-way streams bring, where it lies, without a copy. */
export class StreamReceiver implements Traffic {
  readonly finished: Promise<void>;
  #isStopped = false;
  readonly #lanes: number[] = [];

  /** @param expected streams whose ends are the end of the test */
  constructor(connections: readonly Connection[], expected: number) {
    this.finished = new Promise((resolve) => {
      let ended = 0;
      const take = (stream: TransportStream): void => {
        // Two-way ones carry words, and are somebody else's.
        if (!stream.unidirectional) return;
        if (this.#lanes.length >= expected) {
          stream.destroy();
          return;
        }
        const lane = this.#lanes.push(0) - 1;
        stream.readBorrowed((_bytes, _offset, byteLength) => {
          if (!this.#isStopped) this.#lanes[lane] += byteLength;
        });
        stream.once('end', () => {
          ended++;
          if (ended === expected) resolve();
        });
        stream.on('error', () => {});
      };
      for (const connection of connections) connection.on('stream', take);
    });
  }

  totals(): Totals {
    return { bytes: this.#lanes.reduce((sum, one) => sum + one, 0), lanes: [...this.#lanes] };
  }

  stop(): void {
    this.#isStopped = true;
  }
}
