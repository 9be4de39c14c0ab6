/**
 * The network: hosts with addresses, and for each pair of them a chain of links in each direction.
 *
 * It carries copies: what a host sends is its own again when `send` returns. A host may have several addresses over
 * time (a NAT that gives it a new one); a datagram to an address that was given up goes nowhere.
 *
 * Invariant: every datagram that is sent is delivered, dropped by a link, or under way: `pool.held` counts the last.
 */

import type { Scheduler } from './clock/scheduler.js';
import { type Datagram, DatagramPool } from './datagram.js';
import { chain, type Link, type LinkContext, type Sink } from './links/link.js';
import { TRACE_DELIVERED, TRACE_SENT, type Trace } from './trace.js';

/** Who gets datagrams. Borrows the datagram until it returns or gives it back to the pool: it owns it from here. */
export interface Receiver {
  deliver(datagram: Datagram): void;
}

export class Network {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly pool = new DatagramPool();
  /** For links of this network. */
  readonly context: LinkContext;
  /** Datagrams without a route or to an address that nobody has. */
  lost = 0;
  /** Behind the last link of every chain. */
  readonly exit: Sink;
  /** Who has the address; ids begin at 1. */
  readonly #owners: (Receiver | undefined)[] = [undefined];
  readonly #routes = new Map<number, Sink>();

  constructor(scheduler: Scheduler, trace: Trace) {
    this.scheduler = scheduler;
    this.trace = trace;
    this.context = { scheduler, pool: this.pool };
    this.exit = { accept: (datagram) => this.#deliver(datagram) };
  }

  /** A new address (a peer id) of the receiver. */
  addAddress(receiver: Receiver): number {
    this.#owners.push(receiver);
    return this.#owners.length - 1;
  }

  /** Nobody has this address any more. */
  removeAddress(id: number): void {
    this.#owners[id] = undefined;
  }

  /** The way from one address to another. Links may belong to several ways: only the last one leads to the exit. */
  route(from: number, to: number, links: readonly Link[]): void {
    this.#routes.set(routeKey(from, to), chain(links, this.exit));
  }

  /** The way by an entrance that was built before: for ways that share links. */
  routeThrough(from: number, to: number, entrance: Sink): void {
    this.#routes.set(routeKey(from, to), entrance);
  }

  /** Takes a copy of `length` bytes and lets it go its way. */
  send(from: number, to: number, bytes: Uint8Array, offset: number, length: number, ecn = 0): void {
    const datagram = this.pool.take(bytes, offset, length);
    datagram.from = from;
    datagram.to = to;
    datagram.ecn = ecn;
    datagram.sentUs = this.scheduler.nowUs;
    this.trace.datagram(TRACE_SENT, this.scheduler.nowUs, datagram);
    const route = this.#routes.get(routeKey(from, to));
    if (route === undefined) this.#lose(datagram);
    else route.accept(datagram);
  }

  #deliver(datagram: Datagram): void {
    const owner = this.#owners[datagram.to];
    if (owner === undefined) {
      this.#lose(datagram);
      return;
    }
    this.trace.datagram(TRACE_DELIVERED, this.scheduler.nowUs, datagram);
    owner.deliver(datagram);
  }

  #lose(datagram: Datagram): void {
    this.lost++;
    this.pool.release(datagram);
  }
}

function routeKey(from: number, to: number): number {
  return from * 4096 + to;
}
