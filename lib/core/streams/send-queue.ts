/**
 * The streams that have something to send, in turn: a ring.
 *
 * It knows no bytes. Called by outgoing.ts.
 *
 * Invariant: a stream is in it at most once (`isQueued`).
 */

import type { Stream } from './stream.js';

export class SendQueue {
  #ring: (Stream | undefined)[] = new Array<Stream | undefined>(16).fill(undefined);
  #first = 0;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  push(stream: Stream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#count++) & (this.#ring.length - 1)] = stream;
  }

  /** The stream whose turn it is; undefined when there is none. It stays. */
  get first(): Stream | undefined {
    return this.#count === 0 ? undefined : this.#ring[this.#first];
  }

  /** The first leaves. */
  shift(): void {
    const stream = this.#ring[this.#first];
    if (this.#count === 0 || stream === undefined) return;
    stream.isQueued = false;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    this.#count--;
  }

  /** The first becomes the last. */
  rotate(): void {
    const stream = this.first;
    if (stream === undefined) return;
    this.shift();
    this.push(stream);
  }

  clear(): void {
    while (this.#count > 0) this.shift();
  }

  #grow(): void {
    const old = this.#ring;
    const ring = new Array<Stream | undefined>(2 * old.length).fill(undefined);
    for (let index = 0; index < this.#count; index++) {
      ring[index] = old[(this.#first + index) & (old.length - 1)];
    }
    this.#ring = ring;
    this.#first = 0;
  }
}
