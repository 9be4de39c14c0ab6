/**
 * The streams that have something to send: a circle for each urgency, linked through the streams themselves.
 *
 * It knows no bytes and allocates nothing; every call takes the same time however many streams there are. Called by
 * outgoing.ts.
 *
 * Invariants: a stream is in one circle at most (`isQueued`), that of its urgency, which does not change meanwhile; the
 * first of all is of the most urgent circle that is not empty.
 */

import { URGENCY_MAX } from './priority.js';
import type { Stream } from './stream.js';

export class SendQueue {
  /** By urgency: the stream whose turn it is. */
  readonly #heads: (Stream | undefined)[] = new Array<Stream | undefined>(URGENCY_MAX + 1).fill(
    undefined,
  );
  /** Bit u: there is a circle of urgency u. */
  #filled = 0;

  /** The stream whose turn it is; undefined when there is none. It stays. */
  get first(): Stream | undefined {
    const lowest = this.#filled & -this.#filled;
    return lowest === 0 ? undefined : this.#heads[31 - Math.clz32(lowest)];
  }

  /** The last of its urgency from now on. */
  push(stream: Stream): void {
    if (stream.isQueued) return;
    stream.isQueued = true;
    const { urgency } = stream;
    const head = this.#heads[urgency];
    if (head === undefined) {
      this.#heads[urgency] = stream;
      this.#filled |= 1 << urgency;
      stream.nextQueued = stream;
      stream.previousQueued = stream;
      return;
    }
    const last = head.previousQueued!;
    stream.previousQueued = last;
    stream.nextQueued = head;
    last.nextQueued = stream;
    head.previousQueued = stream;
  }

  /** The stream leaves, wherever it is. */
  remove(stream: Stream): void {
    if (!stream.isQueued) return;
    const { urgency } = stream;
    const next = stream.nextQueued!;
    const previous = stream.previousQueued!;
    stream.isQueued = false;
    stream.nextQueued = undefined;
    stream.previousQueued = undefined;
    if (next === stream) {
      this.#heads[urgency] = undefined;
      this.#filled &= ~(1 << urgency);
      return;
    }
    previous.nextQueued = next;
    next.previousQueued = previous;
    if (this.#heads[urgency] === stream) this.#heads[urgency] = next;
  }

  /** The first, which is given, becomes the last of its urgency. False when it is the only one. */
  rotate(first: Stream): boolean {
    const next = first.nextQueued!;
    this.#heads[first.urgency] = next;
    return next !== first;
  }

  clear(): void {
    for (let stream = this.first; stream !== undefined; stream = this.first) this.remove(stream);
  }
}
