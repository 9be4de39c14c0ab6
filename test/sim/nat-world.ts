/**
 * Two hosts, each behind a NAT or not, and one path between them, whatever addresses they have at the moment.
 *
 * Peers, sessions and goals are those of the other simulations; here addresses come and go. A test may listen to all that
 * passes, and send what it wants from addresses of its own.
 *
 * Invariant: a datagram takes the path of its direction by the side that it leaves, not by its addresses.
 */

import { DEFAULT_CONFIG, type TransportConfig } from '../../lib/core/config.js';
import { AuditedProtection } from './audited-protection.js';
import { Scheduler } from './clock/scheduler.js';
import type { Datagram } from './datagram.js';
import { SimulationFailure } from './failure.js';
import type { Goal, Side } from './goals/goal.js';
import { Host } from './host.js';
import { REAL_HOST } from './host-model.js';
import { Invariants } from './invariants.js';
import { chain, type Link, type Sink } from './links/link.js';
import { RateLink } from './links/rate.js';
import { buildLinks, type LinkSpec } from './links/spec.js';
import { makeEndpoint, makeProtection } from './make-endpoint.js';
import { Nat, type NatKind, type Outside } from './nat.js';
import { Network, type Receiver } from './network.js';
import { Peer } from './peer.js';
import { Rng } from './rng.js';
import { Session, type SessionSpec } from './session.js';
import { SimulatedAddresses } from './surroundings.js';
import { Trace } from './trace.js';

const START_US = 1_000_000;

export interface NatWorldOptions {
  /** In front of side 0 and of side 1; default none. */
  readonly nats?: readonly [NatKind | undefined, NatKind | undefined];
  readonly isIpv6?: boolean;
  /** Both ways; default 20 ms. */
  readonly path?: readonly LinkSpec[];
  readonly goals?: () => readonly Goal[];
  readonly connects?: SessionSpec['connects'];
  readonly areStrangers?: boolean;
  readonly config?: Partial<TransportConfig>;
  readonly seed?: number;
}

export class NatWorld extends Network implements Outside {
  readonly session: Session;
  readonly peers: readonly [Peer, Peer];
  readonly nats: readonly [Nat | undefined, Nat | undefined];
  /** Sees each datagram before it leaves its side's NAT; false: it goes no further. */
  onSend: (side: Side, bytes: Uint8Array) => boolean = () => true;
  readonly #hosts: number[] = [-1];
  readonly #sides: Side[] = [0];
  readonly #links: readonly (readonly Link[])[];
  readonly #entrances: readonly [Sink, Sink];
  readonly #isIpv6: boolean;
  #hostsMade = 0;

  constructor(options: NatWorldOptions) {
    super(new Scheduler(START_US), new Trace(false));
    const rng = new Rng(options.seed ?? 1);
    const path = options.path ?? [{ kind: 'delay', delayUs: 10_000 }];
    this.#isIpv6 = options.isIpv6 ?? false;
    const links = [0, 1].map((side) => buildLinks(path, this.context, rng.fork(`path ${side}`)));
    this.#links = links;
    this.#entrances = [chain(links[0], this.exit), chain(links[1], this.exit)];
    this.session = new Session({
      connects: options.connects ?? [{ side: 0, atUs: 0 }],
      areStrangers: options.areStrangers ?? false,
      goals: options.goals ?? (() => []),
      close: { side: 0, isGraceful: true, when: 'delivered' },
    });
    const nats: (Nat | undefined)[] = [];
    const config = { ...DEFAULT_CONFIG, maxDatagramSize: 1452, ...options.config };
    const make = (side: Side): Peer =>
      this.#makePeer(side, rng.fork(`side ${side}`), config, nats, options.nats?.[side]);
    this.peers = [make(0), make(1)];
    this.nats = [nats[0], nats[1]];
    this.#begin();
  }

  /** Until the session is there and its goals are reached, us of virtual time at most. */
  runUntilReached(limitUs: number): void {
    const untilUs = this.scheduler.nowUs + limitUs;
    while (!this.session.isReached) {
      if (this.scheduler.nowUs > untilUs || !this.scheduler.step()) {
        throw new SimulationFailure(['not reached', ...this.session.describe()].join('\n'));
      }
    }
  }

  run(durationUs: number): void {
    this.scheduler.runUntil(this.scheduler.nowUs + durationUs);
  }

  /** Figures of the connection on a side. */
  stats(side: Side) {
    const [connection] = this.peers[side].endpoint.connections();
    return connection.stats() as ReturnType<typeof connection.stats> & PathStats;
  }

  /** A new address that nobody listens at, as of somebody who sends from there. */
  strangerAddress(side: Side, receiver: Receiver = { deliver: (datagram) => this.drop(datagram) }) {
    return this.#join(super.addAddress(receiver), side, true);
  }

