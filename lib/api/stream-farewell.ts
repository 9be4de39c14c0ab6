/**
 * The end of a connection, as one of its streams sees it: whether something is lost, and when the stream may go.
 *
 * It moves no bytes. Used by `TransportStream`.
 *
 * Invariants: what was received before the connection ended can still be read; a stream that has lost nothing ends
 * without an error.
 */

import type { Duplex } from 'node:stream';
import type { Stream as CoreStream } from '../core/streams/stream.js';

export class StreamFarewell {
  /** The connection is over, and the stream with it once all that came was read; `lastError` is told then. */
  isBegun = false;
  lastError: Error | undefined = undefined;
  readonly #stream: Duplex;
  readonly #core: CoreStream;

  constructor(stream: Duplex, core: CoreStream) {
    this.#stream = stream;
    this.#core = core;
  }

  /** Something that was written is not acknowledged. */
  get isUnsettled(): boolean {
    return this.#stream.writableLength > 0 || this.#core.buffered > 0;
  }

  /** Both halves have come to their ends: there is nothing to say. */
  get isNeedless(): boolean {
    return this.#isSent() && this.#isReceived();
  }

  /** `isOrderly`: an application closed the connection with code 0. */
  begin(error: Error, isOrderly: boolean): void {
    const { receiving } = this.#core;
    const hasGap = receiving !== undefined && receiving.highest > receiving.next;
    // An idle half of a stream whose connection was closed in good order has lost nothing.
    const isHarmless = this.#isReceived() || (isOrderly && !hasGap);
    if ((!this.#isSent() && this.isUnsettled) || !isHarmless) {
      this.#stream.destroy(error);
      return;
    }
    this.isBegun = true;
    this.lastError = isOrderly ? undefined : error;
    if (!this.#stream.readableEnded) this.#stream.once('end', () => this.leaveWhenRead());
    this.leaveWhenRead();
  }

  leaveWhenRead(): void {
    const { destroyed, readableLength, readableEnded } = this.#stream;
    if (destroyed || this.#core.bytesReadable > 0 || readableLength > 0) return;
    // Whoever has read everything has not heard of the end yet.
    if (this.#core.receiving?.isComplete === true && !readableEnded) return;
    process.nextTick(() => this.#stream.destroy(this.lastError));
  }

  #isSent(): boolean {
    return this.#core.sending === undefined || this.#core.isFinished;
  }

  #isReceived(): boolean {
    const { receiving } = this.#core;
    return receiving === undefined || receiving.isComplete;
  }
}
