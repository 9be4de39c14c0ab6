/**
 * A piece of a path in one direction. Pieces stand in a chain; each does one thing to the datagrams that pass.
 *
 * What is lost, changed or delayed is decided by the piece's own dice, so a piece behaves the same whatever stands
 * before and behind it.
 *
 * Invariant: every datagram that comes in leaves once, or is dropped and counted (a duplicate is one more that comes in).
 */

import type { Scheduler } from '../clock/scheduler.js';
import type { Datagram, DatagramPool } from '../datagram.js';
import type { Rng } from '../rng.js';

/** Takes datagrams: a link, or the network behind the last one. Owns what it is given. */
export interface Sink {
  accept(datagram: Datagram): void;
}

/** What links share. */
export interface LinkContext {
  readonly scheduler: Scheduler;
  readonly pool: DatagramPool;
}

export abstract class Link implements Sink {
  /** Where it leads; set when the chain is built. */
  next: Sink | undefined;
  passed = 0;
  dropped = 0;
  protected readonly context: LinkContext;

  constructor(context: LinkContext) {
    this.context = context;
  }

  abstract accept(datagram: Datagram): void;

  protected pass(datagram: Datagram): void {
    this.passed++;
    this.next!.accept(datagram);
  }

  protected drop(datagram: Datagram): void {
    this.dropped++;
    this.context.pool.release(datagram);
  }
}

/** A link with dice. */
export abstract class RandomLink extends Link {
  protected readonly rng: Rng;

  constructor(context: LinkContext, rng: Rng) {
    super(context);
    this.rng = rng;
  }
}

/** Joins links into a chain that leads to `sink`; its entrance (the sink itself when there are none). */
export function chain(links: readonly Link[], sink: Sink): Sink {
  links.forEach((link, index) => {
    link.next = links[index + 1] ?? sink;
  });
  return links[0] ?? sink;
}
