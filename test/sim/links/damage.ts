/**
 * Links that change or repeat datagrams.
 *
 * Invariant: a datagram that is damaged differs from what was sent.
 */

import type { Timed } from '../clock/scheduler.js';
import type { Datagram } from '../datagram.js';
import type { Rng } from '../rng.js';
import { type LinkContext, RandomLink } from './link.js';

/** At most so many bits of a damaged datagram are flipped, anywhere in it. */
const MAX_FLIPS = 4;

/** With `probability`, a few bits flip; one in four of those loses its end instead. */
export class CorruptLink extends RandomLink {
  readonly probability: number;
  damaged = 0;

  constructor(context: LinkContext, rng: Rng, probability: number) {
    super(context, rng);
    this.probability = probability;
  }

  accept(datagram: Datagram): void {
    if (datagram.length > 0 && this.rng.chance(this.probability)) this.#damage(datagram);
    this.pass(datagram);
  }

  #damage(datagram: Datagram): void {
    this.damaged++;
    if (this.rng.chance(0.25)) {
      datagram.length = this.rng.below(datagram.length);
      return;
    }
    // Distinct places: two flips of one bit would heal it.
    const flips = new Set<number>();
    for (let count = this.rng.between(1, MAX_FLIPS); count > 0; count--) {
      flips.add(this.rng.below(datagram.length * 8));
    }
    for (const bit of flips) datagram.bytes[bit >> 3] ^= 1 << (bit & 7);
  }
}

/** With `probability`, it comes a second time, up to `laterUs` later. */
export class DuplicateLink extends RandomLink implements Timed {
  readonly probability: number;
  readonly laterUs: number;
  duplicated = 0;

  constructor(context: LinkContext, rng: Rng, probability: number, laterUs: number) {
    super(context, rng);
    this.probability = probability;
    this.laterUs = laterUs;
  }

  accept(datagram: Datagram): void {
    if (this.rng.chance(this.probability)) {
      this.duplicated++;
      const { scheduler, pool } = this.context;
      const again = pool.copy(datagram);
      scheduler.schedule(scheduler.nowUs + this.rng.unit() * this.laterUs, this, again);
    }
    this.pass(datagram);
  }

  onTime(datagram: unknown): void {
    this.pass(datagram as Datagram);
  }
}
