/**
 * Flows over one path: as many pairs of hosts as there are flows (or one that sends to all), in each one stream that never
 * ends, or what is asked for instead.
 *
 * For what congestion control does in the long run: there are no goals and no witnesses here, so that a million
 * datagrams take seconds.
 *
 * Invariant: all flows share the links in the middle; each has an access link of its own.
 */

import { DEFAULT_CONFIG, type TransportConfig } from '../../lib/core/config.js';
import { EVENT_CONNECTED } from '../../lib/core/event-ring.js';
import { Scheduler } from './clock/scheduler.js';
import type { AppStats } from './core-face.js';
import { StreamGoal } from './goals/stream-goal.js';
import { Host } from './host.js';
import { type HostModel, type HostObserver, REAL_HOST } from './host-model.js';
import { Invariants } from './invariants.js';
import { DelayLink } from './links/delay.js';
import { chain, type Link } from './links/link.js';
import { makeEndpoint, makeProtection } from './make-endpoint.js';
import { Network } from './network.js';
import { Peer } from './peer.js';
import { Rng } from './rng.js';
import { Session } from './session.js';
import { SimulatedAddresses } from './surroundings.js';
import { Trace } from './trace.js';

const START_US = 1_000_000;
/** More than any run sends. */
const ENDLESS_BYTES = 2 ** 45;
const CHUNK_BYTES = 128 << 10;
/** Windows that are never what limits a flow. */
const WIDE_BYTES = 512 << 20;

const NOBODY: HostObserver = {
  onReceived: () => undefined,
  onSent: () => undefined,
  afterTurn: () => undefined,
};

export interface FlowsOptions {
  readonly flows: number;
  /** Of the path, both ways together, us. */
  readonly roundTripUs: number;
  /** Of a flow of its own length. */
  readonly roundTripUsOf?: (flow: number) => number;
  /** What all flows go through on their way there; made with the context of the network. */
  readonly middle: (network: Network) => Link[];
  /** What all go through on their way back; default nothing. */
  readonly back?: (network: Network) => Link[];
  readonly config?: Partial<TransportConfig>;
  /** Of each flow's sender; default: as in `config`. */
  readonly congestionOf?: (flow: number) => TransportConfig['congestion'];
  /** From the start of one flow to that of the next, us. */
  readonly staggerUs?: number;
  /** When each flow connects, us from the beginning; default: by `staggerUs`. */
  readonly startUsOf?: (flow: number) => number;
  /** All flows leave from one endpoint. Default: each from its own. */
  readonly hasOneSender?: boolean;
  /** What a flow has to carry. Default: one stream that never ends. */
  readonly goals?: (flow: number) => readonly StreamGoal[];
  /** The core of each connection that a flow's sender has just begun. */
  readonly onConnected?: (connection: unknown, nowUs: number) => void;
  readonly host?: HostModel;
  readonly seed?: number;
}

export class Flows {
  readonly scheduler = new Scheduler(START_US);
  readonly network = new Network(this.scheduler, new Trace(false));
  readonly #goals: (readonly StreamGoal[])[] = [];
  readonly #sessions: Session[] = [];
  readonly #senders: Peer[] = [];

  constructor(options: FlowsOptions) {
    const rng = new Rng(options.seed ?? 1);
    const { flows } = options;
    const entrance = chain(options.middle(this.network), this.network.exit);
    const wayBack = chain(options.back?.(this.network) ?? [], this.network.exit);
    let only: Peer | undefined;
    for (let flow = 0; flow < flows; flow++) {
      const sender = only ?? this.#makePeer(2 * flow, options, rng);
      if (options.hasOneSender) only = sender;
      this.#senders.push(sender);
      const receiver = this.#makePeer(2 * flow + 1, options, rng);
      const goals = options.goals?.(flow) ?? [endlessStream()];
      const session = new Session({
        connects: [],
        areStrangers: false,
        goals: () => goals,
        close: { side: 0, isGraceful: false, when: 'delivered' },
      });
      sender.takePart(session, 0, receiver);
      receiver.takePart(session, 1, sender);
      const delayUs = (options.roundTripUsOf?.(flow) ?? options.roundTripUs) / 2;
      const [from, to] = [sender.host.address, receiver.host.address];
      const access = new DelayLink(this.network.context, delayUs);
      this.network.routeThrough(from, to, chain([access], entrance));
      const back = new DelayLink(this.network.context, delayUs);
      this.network.routeThrough(to, from, chain([back], wayBack));
      this.#goals.push(goals);
      this.#sessions.push(session);
      const onTime = (): void => sender.connect(session);
      const startUs = options.startUsOf?.(flow) ?? flow * (options.staggerUs ?? 0);
      this.scheduler.schedule(START_US + startUs, { onTime });
    }
  }

  /** Lets virtual time pass. */
  run(durationUs: number): void {
    this.scheduler.runUntil(this.scheduler.nowUs + durationUs);
  }

  /** Lets time pass and looks `samples` times, equally far apart. */
  sample(durationUs: number, samples: number, look: () => void): void {
    for (let sample = 0; sample < samples; sample++) {
      this.run(durationUs / samples);
      look();
    }
  }

  /** Bytes that each flow's receiver has read so far. */
  bytesRead(): number[] {
    return this.#goals.map((goals) => goals.reduce((sum, { bytesRead }) => sum + bytesRead, 0));
  }

  /** The event loop of a flow's sender stands still. */
  stall(flow: number, durationUs: number): void {
    this.#senders[flow].host.stall(durationUs);
  }

  /** Figures of a flow's sender. */
  stats(flow = 0): AppStats {
    return this.#sessions[flow].connections[0]!.stats();
  }

  #makePeer(place: number, options: FlowsOptions, rng: Rng): Peer {
    const own = rng.fork(`peer ${place}`);
    const config: TransportConfig = {
      ...DEFAULT_CONFIG,
      maxStreamData: WIDE_BYTES,
      maxConnectionData: WIDE_BYTES,
      initialStreamData: WIDE_BYTES,
      initialConnectionData: WIDE_BYTES,
      sendBuffer: WIDE_BYTES / 4,
      maxDatagramSize: 1452,
      ...options.config,
      ...(options.congestionOf && { congestion: options.congestionOf(place >> 1) }),
    };
    const model = options.host ?? REAL_HOST;
    const host = new Host(`peer ${place}`, this.network, model, own.fork('host'), NOBODY);
    const addresses = new SimulatedAddresses();
    const { endpoint, identity } = makeEndpoint({
      place,
      config,
      protection: makeProtection('plain'),
      primitives: 'toy',
      random: own.fork('random').asRandom(),
      addresses,
      nowUs: START_US,
      wake: () => host.wake(),
    });
    const peer = new Peer({
      host,
      endpoint,
      identity,
      protection: undefined,
      addresses,
      invariants: new Invariants(() => endpoint),
      rng: own.fork('application'),
      config,
    });
    const { onConnected } = options;
    host.install(endpoint, {
      onEvent: (kind, owner, subject, value) => {
        if (kind === EVENT_CONNECTED) onConnected?.(subject, host.nowUs);
        peer.onEvent(kind, owner, subject, value);
      },
    });
    return peer;
  }
}

/** A stream whose writer never runs dry. */
export function endlessStream(): StreamGoal {
  return new StreamGoal({
    bytes: ENDLESS_BYTES,
    chunkBytes: [CHUNK_BYTES, CHUNK_BYTES],
    isFast: true,
  });
}

/** Jain's index: 1 when all are equal, 1 / n when one has all. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return (sum * sum) / (shares.length * squares);
}
