/**
 * Links that spoil the rhythm of acknowledgements: radio that sends in heaps, boxes that thin out a way back.
 *
 * Invariant: both keep the order.
 */

import { Fifo } from '../clock/fifo.js';
import type { Timed } from '../clock/scheduler.js';
import type { Datagram } from '../datagram.js';
import { Link, type LinkContext } from './link.js';

/** What comes waits for the next multiple of `everyUs`; then all of it goes at once, as in one frame of a wireless network. */
export class HeapLink extends Link implements Timed {
  readonly everyUs: number;
  readonly #waiting = new Fifo<Datagram>();

  constructor(context: LinkContext, everyUs: number) {
    super(context);
    this.everyUs = everyUs;
  }

  accept(datagram: Datagram): void {
    const { scheduler } = this.context;
    if (this.#waiting.length === 0) {
      scheduler.schedule((Math.floor(scheduler.nowUs / this.everyUs) + 1) * this.everyUs, this);
    }
    this.#waiting.push(datagram);
  }

  onTime(): void {
    for (;;) {
      const datagram = this.#waiting.take();
      if (datagram === undefined) return;
      this.pass(datagram);
    }
  }
}

/** From `fromUs` on, of datagrams of at most `mostBytes` only every `everyth` passes: acknowledgements, on a way back. */
export class ThinLink extends Link {
  readonly everyth: number;
  readonly mostBytes: number;
  readonly fromUs: number;
  #count = 0;

  constructor(context: LinkContext, everyth: number, mostBytes: number, fromUs: number) {
    super(context);
    this.everyth = everyth;
    this.mostBytes = mostBytes;
    this.fromUs = fromUs;
  }

  accept(datagram: Datagram): void {
    const isThinned =
      datagram.length <= this.mostBytes && this.context.scheduler.nowUs >= this.fromUs;
    if (isThinned && ++this.#count % this.everyth !== 0) this.drop(datagram);
    else this.pass(datagram);
  }
}
