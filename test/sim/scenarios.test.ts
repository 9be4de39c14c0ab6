/**
 * Named scenarios: one fault each, or what belongs together. Goals must be reached, every invariant hold, nothing be left
 * over, and it must not take longer (in virtual time) than the path allows, with room for recovery.
 */

import { describe, expect, it } from 'vitest';
import type { AppStats, AppStream } from './core-face.js';
import type { Goal } from './goals/goal.js';
import { DatagramGoal, IdleGoal, MessageGoal } from './goals/message-goal.js';
import { StreamGoal } from './goals/stream-goal.js';
import type { LinkSpec } from './links/spec.js';
import { PATIENCE } from './patience.js';
import { type ScenarioParts, scenario } from './scenario.js';
import { Simulation } from './simulation.js';

const delay = (delayUs: number): LinkSpec => ({ kind: 'delay', delayUs });
const rate = (megabits: number, queueBytes: number): LinkSpec => ({
  kind: 'rate',
  bitsPerSecond: megabits * 1e6,
  queueBytes,
});
const loss = (probability: number): LinkSpec => ({ kind: 'loss', probability });
const bothWays = (...links: LinkSpec[]): Pick<ScenarioParts, 'there' | 'back'> => ({
  there: links,
  back: links,
});
const download = (bytes: number): (() => Goal[]) => {
  return () => [new StreamGoal({ bytes, chunkBytes: [65_536, 65_536] })];
};
/** A bit of everything, in both directions. */
const mixture = (): Goal[] => [
  new StreamGoal({ side: 0, bytes: 300_000 }),
  new StreamGoal({ side: 1, bytes: 200_000 }),
  new StreamGoal({ side: 0, isUnidirectional: false, bytes: 50_000, answerBytes: 100_000 }),
  new MessageGoal({ side: 0, count: 50, bytes: [0, 5000] }),
  new MessageGoal({ side: 1, count: 50, bytes: [4, 500], pauseUs: 2000 }),
  new DatagramGoal({ side: 0, count: 100, bytes: [4, 1000], pauseUs: 1000 }),
];

interface Row extends ScenarioParts {
  readonly name: string;
  /** Virtual seconds until all goals are reached. */
  readonly within: number;
  /** What else must hold in the end: the figures of both sides. */
  readonly expects?: (stats: readonly AppStats[]) => void;
}

