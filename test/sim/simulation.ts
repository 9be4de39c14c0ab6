/**
 * Runs a scenario from the first handshake message to the last timer, and says what became of it.
 *
 * Three parts: until the goals are reached, until both sides know that it is over, until nothing is left to do at all.
 *
 * Invariant: a run depends on its scenario alone; its trace hash says so.
 */

import { AuditedProtection } from './audited-protection.js';
import { Scheduler } from './clock/scheduler.js';
import { SimulationFailure } from './failure.js';
import type { Side } from './goals/goal.js';
import { Host } from './host.js';
import { Invariants } from './invariants.js';
import { buildLinks, describeLinks } from './links/spec.js';
import { makeEndpoint, makeProtection, type TracerFor } from './make-endpoint.js';
import { Network } from './network.js';
import { Peer } from './peer.js';
import { Rng } from './rng.js';
import type { Scenario, StallSpec } from './scenario.js';
import { CLOSE_CODE, Session } from './session.js';
import { SimulatedAddresses } from './surroundings.js';
import { Trace } from './trace.js';

/** When every run begins. */
const START_US = 1_000_000;
/** From the close to the end of everything: an idle timeout, and time to give up. */
const CLOSE_LIMIT_US = 200_000_000;

export interface Report {
  readonly hash: string;
  /** Virtual time from the beginning to the last goal, us. */
  readonly goalsUs: number;
  /** Datagrams sent and delivered. */
  readonly datagrams: number;
  /** Steps of the scheduler. */
  readonly steps: number;
}

export class Simulation {
  readonly scenario: Scenario;
  readonly scheduler = new Scheduler(START_US);
  readonly trace: Trace;
  readonly network: Network;
  /** The session of the round that is under way. */
  session: Session;
  readonly peers: readonly [Peer, Peer];
  steps = 0;
  readonly #tracerFor: TracerFor | undefined;
  #isOver = false;

  /**
   * @param hashesBytes false: runs with different ciphers have the same hash
   * @param tracerFor hears what happens; the run is the same without it
   */
  constructor(scenario: Scenario, hashesBytes = true, tracerFor?: TracerFor) {
    this.scenario = scenario;
    this.#tracerFor = tracerFor;
    this.trace = new Trace(hashesBytes);
    this.network = new Network(this.scheduler, this.trace);
    this.session = new Session(scenario.session);
    const rng = new Rng(scenario.seed);
    this.peers = [this.#makePeer(0, rng.fork('side 0')), this.#makePeer(1, rng.fork('side 1'))];
    const [left, right] = this.peers;
    const { context } = this.network;
    const { there, back } = scenario;
    const [from, to] = [left.host.address, right.host.address];
    this.network.route(from, to, buildLinks(there, context, rng.fork('there')));
    this.network.route(to, from, buildLinks(back, context, rng.fork('back')));
    for (const stall of scenario.stalls) this.#scheduleStall(stall, rng.fork('stalls'));
    this.#begin();
  }

  /** @throws SimulationFailure with everything that is needed to see it again */
  run(): Report {
    try {
      return this.#run();
    } catch (error) {
      const isNoticed = error instanceof SimulationFailure;
      const what = isNoticed ? error.message : error instanceof Error ? error.stack : String(error);
      throw new SimulationFailure(`${what}\n${this.describe()}`);
    }
  }

  describe(): string {
    const { name, seed, there, back } = this.scenario;
    const stats = this.session.connections.map((connection, side) =>
      connection === undefined
        ? `side ${side} has no connection`
        : `side ${side} ${connection.phase}: ${JSON.stringify(connection.stats())}`,
    );
    return [
      `scenario '${name}', seed ${seed}, ${(this.scheduler.nowUs / 1e6).toFixed(6)} s, trace ${this.trace.hash}`,
      `there: ${describeLinks(there)}`,
      `back: ${describeLinks(back)}`,
      ...this.session.describe(),
      ...stats,
      ...this.trace.lines().slice(-25),
    ].join('\n');
  }

  #run(): Report {
    const { scheduler, scenario } = this;
    let goalsUs = this.#runSession();
    for (let round = 1; round < scenario.rounds; round++) {
      this.session = new Session(scenario.session);
      this.#begin();
      goalsUs = this.#runSession();
    }
    this.#isOver = true;
    const limitUs = scheduler.nowUs + CLOSE_LIMIT_US;
    this.stepUntil('it does not become quiet', limitUs, () => scheduler.length === 0);
    this.#checkQuiet();
    const { hash, datagrams } = this.trace;
    return { hash, goalsUs, datagrams, steps: this.steps };
  }

