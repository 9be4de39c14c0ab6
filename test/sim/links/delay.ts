/**
 * Links that take time: the length of the wire, and the moods of what is on the way.
 *
 * Invariant: `DelayLink` and an orderly `JitterLink` keep the order.
 */

import { Fifo } from '../clock/fifo.js';
import type { Timed } from '../clock/scheduler.js';
import type { Datagram } from '../datagram.js';
import type { Rng } from '../rng.js';
import { Link, type LinkContext, RandomLink } from './link.js';

/** Every datagram takes `delayUs`; may be changed in mid-run, but nothing overtakes. */
export class DelayLink extends Link implements Timed {
  delayUs: number;
  readonly #waiting = new Fifo<Datagram>();
  #lastUs = 0;

  constructor(context: LinkContext, delayUs: number) {
    super(context);
    this.delayUs = delayUs;
  }

  accept(datagram: Datagram): void {
    const { scheduler } = this.context;
    this.#lastUs = Math.max(this.#lastUs, scheduler.nowUs + this.delayUs);
    datagram.dueUs = this.#lastUs;
    this.#waiting.push(datagram);
    // One event for the oldest is enough: they leave in turn.
    if (this.#waiting.length === 1) scheduler.schedule(datagram.dueUs, this);
  }

  onTime(): void {
    const { scheduler } = this.context;
    for (;;) {
      const due = this.#waiting.peek();
      if (due === undefined) return;
      if (due.dueUs > scheduler.nowUs) {
        scheduler.schedule(due.dueUs, this);
        return;
      }
      this.#waiting.take();
      this.pass(due);
    }
  }
}

/** Every datagram takes from nothing to `jitterUs`, each as likely; overtaking happens unless `inOrder`. */
export class JitterLink extends RandomLink implements Timed {
  readonly jitterUs: number;
  readonly inOrder: boolean;
  #lastUs = 0;

  constructor(context: LinkContext, rng: Rng, jitterUs: number, inOrder: boolean) {
    super(context, rng);
    this.jitterUs = jitterUs;
    this.inOrder = inOrder;
  }

  accept(datagram: Datagram): void {
    const { scheduler } = this.context;
    let dueUs = scheduler.nowUs + this.rng.unit() * this.jitterUs;
    if (this.inOrder) dueUs = Math.max(dueUs, this.#lastUs);
    this.#lastUs = dueUs;
    scheduler.schedule(dueUs, this, datagram);
  }

  onTime(datagram: unknown): void {
    this.pass(datagram as Datagram);
  }
}

/** Every `everyth` datagram is held back until `behind` others have passed it; what is not followed waits for `holdUs`. */
export class SwapLink extends Link implements Timed {
  readonly everyth: number;
  readonly behind: number;
  readonly holdUs: number;
  #count = 0;
  #left = 0;
  #held: Datagram | undefined;

  constructor(context: LinkContext, everyth: number, behind: number, holdUs: number) {
    super(context);
    this.everyth = everyth;
    this.behind = behind;
    this.holdUs = holdUs;
  }

  accept(datagram: Datagram): void {
    if (this.#held === undefined && ++this.#count % this.everyth === 0) {
      this.#held = datagram;
      this.#left = this.behind;
      const { scheduler } = this.context;
      scheduler.schedule(scheduler.nowUs + this.holdUs, this, datagram);
      return;
    }
    this.pass(datagram);
    if (this.#held !== undefined && --this.#left === 0) this.onTime(this.#held);
  }

  onTime(datagram: unknown): void {
    // The timer of one that has been let go already.
    if (datagram !== this.#held) return;
    const held = this.#held as Datagram;
    this.#held = undefined;
    this.pass(held);
  }
}

/** A few are held back for up to `holdUs` and overtaken by those behind them. */
export class ReorderLink extends RandomLink implements Timed {
  readonly probability: number;
  readonly holdUs: number;
  held = 0;

  constructor(context: LinkContext, rng: Rng, probability: number, holdUs: number) {
    super(context, rng);
    this.probability = probability;
    this.holdUs = holdUs;
  }

  accept(datagram: Datagram): void {
    if (!this.rng.chance(this.probability)) {
      this.pass(datagram);
      return;
    }
    this.held++;
    const { scheduler } = this.context;
    scheduler.schedule(scheduler.nowUs + this.rng.unit() * this.holdUs, this, datagram);
  }

  onTime(datagram: unknown): void {
    this.pass(datagram as Datagram);
  }
}