  at(delayUs: number, onTime: () => void): void {
    this.scheduler.schedule(this.scheduler.nowUs + delayUs, { onTime });
  }

  /** Datagrams that links have dropped so far. */
  get dropped(): number {
    return this.#links.flat().reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** The bottlenecks of both directions from now on. */
  narrow(bitsPerSecond: number, queueBytes: number): void {
    for (const link of this.#links.flat()) {
      if (!(link instanceof RateLink)) continue;
      link.bitsPerSecond = bitsPerSecond;
      link.queueBytes = queueBytes;
    }
  }

  // --- Network -------------------------------------------------------------------------------------------------------

  override send(
    from: number,
    to: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    ecn = 0,
  ): void {
    const side = this.#sides[from];
    if (!this.onSend(side, bytes.subarray(offset, offset + length))) return;
    super.send(this.nats[side]?.translate(to) ?? from, to, bytes, offset, length, ecn);
  }

  /** Past `onSend` and NAT: from an address of a test's own. */
  inject(from: number, to: number, bytes: Uint8Array): void {
    super.send(from, to, bytes, 0, bytes.length);
  }

  // --- Outside -------------------------------------------------------------------------------------------------------

  newAddress(receiver: Receiver, isOtherHost: boolean): number {
    return this.#join(super.addAddress(receiver), this.#sideOf(receiver), isOtherHost);
  }

  forget(address: number): void {
    this.removeAddress(address);
  }

  isSameHost(left: number, right: number): boolean {
    return this.#hosts[left] === this.#hosts[right];
  }

  drop(datagram: Datagram): void {
    this.pool.release(datagram);
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  #sideOf(receiver: Receiver): Side {
    return this.nats?.[0] === receiver || this.#making === 0 ? 0 : 1;
  }

  #making: Side | undefined = undefined;

  /** Ways from and to an address of a side: all addresses of the other side that there are. */
  #join(address: number, side: Side, isOtherHost: boolean): number {
    if (isOtherHost) this.#hostsMade++;
    const before = this.#sides.lastIndexOf(side);
    this.#hosts[address] = isOtherHost || before < 1 ? this.#hostsMade : this.#hosts[before];
    this.#sides[address] = side;
    for (let other = 1; other < this.#sides.length; other++) {
      if (this.#sides[other] === side) continue;
      this.routeThrough(address, other, this.#entrances[side]);
      this.routeThrough(other, address, this.#entrances[this.#sides[other]]);
    }
    return address;
  }

  #place(peer: number): { address: Uint8Array; port: number } {
    const host = this.#hosts[peer];
    const address = this.#isIpv6
      ? Uint8Array.of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, host, 0, 0, 0, 0, 0, 0, 0, 1)
      : Uint8Array.of(192, 0, 2, host);
    return { address, port: 4000 + peer };
  }

  #begin(): void {
    const [left, right] = this.peers;
    left.takePart(this.session, 0, right);
    right.takePart(this.session, 1, left);
    for (const { side, atUs } of this.session.spec.connects) {
      this.at(atUs, () => this.peers[side].connect(this.session));
    }
  }

  #makePeer(
    side: Side,
    rng: Rng,
    config: TransportConfig,
    nats: (Nat | undefined)[],
    kind: NatKind | undefined,
  ): Peer {
    let peer: Peer | undefined;
    const invariants = new Invariants(() => peer!.endpoint);
    const host = new Host(`host ${side}`, this, REAL_HOST, rng.fork('host'), invariants);
    this.#join(host.address, side, true);
    this.#making = side;
    nats[side] = kind === undefined ? undefined : new Nat(kind, host, this);
    this.#making = undefined;
    const object = (what: string): never => {
      throw new SimulationFailure(`host ${side}: ${what}`);
    };
    const protection = new AuditedProtection(makeProtection('plain'), object, (remote) =>
      invariants.free(remote),
    );
    const addresses = new SimulatedAddresses((id) => this.#place(id));
    const { endpoint, identity } = makeEndpoint({
      place: side,
      config,
      protection,
      primitives: 'toy',
      random: rng.fork('random').asRandom(),
      addresses,
      nowUs: START_US,
      wake: () => host.wake(),
    });
    peer = new Peer({
      host,
      endpoint,
      identity,
      protection,
      addresses,
      invariants,
      rng: rng.fork('application'),
      config,
      publicAddress: () => nats[side]?.publicAddress ?? host.address,
    });
    host.install(endpoint, peer);
    return peer;
  }
}

/** What paths have counted: of the core's stats. */
export interface PathStats {
  readonly pathSwitches: number;
  readonly pathsValidated: number;
  readonly pathsFailed: number;
  readonly pathsRefused: number;
  readonly strayPathResponses: number;
}