  #begin(): void {
    const [left, right] = this.peers;
    left.takePart(this.session, 0, right);
    right.takePart(this.session, 1, left);
    for (const { side, atUs } of this.scenario.session.connects) {
      const { session } = this;
      const onTime = (): void => this.peers[side].connect(session);
      this.scheduler.schedule(this.scheduler.nowUs + atUs, { onTime });
    }
  }

  /** To the end of the session at hand. Returns when its goals were reached, us from the beginning of the run. */
  #runSession(): number {
    const { session, scheduler, scenario } = this;
    const { when } = scenario.session.close;
    this.stepUntil('the goals are not reached', scheduler.nowUs + scenario.limitUs, () => {
      if (when === 'written' && !session.isClosing && session.isWritten) this.#close();
      return typeof when === 'number' ? session.isOpen : session.isReached;
    });
    if (typeof when === 'number') this.#wait(when);
    const goalsUs = scheduler.nowUs - START_US;
    if (!session.isClosing) {
      if (when === 'delivered') this.#settle();
      this.#close();
    }
    const limitUs = scheduler.nowUs + CLOSE_LIMIT_US;
    this.stepUntil('not both sides are closed', limitUs, () => session.isClosed);
    this.#checkClosed();
    return goalsUs;
  }

  #wait(durationUs: number): void {
    const untilUs = this.scheduler.nowUs + durationUs;
    let isTime = false;
    this.scheduler.schedule(untilUs, {
      onTime: () => {
        isTime = true;
      },
    });
    while (!isTime) {
      this.scheduler.step();
      this.steps++;
    }
  }

  /** Lets the last acknowledgements arrive: then nothing is in flight, on either side, at some moment. */
  #settle(): void {
    const [left, right] = this.session.connections;
    const limitUs = this.scheduler.nowUs + CLOSE_LIMIT_US;
    const inFlight = (): number => left!.stats().bytesInFlight + right!.stats().bytesInFlight;
    this.stepUntil('something stays in flight', limitUs, () => inFlight() === 0);
  }

  #close(): void {
    const { side, isGraceful, when } = this.scenario.session.close;
    this.session.isClosing = true;
    const sides: Side[] = side === 'both' ? [0, 1] : [side];
    this.trace.note(this.scheduler.nowUs, `close by ${sides.join(' and ')}`);
    for (const closer of sides) {
      if (isGraceful && typeof when === 'number') {
        for (const goal of this.session.goals) goal.cut?.(closer);
      }
      this.peers[closer].close(this.session, CLOSE_CODE + closer, isGraceful);
    }
  }

  /** Lets things happen until it is done; fails with the complaint when that takes too long, or for ever. */
  stepUntil(complaint: string, limitUs: number, isDone: () => boolean): void {
    const watches = this.peers.map(({ invariants }) => invariants);
    if (isDone()) return;
    for (;;) {
      if (!this.scheduler.step()) throw new SimulationFailure(`${complaint}, and nothing is due`);
      this.steps++;
      if (this.scheduler.nowUs > limitUs) throw new SimulationFailure(`${complaint} in time`);
      // Only a turn, or an event when nothing is left, can change the answer.
      if (!watches.some(({ hasProgress }) => hasProgress) && this.scheduler.length > 0) continue;
      for (const watch of watches) watch.hasProgress = false;
      if (isDone()) return;
    }
  }

  #checkClosed(): void {
    const { side } = this.scenario.session.close;
    this.session.closed.forEach((closed, own) => {
      const { origin, code } = closed!;
      const isCloser = side === 'both' || side === own;
      const isExpected =
        (origin === 'local' && isCloser && code === CLOSE_CODE + own) ||
        (origin === 'remote' && code === CLOSE_CODE + (1 - own) && side !== own) ||
        // Its CONNECTION_CLOSE was lost, and whatever could have asked for another one in time.
        (/^(idle|reset)$/.test(origin) && side !== own && !this.scenario.isReliable);
      if (!isExpected) {
        throw new SimulationFailure(`side ${own} was closed: ${JSON.stringify(closed)}`);
      }
    });
  }

  #checkQuiet(): void {
    const { pool } = this.network;
    if (pool.held > 0) throw new SimulationFailure(`${pool.held} datagrams are still somewhere`);
    for (const { host, endpoint, protection, addresses } of this.peers) {
      const left = {
        connections: endpoint.connectionCount,
        keys: protection?.liveKeys ?? 0,
        pinnedAddresses: addresses.pinned,
        timers: host.isQuiet && endpoint.deadlineUs === Number.POSITIVE_INFINITY ? 0 : 1,
        events: endpoint.events.length,
      };
      if (Object.values(left).some((count) => count > 0)) {
        throw new SimulationFailure(`${host.name} keeps ${JSON.stringify(left)}`);
      }
    }
  }

  #makePeer(side: Side, rng: Rng): Peer {
    const { hosts, configs, protection: providerName, primitives, packetsCountAs } = this.scenario;
    const name = `host ${side}`;
    let peer: Peer | undefined;
    const invariants = new Invariants(() => peer!.endpoint);
    const host = new Host(name, this.network, hosts[side], rng.fork('host'), invariants);
    const object = (what: string): never => {
      throw new SimulationFailure(`${name}: ${what}`);
    };
    const protection = new AuditedProtection(
      makeProtection(providerName, packetsCountAs),
      object,
      (remote) => invariants.free(remote),
    );
    const addresses = new SimulatedAddresses();
    const { endpoint, identity } = makeEndpoint({
      place: side,
      config: configs[side],
      protection,
      primitives,
      random: rng.fork('random').asRandom(),
      addresses,
      nowUs: START_US,
      wake: () => host.wake(),
      tracerFor: this.#tracerFor,
    });
    peer = new Peer({
      host,
      endpoint,
      identity,
      protection,
      addresses,
      invariants,
      rng: rng.fork('application'),
      config: configs[side],
    });
    host.install(endpoint, peer);
    return peer;
  }

  #scheduleStall(stall: StallSpec, rng: Rng): void {
    const next = (): void => {
      const atUs = this.scheduler.nowUs + stall.everyUs * (0.5 + rng.unit());
      this.scheduler.schedule(atUs, { onTime });
    };
    const onTime = (): void => {
      // What is over stays over: else the run would never become quiet.
      if (this.#isOver) return;
      this.peers[stall.side].host.stall(stall.lengthUs);
      next();
    };
    next();
  }
}