const TABLE: readonly Row[] = [
  {
    name: 'a clean path',
    ...bothWays(rate(100, 500_000), delay(10_000)),
    goals: download(10_000_000),
    isReliable: true,
    within: 1.6,
    expects: ([sender]) => {
      expect([sender.pathMtu, sender.probeTimeouts, sender.spuriouslyLost]).toEqual([1452, 0, 0]);
    },
  },
  { name: 'a clean path, a bit of everything', goals: mixture, isReliable: true, within: 1 },
  {
    name: 'hardly any round trip',
    ...bothWays(delay(30)),
    config: { maxDatagramSize: 65_507 },
    goals: download(10_000_000),
    isReliable: true,
    within: 1,
  },
  {
    name: 'a round trip of 600 ms',
    ...bothWays(delay(300_000)),
    goals: download(2_000_000),
    isReliable: true,
    within: 8,
  },
  {
    name: '5 % loss',
    ...bothWays(rate(20, 200_000), delay(10_000), loss(0.05)),
    goals: download(1_000_000),
    within: 12,
  },
  {
    name: '5 % loss, a bit of everything',
    ...bothWays(delay(10_000), loss(0.05)),
    goals: mixture,
    within: 20,
  },
  {
    name: '2 % loss, a round trip of 50 ms',
    ...bothWays(rate(20, 200_000), delay(25_000), loss(0.02)),
    goals: download(2_000_000),
    within: 25,
  },
  {
    name: '20 % reordering',
    ...bothWays(delay(10_000), { kind: 'reorder', probability: 0.2, holdUs: 20_000 }),
    goals: download(1_000_000),
    within: 20,
  },
  {
    name: 'jitter of a round trip',
    ...bothWays(delay(5000), { kind: 'jitter', jitterUs: 10_000, inOrder: false }),
    goals: download(500_000),
    within: 20,
  },
  {
    name: '1 % corruption',
    ...bothWays(delay(10_000), { kind: 'corrupt', probability: 0.01 }),
    goals: mixture,
    within: 10,
  },
  {
    name: 'the path MTU falls from 8,952 to 1,400 in mid-transfer',
    ...bothWays(rate(50, 500_000), delay(5000), {
      kind: 'mtu',
      bytes: 8952,
      thenBytes: 1400,
      changeUs: 2_000_000,
    }),
    config: { maxDatagramSize: 65_507 },
    goals: download(15_000_000),
    within: 12,
    expects: ([sender]) => {
      expect(sender.pathMtu).toBeGreaterThanOrEqual(1200);
      expect(sender.pathMtu).toBeLessThanOrEqual(1400);
    },
  },
  {
    name: 'a path MTU of 1,200, the least there may be',
    ...bothWays(delay(5000), { kind: 'mtu', bytes: 1200 }),
    config: { maxDatagramSize: 65_507 },
    goals: mixture,
    isReliable: true,
    within: 2,
  },
  {
    name: 'an interface that refuses what is larger than 1,452',
    hosts: scenario({}).hosts.map((host) => ({ ...host, interfaceBytes: 1452 })) as never,
    config: { maxDatagramSize: 65_507 },
    goals: download(2_000_000),
    isReliable: true,
    within: 2,
    expects: ([sender]) => expect(sender.pathMtu).toBe(1452),
  },
  {
    name: 'sockets that take a part of every third batch, have no room for the rest, or refuse a datagram',
    hosts: scenario({}).hosts.map((host) => ({ ...host, sendFaults: 0.33 })) as never,
    goals: mixture,
    within: 8,
    // On a path that loses nothing.
    expects: ([sender]) => expect(sender.packetsLost).toBeGreaterThan(0),
  },
  {
    name: 'loss in bursts of 5',
    ...bothWays(delay(10_000), { kind: 'burstLoss', share: 0.02, meanBurst: 5 }),
    goals: download(1_000_000),
    within: 20,
  },
  {
    name: 'every second datagram comes twice',
    ...bothWays(delay(10_000), { kind: 'duplicate', probability: 0.5, laterUs: 30_000 }),
    goals: mixture,
    within: 2,
  },
  {
    name: '30 % loss',
    ...bothWays(delay(10_000), loss(0.3)),
    goals: () => [new StreamGoal({ bytes: 20_000 }), new StreamGoal({ side: 1, bytes: 20_000 })],
    within: 120,
  },
  {
    name: 'an outage of 3 s',
    ...bothWays(rate(10, 100_000), delay(10_000), {
      kind: 'outage',
      fromUs: 2_000_000,
      lengthUs: 3_000_000,
      everyUs: Number.POSITIVE_INFINITY,
    }),
    goals: download(3_000_000),
    within: 12,
  },
  {
    name: 'off for 200 ms in every 2 s',
    ...bothWays(rate(10, 100_000), delay(10_000), {
      kind: 'outage',
      fromUs: 500_000,
      lengthUs: 200_000,
      everyUs: 2_000_000,
    }),
    goals: download(3_000_000),
    within: 15,
  },
  {
    name: 'the sender stands still for 500 ms again and again',
    ...bothWays(rate(20, 200_000), delay(10_000)),
    stalls: [{ side: 0, everyUs: 1_000_000, lengthUs: 500_000 }],
    goals: download(3_000_000),
    isReliable: true,
    within: 12,
  },
  {
    name: 'the receiver stands still for 500 ms again and again',
    ...bothWays(rate(20, 200_000), delay(10_000)),
    stalls: [{ side: 1, everyUs: 1_000_000, lengthUs: 500_000 }],
    goals: download(3_000_000),
    isReliable: true,
    within: 12,
  },
  {
    name: 'a minute of silence, kept alive',
    goals: () => [new IdleGoal(60_000_000), new StreamGoal({ startUs: 61_000_000 })],
    isReliable: true,
    within: 63,
  },
  {
    name: 'both connect at the same moment',
    connects: [
      { side: 0, atUs: 0 },
      { side: 1, atUs: 0 },
    ],
    goals: mixture,
    isReliable: true,
    within: 3,
  },
  {
    name: 'both connect at the same moment, as strangers',
    connects: [
      { side: 0, atUs: 0 },
      { side: 1, atUs: 0 },
    ],
    areStrangers: true,
    goals: mixture,
    isReliable: true,
    within: 3,
  },
  {
    name: 'strangers',
    areStrangers: true,
    goals: mixture,
    isReliable: true,
    within: 3,
  },
  {
    name: 'both close at the same moment',
    close: { side: 'both', isGraceful: true, when: 'delivered' },
    goals: mixture,
    within: 2,
  },
  {
    name: 'a graceful close right after the last write, 10 % loss',
    ...bothWays(delay(10_000), loss(0.1)),
    goals: () => [new StreamGoal({ bytes: 200_000 }), new MessageGoal({ count: 20 })],
    close: { side: 0, isGraceful: true, when: 'written' },
    within: 20,
  },
  {
    name: 'a close without grace',
    close: { side: 1, isGraceful: false, when: 'delivered' },
    goals: mixture,
    isReliable: true,
    within: 2,
  },
  {
    name: 'ten connections, one after the other, between the same two',
    rounds: 10,
    goals: mixture,
    isReliable: true,
    within: 20,
  },
  {
    name: 'a close without grace in the middle of everything',
    close: { side: 0, isGraceful: false, when: 60_000 },
    goals: mixture,
    isReliable: true,
    within: 1,
  },
  {
    name: 'a graceful close in the middle of everything, by both',
    close: { side: 'both', isGraceful: true, when: 60_000 },
    goals: mixture,
    within: 1,
  },
  {
    name: 'a thousand small streams, at most 16 at once',
    config: { maxStreams: 16 },
    goals: () => Array.from({ length: 1000 }, () => new StreamGoal({ bytes: 100 })),
    isReliable: true,
    within: 10,
  },
  {
    name: 'a thousand messages',
    goals: () => [new MessageGoal({ count: 1000, bytes: [0, 3000] })],
    isReliable: true,
    within: 5,
  },
  {
    name: 'a slow reader and small windows',
    config: { initialStreamData: 8192, initialConnectionData: 16_384, maxStreamData: 16_384 },
    goals: () => [new StreamGoal({ bytes: 200_000, readPauseUs: 3000 })],
    isReliable: true,
    within: 10,
  },
  {
    name: 'streams that are reset and stopped on the way',
    ...bothWays(delay(10_000), loss(0.03)),
    goals: () => [
      ...['reset', 'stop', 'finish'].flatMap((ending) =>
        [0, 1].map(
          (side) =>
            new StreamGoal({
              side: side as 0 | 1,
              ending: ending as 'reset',
              bytes: 300_000,
              cutBytes: 100_000,
              isUnidirectional: side === 0,
              answerBytes: 30_000,
              isEager: true,
            }),
        ),
      ),
    ],
    within: 20,
  },
  {
    name: 'a rate limit on one connection',
    config: { connectionRateLimit: 250_000 },
    goals: download(1_000_000),
    isReliable: true,
    within: 4.6,
  },
  {
    name: 'a key update every 2,000 packets, 2 % loss and reordering',
    ...bothWays(delay(10_000), loss(0.02), { kind: 'reorder', probability: 0.1, holdUs: 5000 }),
    packetsCountAs: 2 ** 22 / 2000,
    goals: () => [0, 1].map((side) => new StreamGoal({ side: side as 0 | 1, bytes: 6_000_000 })),
    within: 100,
    expects: (stats) => {
      expect(stats.map(({ keyUpdates }) => keyUpdates >= 2)).toEqual([true, true]);
    },
  },
  {
    name: 'ECN marks instead of losses',
    ...bothWays(
      { kind: 'rate', bitsPerSecond: 2e7, queueBytes: 1e6, markBytes: 3e4 },
      delay(10_000),
    ),
    goals: download(5_000_000),
    isReliable: true,
    within: 3,
    expects: ([sender]) => expect([sender.packetsLost, sender.ecn]).toEqual([0, 'capable']),
  },
  {
    name: '64 kbit/s and a round trip of 500 ms',
    ...bothWays(rate(0.064, 20_000), delay(250_000)),
    goals: download(60_000),
    isReliable: true,
    within: 15,
  },
  {
    name: 'a satellite: 250 Mbit/s there, 3 back, 600 ms',
    there: [rate(250, 5_000_000), delay(300_000)],
    back: [rate(3, 100_000), delay(300_000)],
    goals: download(20_000_000),
    isReliable: true,
    within: 20,
  },
];

