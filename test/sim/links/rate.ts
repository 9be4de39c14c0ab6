/**
 * A bottleneck: so many bits a second, and a queue of bytes in front of it that drops at its tail.
 *
 * A train counts datagram by datagram, as on a wire. Above `markBytes` of queue a datagram whose sender can do ECN is
 * marked CE instead of waiting for the queue to overflow (RFC 3168; the step marking of RFC 9332).
 *
 * Invariant: over any time no more than `bitsPerSecond` leaves, and while something waits no less.
 */

import { Fifo } from '../clock/fifo.js';
import type { Timed } from '../clock/scheduler.js';
import type { Datagram } from '../datagram.js';
import { Link, type LinkContext } from './link.js';

const ECN_ECT_0 = 2;
const ECN_ECT_1 = 1;
const ECN_CE = 3;
const BITS_US = 8_000_000;

export interface RateOptions {
  readonly bitsPerSecond: number;
  /** Bytes that wait, the one on the wire not counted. */
  readonly queueBytes: number;
  /** Default: no marks. */
  readonly markBytes?: number;
}

export class RateLink extends Link implements Timed {
  /** May be changed in mid-run: counts from the next datagram that begins to leave. */
  bitsPerSecond: number;
  queueBytes: number;
  readonly markBytes: number;
  marked = 0;
  /** Bytes that have left. */
  bytesPassed = 0;
  /** The longest that the queue was, bytes. */
  longestBytes = 0;
  #queuedBytes = 0;
  readonly #queue = new Fifo<Datagram>();
  #onWire: Datagram | undefined;

  constructor(context: LinkContext, options: RateOptions) {
    super(context);
    this.bitsPerSecond = options.bitsPerSecond;
    this.queueBytes = options.queueBytes;
    this.markBytes = options.markBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Bytes that wait. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  accept(datagram: Datagram): void {
    if (this.#onWire === undefined) {
      this.#begin(datagram);
      return;
    }
    const queued = this.#queuedBytes + datagram.length;
    if (queued > this.queueBytes) {
      this.drop(datagram);
      return;
    }
    const isCapable = datagram.ecn === ECN_ECT_0 || datagram.ecn === ECN_ECT_1;
    if (isCapable && queued > this.markBytes) {
      datagram.ecn = ECN_CE;
      this.marked++;
    }
    this.#queuedBytes = queued;
    this.longestBytes = Math.max(this.longestBytes, queued);
    this.#queue.push(datagram);
  }

  onTime(): void {
    const datagram = this.#onWire!;
    const next = this.#queue.take();
    this.#onWire = undefined;
    if (next !== undefined) {
      this.#queuedBytes -= next.length;
      this.#begin(next);
    }
    this.bytesPassed += datagram.length;
    this.pass(datagram);
  }

  #begin(datagram: Datagram): void {
    this.#onWire = datagram;
    const { scheduler } = this.context;
    const takesUs = (datagram.length * BITS_US) / this.bitsPerSecond;
    scheduler.schedule(scheduler.nowUs + takesUs, this);
  }
}
