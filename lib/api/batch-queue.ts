/**
 * Batches on their way to one `for await` loop: owned copies, in order, bounded.
 *
 * It reads no socket; it tells its owner when room appears and when it is done. Called by `BatchReader`.
 *
 * Invariant: at most one batch more than QUEUE_BATCHES batches or QUEUE_BYTES bytes wait, because its owner reads on
 * only while no queue is `full`.
 */

import type { ReceiveBatch } from './receive-batch.js';

export const QUEUE_BATCHES = 64;
export const QUEUE_BYTES = 16 << 20;

export class BatchQueue implements AsyncIterableIterator<ReceiveBatch> {
  readonly #waiting: ReceiveBatch[] = [];
  readonly #takers: ((result: IteratorResult<ReceiveBatch>) => void)[] = [];
  readonly #onRoom: () => void;
  readonly #onDone: (queue: BatchQueue) => void;
  #bytes = 0;
  #done = false;

  /** @param onRoom called when it is no longer full @param onDone called when its loop ended */
  constructor(onRoom: () => void, onDone: (queue: BatchQueue) => void) {
    this.#onRoom = onRoom;
    this.#onDone = onDone;
  }

  get full(): boolean {
    return this.#waiting.length >= QUEUE_BATCHES || this.#bytes >= QUEUE_BYTES;
  }

  /** Transfers a batch to the loop. */
  push(batch: ReceiveBatch): void {
    if (this.#done) return;
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker({ value: batch, done: false });
      return;
    }
    this.#waiting.push(batch);
    this.#bytes += batch.bytes.byteLength;
  }

  next(): Promise<IteratorResult<ReceiveBatch>> {
    const wasFull = this.full;
    const batch = this.#waiting.shift();
    if (batch !== undefined) {
      this.#bytes -= batch.bytes.byteLength;
      if (wasFull && !this.full) this.#onRoom();
      return Promise.resolve({ value: batch, done: false });
    }
    if (this.#done) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** What `break` calls: no more batches come, those that wait are let go. */
  return(): Promise<IteratorResult<ReceiveBatch>> {
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Ends the loop at once. */
  end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#waiting.length = 0;
    this.#bytes = 0;
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true });
    this.#onDone(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