describe('a scenario', PATIENCE, () => {
  it.each(TABLE.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const { within, expects, ...parts } = row;
    const simulation = new Simulation(scenario(parts));
    expect(simulation.run().goalsUs / 1e6).toBeLessThan(within);
    expects?.(simulation.session.connections.map((connection) => connection!.stats()));
  });
});

describe('a handshake', PATIENCE, () => {
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
  it.each(seeds)('gets through losses of 30 in 100, seed %i', (seed) => {
    const path = bothWays(delay(10_000), loss(0.3));
    const goals = (): Goal[] => [new StreamGoal({ bytes: 1000 })];
    const report = new Simulation(scenario({ name: 'handshake loss', seed, ...path, goals })).run();
    expect(report.goalsUs / 1e6).toBeLessThan(60);
  });

  it.each(seeds)('gets through damage to 30 in 100, seed %i', (seed) => {
    const path = bothWays(delay(10_000), { kind: 'corrupt', probability: 0.3 });
    const goals = (): Goal[] => [new StreamGoal({ bytes: 1000 })];
    const report = new Simulation(scenario({ name: 'corrupt', seed, ...path, goals })).run();
    expect(report.goalsUs / 1e6).toBeLessThan(60);
  });
});

describe('a graceful close', PATIENCE, () => {
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
  it.each(seeds)('right after the last write loses nothing, seed %i', (seed) => {
    const path = bothWays(delay(10_000), loss(0.02 * (seed % 6)));
    const goals = (): Goal[] => [
      new StreamGoal({ bytes: 1000 * seed }),
      new StreamGoal({ bytes: 10 * seed }),
      new MessageGoal({ count: seed, bytes: [0, 5000] }),
    ];
    const close = { side: 0, isGraceful: true, when: 'written' } as const;
    const report = new Simulation(scenario({ name: 'close', seed, ...path, goals, close })).run();
    expect(report.goalsUs / 1e6).toBeLessThan(20);
  });
});

