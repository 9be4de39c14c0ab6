/**
 * The receiving half of a socket: takes batches from the engine and hands them to listeners and loops.
 *
 * It knows no events by name and sends nothing. Called by the engine (`run`) and by `UdpSocket`.
 *
 * Invariants: the engine reads only while somebody listens and every loop has room, so nothing is taken from the
 * kernel that nobody will see. One wake-up takes at most BUDGET_DATAGRAMS and BUDGET_MS, so timers keep firing; the
 * engine calls again.
 */

import { performance } from 'node:perf_hooks';
import type { BatchSocket } from '../io/batch-socket.js';
import { BatchQueue } from './batch-queue.js';
import type { BorrowedBatch, ReceiveBatch } from './receive-batch.js';

export const BUDGET_DATAGRAMS = 8192;
export const BUDGET_MS = 1;

export class BatchReader {
  readonly #engine: BatchSocket;
  readonly #batch: BorrowedBatch;
  readonly #deliver: (batch: ReceiveBatch) => void;
  readonly #poison: boolean;
  readonly #queues = new Set<BatchQueue>();
  #listening = false;
  #closed = false;
  #reading = false;

  /**
   * @param batch the one batch of the socket; filled and released here only
   * @param deliver calls the listeners; what it throws passes through `run`
   * @param poison overwrite released bytes
   */
  constructor(
    engine: BatchSocket,
    batch: BorrowedBatch,
    deliver: (batch: ReceiveBatch) => void,
    poison: boolean,
  ) {
    this.#engine = engine;
    this.#batch = batch;
    this.#deliver = deliver;
    this.#poison = poison;
    engine.pause();
  }

  /** One wake-up. Listeners' exceptions leave it; the batch is released and reading goes on all the same. */
  run(): void {
    const deadline = performance.now() + BUDGET_MS;
    let budget = BUDGET_DATAGRAMS;
    while (this.#reading && budget > 0) {
      const count = this.#engine.receive();
      if (count === 0) return;
      budget -= count;
      this.#hand(count);
      if (performance.now() >= deadline) return;
    }
  }

  /** Somebody listens to batches, or nobody does. */
  setListening(listening: boolean): void {
    this.#listening = listening;
    this.#update();
  }

  /** A loop of its own copies, from now on. It must be read or ended: a full loop stops the socket's reading. */
  iterate(): BatchQueue {
    const queue = new BatchQueue(
      () => this.#update(),
      (ended) => {
        this.#queues.delete(ended);
        this.#update();
      },
    );
    if (this.#closed) queue.end();
    else this.#queues.add(queue);
    this.#update();
    return queue;
  }

  /** Ends reading and all loops. */
  close(): void {
    this.#closed = true;
    this.#reading = false;
    for (const queue of [...this.#queues]) queue.end();
  }

  #hand(count: number): void {
    const batch = this.#batch;
    batch.fill(this.#engine.received, count);
    try {
      // Copies first: a listener may write into the bytes that it borrows.
      if (this.#queues.size > 0) this.#copyToQueues();
      if (this.#listening) this.#deliver(batch);
    } finally {
      batch.release(this.#poison);
    }
  }

  #copyToQueues(): void {
    for (const queue of this.#queues) queue.push(this.#batch.copy());
    this.#update();
  }

  #update(): void {
    if (this.#closed) return;
    const reading = (this.#listening || this.#queues.size > 0) && !this.#anyFull();
    if (reading === this.#reading) return;
    this.#reading = reading;
    if (reading) this.#engine.resume();
    else this.#engine.pause();
  }

  #anyFull(): boolean {
    for (const queue of this.#queues) if (queue.full) return true;
    return false;
  }
}
