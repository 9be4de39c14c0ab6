/**
 * A run as plain data: the path, the hosts, what is to be done, how it ends. And random ones, each from one number.
 *
 * Invariant: a scenario holds no state; it can be run any number of times.
 */

import { DEFAULT_CONFIG, type TransportConfig } from '../../lib/core/config.js';
import type { Goal, Side } from './goals/goal.js';
import { DatagramGoal, IdleGoal, MessageGoal } from './goals/message-goal.js';
import { StreamGoal } from './goals/stream-goal.js';
import { type HostModel, IDEAL_HOST, REAL_HOST } from './host-model.js';
import type { LinkSpec } from './links/spec.js';
import type { PrimitivesName, ProtectionName } from './make-endpoint.js';
import { Rng } from './rng.js';
import type { CloseSpec, SessionSpec } from './session.js';

export interface StallSpec {
  readonly side: Side;
  readonly everyUs: number;
  readonly lengthUs: number;
}

export interface Scenario {
  readonly name: string;
  readonly seed: number;
  /** From side 0 to side 1, and back. */
  readonly there: readonly LinkSpec[];
  readonly back: readonly LinkSpec[];
  readonly hosts: readonly [HostModel, HostModel];
  readonly configs: readonly [TransportConfig, TransportConfig];
  readonly session: SessionSpec;
  readonly stalls: readonly StallSpec[];
  /** Virtual time in which all goals must be reached, us. */
  readonly limitUs: number;
  readonly protection: ProtectionName;
  readonly primitives: PrimitivesName;
  /** So many sessions, one after the other, between the same two endpoints. */
  readonly rounds: number;
  /** Each packet counts as so many for the life of its key: brings key updates about. */
  readonly packetsCountAs: number;
  /** Whether the path loses CONNECTION_CLOSE so seldom that both sides must hear of it. */
  readonly isReliable: boolean;
}

/** A large enough limit for everything that gets on at all. */
const LIMIT_US = 1_200_000_000;

/** What a named scenario leaves out. */
export interface ScenarioParts extends Partial<Omit<Scenario, 'session' | 'configs'>> {
  readonly goals?: () => readonly Goal[];
  readonly connects?: SessionSpec['connects'];
  readonly areStrangers?: boolean;
  readonly close?: CloseSpec;
  readonly config?: Partial<TransportConfig>;
  readonly otherConfig?: Partial<TransportConfig>;
}

/** The default twice as often as each of the others. */
const CONTROLLERS = ['cubic', 'cubic', 'bbr', 'newreno', 'ledbat'] as const;

/** UDP payload of an Ethernet over IPv6: as large as datagrams are on most paths. */
const ETHERNET_BYTES = 1452;

/** Fills in the rest: two real hosts, 20 ms and an Ethernet apart, side 0 connects, the end is graceful. */
export function scenario(parts: ScenarioParts): Scenario {
  const { goals, connects, areStrangers, close, config, otherConfig, ...rest } = parts;
  const path: LinkSpec[] = [{ kind: 'delay', delayUs: 10_000 }];
  const base = { ...DEFAULT_CONFIG, maxDatagramSize: ETHERNET_BYTES };
  return {
    name: 'unnamed',
    seed: 1,
    there: path,
    back: path,
    hosts: [REAL_HOST, REAL_HOST],
    configs: [
      { ...base, ...config },
      { ...base, ...config, ...otherConfig },
    ],
    session: {
      connects: connects ?? [{ side: 0, atUs: 0 }],
      areStrangers: areStrangers ?? false,
      goals: goals ?? (() => [new StreamGoal({})]),
      close: close ?? { side: 0, isGraceful: true, when: 'delivered' },
    },
    stalls: [],
    limitUs: LIMIT_US,
    protection: 'plain',
    primitives: 'toy',
    packetsCountAs: 1,
    rounds: 1,
    isReliable: false,
    ...rest,
  };
}

