/**
 * Which stream is served next: more urgent ones first, without exception; those of one urgency share by weight, in turns
 * (deficit round robin: what a turn takes too much, the next ones pay).
 *
 * Streams that only the connection's credit holds back keep their places: without credit nobody looks at them, but at those
 * that have a place in a second queue because they need none. So a limit of the peer costs what it lets us send, however
 * many streams wait for it. It writes no frames and knows no limits. Called by outgoing.ts.
 *
 * Invariants: who can send is queued; who can send without credit has both places; who cannot send is in nobody's way.
 */

import { SendQueue } from './send-queue.js';
import { FreePlace, type Stream } from './stream.js';

/** Bytes of a turn for each unit of weight: at the default weight of 16 it is four Ethernet datagrams. */
const TURN_BYTES = 363;
/** Where packets are large, that part of one: so that paying for a packet never takes more than sixteen turns. */
const TURN_SHIFT = 4;

export class Turns {
  readonly #queue = new SendQueue<Stream>();
  /** Those of the queue that have something to send again, or nothing but their end. */
  readonly #free = new SendQueue<FreePlace>();
  /** Bytes of a turn for each unit of weight, with packets as large as they are now. */
  #turnBytes = TURN_BYTES;

  /** Streams that could send with credit alone. One that has run dry may be among them until it is looked at. */
  get waiting(): number {
    return this.#queue.size - this.#free.size;
  }

  /** A packet with room for that many bytes is filled. */
  begin(byteLength: number): void {
    this.#turnBytes = Math.max(byteLength >> TURN_SHIFT, TURN_BYTES);
  }

  /** It has something to send: it gets, or keeps, its places. */
  join(stream: Stream): void {
    this.#queue.push(stream);
    if (stream.sending!.isSendableWithoutCredit) {
      stream.freePlace ??= new FreePlace(stream);
      this.#free.push(stream.freePlace);
    } else if (stream.freePlace !== undefined) {
      this.#free.remove(stream.freePlace);
    }
  }

  remove(stream: Stream): void {
    this.#queue.remove(stream);
    if (stream.freePlace !== undefined) this.#free.remove(stream.freePlace);
  }

  /** It has nothing that could be sent, whatever the credit. */
  leave(stream: Stream): void {
    this.remove(stream);
    // What it has not used of its turn is lost, a debt is not.
    stream.turnBytes = Math.max(stream.turnBytes - stream.weight * this.#turnBytes, 0);
  }

  clear(): void {
    this.#queue.clear();
    this.#free.clear();
  }

  prioritize(stream: Stream, urgency: number, weight: number): void {
    const isMoving = stream.isQueued && stream.urgency !== urgency;
    if (isMoving) this.remove(stream);
    stream.urgency = urgency;
    stream.weight = weight;
    // What was sent with a larger weight is not held against a smaller one.
    stream.turnBytes = Math.min(stream.turnBytes, weight * this.#turnBytes);
    if (isMoving && stream.sending!.isSendable) this.join(stream);
  }

  /** The stream to serve now; undefined when none has anything that could be sent. */
  next(hasCredit: boolean): Stream | undefined {
    if (!hasCredit) return this.#nextWithoutCredit();
    for (let stream = this.#queue.first; stream !== undefined; stream = this.#queue.first) {
      if (!stream.sending!.isSendable) this.leave(stream);
      else if (!this.#hasHadTurn(stream)) return stream;
    }
    return undefined;
  }

  /** The stream was served: it stays, for its turn may go on when more is written, but in no place that it does not need. */
  afterFrame(stream: Stream, hasCredit: boolean): void {
    if (stream.freePlace?.isQueued === true) this.join(stream);
    // Without credit nobody would find that it has run dry.
    if (!hasCredit && !stream.sending!.isSendable) this.leave(stream);
  }

  /**
   * The stream that nobody else waits beside, and that has nothing to say again: its turn has no end. Undefined when there
   * is none.
   */
  get alone(): Stream | undefined {
    const stream = this.#queue.first;
    if (stream === undefined || this.#queue.size > 1 || this.#free.size > 0) return undefined;
    return stream;
  }

  /** It has sent `count` frames of `byteLength` alone: its turn stands where it would after as many calls of `next`. */
  afterRun(stream: Stream, count: number, byteLength: number): void {
    const turnBytes = stream.weight * this.#turnBytes;
    for (let sent = 0; sent < count; sent++) {
      if (stream.turnBytes >= turnBytes) stream.turnBytes = 0;
      stream.turnBytes += byteLength;
    }
  }

  /** What was to be sent again may have been acknowledged since. */
  #nextWithoutCredit(): Stream | undefined {
    for (let place = this.#free.first; place !== undefined; place = this.#free.first) {
      const { stream } = place;
      const sending = stream.sending!;
      if (sending.isSendableWithoutCredit) return stream;
      if (sending.isSendable) this.join(stream);
      else this.leave(stream);
    }
    return undefined;
  }

  /** Whether the next one has its turn instead. */
  #hasHadTurn(stream: Stream): boolean {
    const turnBytes = stream.weight * this.#turnBytes;
    if (stream.turnBytes < turnBytes) return false;
    if (this.#queue.rotate(stream)) {
      stream.turnBytes -= turnBytes;
      return true;
    }
    // Nobody waits: there is nobody to pay.
    stream.turnBytes = 0;
    return false;
  }
}