describe('the closing period', PATIENCE, () => {
  it('ends in the same turn in which late packets ask for another CONNECTION_CLOSE', () => {
    const simulation = new Simulation(
      scenario({
        name: 'late packets',
        goals: () => [new StreamGoal({ side: 1, bytes: 10_000_000 })],
        close: { side: 0, isGraceful: false, when: 60_000 },
      }),
    );
    const { peers, scheduler, session } = simulation;
    simulation.stepUntil('no connection', 5_000_000, () => session.isOpen);
    // It has said that it closes, and hears nothing of what is under way until everything is over.
    const onTime = (): void => peers[0].host.stall(2_000_000);
    scheduler.schedule(scheduler.nowUs + 61_000, { onTime });
    simulation.run();
    expect(session.closed.map((closed) => closed?.origin)).toEqual(['local', 'remote']);
  });
});

describe('calls after the end', PATIENCE, () => {
  it('do nothing, and do not throw', () => {
    const simulation = new Simulation(scenario({ name: 'late calls', goals: mixture }));
    const { peers, scheduler, session } = simulation;
    const late: AppStream[] = [];
    simulation.stepUntil('no connection', 5_000_000, () => session.isOpen);
    for (const connection of session.connections) late.push(connection!.openStream(false)!);
    simulation.run();
    for (const connection of session.connections) {
      expect(connection!.openStream(true)).toBeUndefined();
      expect(connection!.sendMessage(new Uint8Array(10), 1)).toBeLessThan(0);
      expect(connection!.sendDatagram(new Uint8Array(10))).toBeLessThan(0);
      connection!.close(1, 'again', true);
      connection!.close(1, 'again', false);
    }
    for (const stream of late) {
      stream.write(new Uint8Array(100));
      stream.finish();
      stream.reset(1);
      stream.stop(1);
      expect([stream.read(), stream.bytesReadable]).toEqual([undefined, 0]);
    }
    scheduler.runUntil(scheduler.nowUs + 60_000_000);
    const isQuiet = peers.map(({ host, endpoint }) => [host.isQuiet, endpoint.connectionCount]);
    expect(isQuiet).toEqual([
      [true, 0],
      [true, 0],
    ]);
  });
});

