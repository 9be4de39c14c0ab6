/**
 * A simulated star: one endpoint that sends, through one bottleneck, to as many receivers as there are connections.
 *
 * The endpoints are the product's core in virtual time (test/sim), so the figures are the same on every machine. One
 * stream that never ends in each connection. Called by rate-limit.ts and global-limit.ts.
 *
 * Invariant: all connections belong to one endpoint and share one link; the way back is free.
 */

import { DEFAULT_CONFIG, type TransportConfig } from '../../lib/core/config.js';
import type { Connection } from '../../lib/core/connection/connection.js';
import { EVENT_CONNECTED } from '../../lib/core/event-ring.js';
import { Scheduler } from '../../test/sim/clock/scheduler.js';
import { StreamGoal } from '../../test/sim/goals/stream-goal.js';
import { Host } from '../../test/sim/host.js';
import { REAL_HOST } from '../../test/sim/host-model.js';
import { Invariants } from '../../test/sim/invariants.js';
import { DelayLink } from '../../test/sim/links/delay.js';
import { chain } from '../../test/sim/links/link.js';
import { RateLink } from '../../test/sim/links/rate.js';
import { makeEndpoint, makeProtection } from '../../test/sim/make-endpoint.js';
import { Network } from '../../test/sim/network.js';
import { Peer } from '../../test/sim/peer.js';
import { Rng } from '../../test/sim/rng.js';
import { Session } from '../../test/sim/session.js';
import { SimulatedAddresses } from '../../test/sim/surroundings.js';
import { Trace } from '../../test/sim/trace.js';
import { type FixedRateKind, sendAtFixedRate } from './fixed-rate.js';

const START_US = 1_000_000;
const ENDLESS_BYTES = 2 ** 45;
const CHUNK_BYTES = 128 << 10;
/** Windows that are never what limits a connection. */
const WIDE_BYTES = 512 << 20;
/** From the start of one connection to that of the next, us. */
const STAGGER_US = 20_000;

const NOBODY = {
  onReceived: () => undefined,
  onSent: () => undefined,
  afterTurn: () => undefined,
};

export interface StarOptions {
  readonly connections: number;
  /** Of the path, both ways together, us. */
  readonly roundTripUs: number;
  /** The bottleneck: bytes a second, and bytes that wait in front of it. */
  readonly linkRate: number;
  readonly queueBytes: number;
  readonly config?: Partial<TransportConfig>;
  /** In place of congestion control and pacer; bytes a second of each connection. */
  readonly fixed?: { readonly kind: FixedRateKind; readonly rate: number };
}

export class Star {
  readonly scheduler = new Scheduler(START_US);
  readonly link: RateLink;
  readonly #network = new Network(this.scheduler, new Trace(false));
  readonly #goals: StreamGoal[] = [];

  constructor(options: StarOptions) {
    const { linkRate, queueBytes, connections, roundTripUs } = options;
    const { context } = this.#network;
    const rng = new Rng(1);
    this.link = new RateLink(context, { bitsPerSecond: 8 * linkRate, queueBytes });
    const delayUs = roundTripUs / 2;
    const entrance = chain([this.link, new DelayLink(context, delayUs)], this.#network.exit);
    const sender = this.#makePeer(0, options, rng);
    for (let index = 0; index < connections; index++) {
      const receiver = this.#makePeer(index + 1, options, rng);
      const [from, to] = [sender.host.address, receiver.host.address];
      this.#network.routeThrough(from, to, entrance);
      this.#network.route(to, from, [new DelayLink(context, delayUs)]);
      const session = this.#makeSession();
      sender.takePart(session, 0, receiver);
      receiver.takePart(session, 1, sender);
      const onTime = (): void => sender.connect(session);
      this.scheduler.schedule(START_US + index * STAGGER_US, { onTime });
    }
  }

  /** Lets virtual time pass. */
  run(durationUs: number): void {
    this.scheduler.runUntil(this.scheduler.nowUs + durationUs);
  }

  /** Bytes that each receiver's application has read so far. */
  bytesRead(): number[] {
    return this.#goals.map(({ bytesRead }) => bytesRead);
  }

  #makeSession(): Session {
    const goal = new StreamGoal({
      bytes: ENDLESS_BYTES,
      chunkBytes: [CHUNK_BYTES, CHUNK_BYTES],
      isFast: true,
    });
    this.#goals.push(goal);
    return new Session({
      connects: [],
      areStrangers: false,
      goals: () => [goal],
      close: { side: 0, isGraceful: false, when: 'delivered' },
    });
  }

  #makePeer(place: number, options: StarOptions, rng: Rng): Peer {
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
    };
    const host = new Host(`peer ${place}`, this.#network, REAL_HOST, own.fork('host'), NOBODY);
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
    const invariants = new Invariants(() => endpoint);
    const application = own.fork('application');
    const parts = { host, endpoint, identity, addresses, invariants, config };
    const peer = new Peer({ ...parts, protection: undefined, rng: application });
    host.install(endpoint, {
      onEvent: (kind, owner, subject, value) => {
        if (kind === EVENT_CONNECTED) fixRate(subject as Connection, options, host.nowUs);
        peer.onEvent(kind, owner, subject, value);
      },
    });
    return peer;
  }
}

function fixRate(connection: Connection, { fixed }: StarOptions, nowUs: number): void {
  if (fixed !== undefined) sendAtFixedRate(connection, fixed.kind, fixed.rate, nowUs);
}