/** A scenario that follows from the seed alone. */
export function randomScenario(seed: number): Scenario {
  const rng = new Rng(seed).fork('scenario');
  // Dice of their own: the rest of a scenario is what it was before hosts had faults.
  const sendFaults = new Rng(seed).fork('send faults');
  const there = randomPath(rng);
  const hasSamePath = rng.chance(0.6);
  const config = randomConfig(rng);
  const goalSeed = rng.next();
  const graceful = rng.chance(0.8);
  return scenario({
    name: `random ${seed}`,
    seed,
    there,
    back: hasSamePath ? there : randomPath(rng),
    hosts: [randomHost(rng), randomHost(rng)].map((host) => ({
      ...host,
      sendFaults: sendFaults.chance(0.25) ? sendFaults.logarithmic(0.01, 0.5) : 0,
    })) as [HostModel, HostModel],
    config,
    otherConfig: rng.chance(0.3) ? randomConfig(rng) : {},
    goals: () => randomGoals(new Rng(goalSeed)),
    connects: randomConnects(rng),
    areStrangers: rng.chance(0.25),
    close: {
      side: rng.pick([0, 0, 1, 'both'] as const),
      isGraceful: graceful,
      when: rng.chance(0.15) ? rng.between(0, 3_000_000) : 'delivered',
    },
    rounds: rng.chance(0.2) ? rng.between(2, 3) : 1,
    stalls: randomStalls(rng),
  });
}

/** Chances are of each kind; together most paths have two or three faults. */
function randomPath(rng: Rng): LinkSpec[] {
  const path: LinkSpec[] = [];
  if (rng.chance(0.4)) {
    const bitsPerSecond = Math.round(rng.logarithmic(500_000, 200_000_000));
    const queueBytes = Math.round(rng.logarithmic(10_000, 500_000));
    const mark = rng.chance(0.3) ? { markBytes: Math.round(queueBytes / 3) } : {};
    path.push({ kind: 'rate', bitsPerSecond, queueBytes, ...mark });
    // No router queues less than a few of the largest datagrams that it takes.
    path.push({ kind: 'mtu', bytes: queueBytes > 50_000 ? 8952 : 1472 });
  }
  path.push({ kind: 'delay', delayUs: Math.round(rng.logarithmic(50, 150_000)) });
  if (rng.chance(0.3)) path.push({ kind: 'loss', probability: rng.logarithmic(0.001, 0.15) });
  if (rng.chance(0.15)) {
    path.push({
      kind: 'burstLoss',
      share: rng.logarithmic(0.002, 0.08),
      meanBurst: rng.between(2, 10),
    });
  }
  if (rng.chance(0.2)) {
    path.push({ kind: 'reorder', probability: rng.unit() * 0.4, holdUs: rng.between(100, 50_000) });
  }
  if (rng.chance(0.2)) {
    path.push({ kind: 'jitter', jitterUs: rng.between(100, 30_000), inOrder: rng.chance(0.5) });
  }
  if (rng.chance(0.2)) path.push({ kind: 'corrupt', probability: rng.logarithmic(0.001, 0.05) });
  if (rng.chance(0.2)) {
    path.push({
      kind: 'duplicate',
      probability: rng.unit() * 0.3,
      laterUs: rng.between(0, 100_000),
    });
  }
  if (rng.chance(0.3)) path.push(randomMtu(rng));
  if (rng.chance(0.1)) {
    const fromUs = rng.between(0, 2_000_000);
    path.push({
      kind: 'outage',
      fromUs,
      lengthUs: rng.between(10_000, 3_000_000),
      everyUs: 20_000_000,
    });
  }
  return path;
}

function randomMtu(rng: Rng): LinkSpec {
  const bytes = rng.pick([1200, 1252, 1392, 1452, 1472, 4000, 8952, 16_000, 65_507]);
  if (bytes <= 1392 || rng.chance(0.6)) return { kind: 'mtu', bytes };
  return { kind: 'mtu', bytes, thenBytes: 1252, changeUs: rng.between(1_100_000, 4_000_000) };
}

function randomHost(rng: Rng): HostModel {
  if (rng.chance(0.3)) return IDEAL_HOST;
  return {
    timerGranularityUs: rng.pick([1000, 1000, 1000, 4000]),
    timerLatenessUs: rng.pick([0, 500, 5000]),
    wakeUs: rng.between(0, 200),
    turnUs: rng.between(0, 300),
    budgetDatagrams: rng.pick([16, 64, 256, 1024]),
    interfaceBytes: rng.pick([65_507, 65_507, 8952, 1472]),
  };
}