describe('an end without a word', PATIENCE, () => {
  it('of one peer is noticed by the other one when it has been silent for too long', () => {
    const idleTimeoutUs = 5_000_000;
    const parts = { name: 'a peer dies', config: { idleTimeoutUs }, goals: download(1e9) };
    const simulation = new Simulation(scenario(parts));
    const [alive, dead] = simulation.peers;
    const { session, scheduler } = simulation;
    scheduler.runUntil(3_000_000);
    dead.host.kill();
    session.isClosing = true;
    simulation.stepUntil('nobody notices', 30_000_000, () => session.closed[0] !== undefined);
    expect(session.closed[0]?.origin).toBe('idle');
    // RFC 9000 section 10.1: three probe timeouts count when they are longer.
    expect(scheduler.nowUs).toBeGreaterThan(3_000_000 + 0.9 * idleTimeoutUs);
    expect(scheduler.nowUs).toBeLessThan(3_000_000 + 1.5 * idleTimeoutUs);
    simulation.stepUntil('it does not become quiet', 60_000_000, () => alive.host.isQuiet);
    expect([alive.endpoint.connectionCount, alive.protection?.liveKeys]).toEqual([0, 0]);
  });

  it('comes to both when nothing is sent and nothing keeps the connection alive', () => {
    const config = { idleTimeoutUs: 4_000_000, keepAliveUs: Number.POSITIVE_INFINITY };
    const simulation = new Simulation(scenario({ name: 'idle', config }));
    const { session, scheduler } = simulation;
    simulation.stepUntil('no goals', 10_000_000, () => session.isReached);
    session.isClosing = true;
    const reachedUs = scheduler.nowUs;
    simulation.stepUntil('not closed', 20_000_000, () => session.isClosed);
    expect(session.closed.map((closed) => closed?.origin)).toEqual(['idle', 'idle']);
    expect(scheduler.nowUs - reachedUs).toBeGreaterThan(3_900_000);
    expect(scheduler.nowUs - reachedUs).toBeLessThan(4_500_000);
    const isQuiet = (): boolean => simulation.peers.every(({ host }) => host.isQuiet);
    simulation.stepUntil('it does not become quiet', 60_000_000, isQuiet);
    expect(simulation.peers.map(({ endpoint }) => endpoint.connectionCount)).toEqual([0, 0]);
  });
});
