/**
 * What the application asks of a stream, passed on to the part that does it.
 *
 * It decides nothing. Called by Stream only.
 *
 * Invariant: once the connection is over, only what has come can still be had.
 */

import type { Delivery } from './delivery.js';
import type { Sending } from './sending.js';
import type { Stream, StreamOwner } from './stream.js';
import type { StreamLife } from './stream-life.js';

export class StreamRequests implements StreamOwner {
  readonly #life: StreamLife;
  readonly #sending: Sending;
  readonly #delivery: Delivery;

  constructor(life: StreamLife, sending: Sending, delivery: Delivery) {
    this.#life = life;
    this.#sending = sending;
    this.#delivery = delivery;
  }

  get isClosed(): boolean {
    return this.#life.isClosed;
  }

  get sendBufferBytes(): number {
    return this.#life.options.config.sendBuffer;
  }

  onWritten(stream: Stream): void {
    this.#sending.onWritten(stream);
  }

  onPriority(stream: Stream, urgency: number, weight: number): void {
    this.#sending.outgoing.prioritize(stream, urgency, weight);
  }

  onResetByUs(stream: Stream, code: number): void {
    this.#sending.reset(stream, code);
  }

  onStopByUs(stream: Stream, code: number): void {
    this.#delivery.stop(stream, code);
  }

  read(stream: Stream): Uint8Array | undefined {
    return this.#delivery.read(stream);
  }

  onEndTaken(stream: Stream): void {
    stream.isEndTold = true;
    this.#life.removeWhenOver(stream);
  }

  onBorrower(stream: Stream): void {
    // Nobody will ask for the pieces one by one: they become chunks while they are there.
    if (stream.borrower === undefined) this.#delivery.flush(stream);
  }

  deliver(stream: Stream): void {
    this.#delivery.deliver(stream);
  }
}
