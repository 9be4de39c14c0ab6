/**
 * Links that lose datagrams: by chance, in bursts, by number, by size, by the clock.
 *
 * Invariant: what is not lost passes at once and unchanged.
 */

import type { Datagram } from '../datagram.js';
import type { Rng } from '../rng.js';
import { Link, type LinkContext, RandomLink } from './link.js';

/** Each is lost with the same probability, whatever happened to those before. */
export class LossLink extends RandomLink {
  readonly probability: number;

  constructor(context: LinkContext, rng: Rng, probability: number) {
    super(context, rng);
    this.probability = probability;
  }

  accept(datagram: Datagram): void {
    if (this.rng.chance(this.probability)) this.drop(datagram);
    else this.pass(datagram);
  }
}

/** A burst is over after that, however few datagrams there were to lose: what backs off must not feed it. */
const BURST_US = 200_000;

/**
 * Gilbert's model: a good state that loses nothing and a bad one that loses all; bursts have a mean length, and the
 * share of lost datagrams is what remains of it in the long run.
 */
export class BurstLossLink extends RandomLink {
  readonly #begins: number;
  readonly #ends: number;
  #isBad = false;
  #beganUs = 0;

  /** @param share lost in the long run, below 1 @param meanBurst datagrams, 1 or more */
  constructor(context: LinkContext, rng: Rng, share: number, meanBurst: number) {
    super(context, rng);
    this.#ends = 1 / meanBurst;
    this.#begins = (share * this.#ends) / (1 - share);
  }

  accept(datagram: Datagram): void {
    const { nowUs } = this.context.scheduler;
    if (this.#isBad) {
      this.#isBad = nowUs < this.#beganUs + BURST_US && !this.rng.chance(this.#ends);
    } else if (this.rng.chance(this.#begins)) {
      this.#isBad = true;
      this.#beganUs = nowUs;
    }
    if (this.#isBad) this.drop(datagram);
    else this.pass(datagram);
  }
}

/** Every n-th of those that are at least `minBytes` long is lost: a loss rate without chance. */
export class PeriodicLossLink extends Link {
  readonly period: number;
  readonly minBytes: number;
  #count = 0;

  constructor(context: LinkContext, period: number, minBytes: number) {
    super(context);
    this.period = period;
    this.minBytes = minBytes;
  }

  accept(datagram: Datagram): void {
    if (datagram.length >= this.minBytes && ++this.#count % this.period === 0) this.drop(datagram);
    else this.pass(datagram);
  }
}

/** Those whose places (0 = the first) are listed are lost. */
export class ListedLossLink extends Link {
  readonly #places: ReadonlySet<number>;
  #count = 0;

  constructor(context: LinkContext, places: readonly number[]) {
    super(context);
    this.#places = new Set(places);
  }

  accept(datagram: Datagram): void {
    if (this.#places.has(this.#count++)) this.drop(datagram);
    else this.pass(datagram);
  }
}

/** Nothing passes between `fromUs` and `untilUs`; then again every `everyUs` (Infinity = only once). */
export class OutageLink extends Link {
  readonly fromUs: number;
  readonly lengthUs: number;
  readonly everyUs: number;

  constructor(context: LinkContext, fromUs: number, lengthUs: number, everyUs: number) {
    super(context);
    this.fromUs = fromUs;
    this.lengthUs = lengthUs;
    this.everyUs = everyUs;
  }

  accept(datagram: Datagram): void {
    const sinceUs = this.context.scheduler.nowUs - this.fromUs;
    const phaseUs = this.everyUs === Number.POSITIVE_INFINITY ? sinceUs : sinceUs % this.everyUs;
    if (sinceUs >= 0 && phaseUs < this.lengthUs) this.drop(datagram);
    else this.pass(datagram);
  }
}

/** Larger datagrams vanish without a word; the limit may be changed in mid-run. */
export class MtuLink extends Link {
  /** Largest UDP payload that passes, bytes. */
  limitBytes: number;

  constructor(context: LinkContext, limitBytes: number) {
    super(context);
    this.limitBytes = limitBytes;
  }

  accept(datagram: Datagram): void {
    if (datagram.length > this.limitBytes) this.drop(datagram);
    else this.pass(datagram);
  }
}