function randomConfig(rng: Rng): Partial<TransportConfig> {
  const initialStreamData = rng.pick([8 << 10, 64 << 10, 512 << 10]);
  const initialConnectionData = initialStreamData * rng.pick([1, 2]);
  return {
    congestion: rng.pick(CONTROLLERS),
    maxDatagramSize: rng.pick([1200, 1452, 8952, 65_507]),
    maxStreams: rng.pick([2, 10, 1024]),
    initialStreamData,
    initialConnectionData,
    maxStreamData: rng.pick([initialStreamData, 1 << 20, 16 << 20]),
    maxConnectionData: 24 << 20,
    sendBuffer: rng.pick([16 << 10, 256 << 10, 4 << 20]),
    ecn: rng.chance(0.8),
    keepAliveUs: rng.pick([2_000_000, 10_000_000]),
    connectionRateLimit: rng.chance(0.1) ? rng.logarithmic(50_000, 5e6) : Number.POSITIVE_INFINITY,
  };
}

function randomConnects(rng: Rng): SessionSpec['connects'] {
  const kind = rng.unit();
  if (kind < 0.6) return [{ side: 0, atUs: 0 }];
  if (kind < 0.75) return [{ side: 1, atUs: 0 }];
  // Both at once, or nearly.
  return [
    { side: 0, atUs: rng.between(0, 1) * rng.between(0, 200_000) },
    { side: 1, atUs: 0 },
  ];
}

function randomStalls(rng: Rng): StallSpec[] {
  if (!rng.chance(0.2)) return [];
  const side = rng.between(0, 1) as Side;
  return [{ side, everyUs: rng.between(500_000, 3_000_000), lengthUs: rng.between(5000, 600_000) }];
}

function randomGoals(rng: Rng): Goal[] {
  const goals: Goal[] = [];
  for (let count = rng.between(1, 6); count > 0; count--) goals.push(...randomGoal(rng));
  return goals;
}

function randomGoal(rng: Rng): Goal[] {
  const side = rng.between(0, 1) as Side;
  const kind = rng.unit();
  if (kind < 0.5) return [randomStream(rng, side, Math.round(rng.logarithmic(1, 400_000)))];
  if (kind < 0.6) {
    const streams = rng.between(5, 60);
    return Array.from({ length: streams }, () =>
      randomStream(rng, side, Math.round(rng.logarithmic(1, 20_000))),
    );
  }
  if (kind < 0.75) {
    const most = Math.round(rng.logarithmic(4, 50_000));
    const pauseUs = rng.chance(0.5) ? 0 : rng.between(0, 5000);
    return [new MessageGoal({ side, count: rng.between(1, 100), bytes: [0, most], pauseUs })];
  }
  if (kind < 0.9) {
    const most = Math.round(rng.logarithmic(4, 2000));
    const pauseUs = rng.chance(0.3) ? 0 : rng.between(0, 5000);
    return [new DatagramGoal({ side, count: rng.between(1, 200), bytes: [0, most], pauseUs })];
  }
  return [new IdleGoal(rng.between(100_000, 40_000_000))];
}

function randomStream(rng: Rng, side: Side, mostBytes: number): StreamGoal {
  const bytes = rng.chance(0.02) ? 0 : mostBytes;
  const isUnidirectional = rng.chance(0.5);
  const endings = ['finish', 'finish', 'finish', 'finish', 'reset', 'stop'] as const;
  const ending = bytes === 0 ? 'finish' : rng.pick(endings);
  const least = Math.round(rng.logarithmic(1, 20_000));
  const answerBytes = isUnidirectional ? 0 : Math.round(rng.logarithmic(1, 200_000)) - 1;
  // Ten seconds in all: a pause between any two of a million bytes would last for ever.
  const chunks = Math.max(bytes, answerBytes) / least;
  const pauseUs = (mostUs: number): number =>
    rng.chance(0.3) ? Math.round(rng.unit() * Math.min(mostUs, 10_000_000 / chunks)) : 0;
  return new StreamGoal({
    side,
    isUnidirectional,
    bytes,
    answerBytes,
    isEager: rng.chance(0.5),
    chunkBytes: [least, least * rng.between(1, 4)],
    writePauseUs: pauseUs(20_000),
    readPauseUs: pauseUs(5000),
    ending,
    cutBytes: Math.max(ending === 'stop' ? 1 : 0, rng.below(bytes)),
    startUs: rng.chance(0.5) ? 0 : rng.between(0, 2_000_000),
  });
}
