/**
 * What connections get of one endpoint's rate limit: equal shares, no long waits for those that want little, and no
 * windows that nobody has tried.
 *
 * Everything is virtual: no figure depends on the machine.
 */

import { describe, expect, it } from 'vitest';
import type { TransportConfig } from '../../lib/core/config.js';
import { endlessStream, Flows } from './flows.js';
import { StreamGoal } from './goals/stream-goal.js';
import { RateLink } from './links/rate.js';
import type { Network } from './network.js';
import { PATIENCE } from './patience.js';

/** Never a bottleneck. */
const wide = (network: Network) => [
  new RateLink(network.context, { bitsPerSecond: 1e12, queueBytes: 1e9 }),
];

const ROUND_TRIP_US = 20_000;
const QUESTIONS = 50;
const PAUSE_US = 20_000;
const WARM_UP_US = 2_000_000;

/** A question every 20 ms, each a stream of its own with an answer. */
function questions(): StreamGoal[] {
  return Array.from(
    { length: QUESTIONS },
    (_, number) =>
      new StreamGoal({
        isUnidirectional: false,
        bytes: 300,
        chunkBytes: [300, 300],
        answerBytes: 1000,
        startUs: WARM_UP_US + number * PAUSE_US,
      }),
  );
}

/** Longest time from a question to the end of everything about it, to 1 ms, us. */
function longestWaitUs(bulkFlows: number, askers: number, rateLimit: number): number {
  const asked = Array.from({ length: askers }, questions);
  const flows = new Flows({
    flows: bulkFlows + askers,
    roundTripUs: ROUND_TRIP_US,
    middle: wide,
    config: { rateLimit },
    hasOneSender: true,
    goals: (flow) => asked[flow - bulkFlows] ?? [endlessStream()],
  });
  const waiting = new Set(asked.flat());
  const begunUs = flows.scheduler.nowUs;
  let longestUs = 0;
  flows.sample(WARM_UP_US + QUESTIONS * PAUSE_US + 1_000_000, 4000, () => {
    const elapsedUs = flows.scheduler.nowUs - begunUs;
    for (const goal of waiting) {
      if (!goal.isReached) continue;
      waiting.delete(goal);
      longestUs = Math.max(longestUs, elapsedUs - goal.options.startUs);
    }
  });
  return waiting.size === 0 ? longestUs : Number.POSITIVE_INFINITY;
}

describe('small questions beside bulk under one rate limit', PATIENCE, () => {
  it.each([
    [1, 4_000_000],
    [15, 4_000_000],
    [1, 20_000_000],
  ])(
    'of four connections beside %i with bulk, of %i bytes a second, wait no longer than alone and a turn',
    (bulkFlows, rateLimit) => {
      const aloneUs = longestWaitUs(0, 4, rateLimit);
      const besideUs = longestWaitUs(bulkFlows, 4, rateLimit);
      expect(besideUs).toBeLessThan(aloneUs + 50_000);
    },
  );
});

const CONTROLLERS = ['cubic', 'newreno', 'bbr', 'ledbat'] as const;

/** Of each connection's window, bytes. */
function windows(config: Partial<TransportConfig>, senders: number): number[] {
  const flows = new Flows({
    flows: senders,
    roundTripUs: ROUND_TRIP_US,
    middle: wide,
    config,
    hasOneSender: true,
  });
  flows.run(WARM_UP_US);
  return Array.from({ length: senders }, (_, flow) => flows.stats(flow).congestionWindow);
}

describe('a window that a rate limit leaves unused', PATIENCE, () => {
  const limit = 8_000_000;

  it.each(CONTROLLERS)('does not grow: %s', (congestion) => {
    const neededBytes = (limit * ROUND_TRIP_US) / 1e6;
    const ofOne = windows({ congestion, connectionRateLimit: limit }, 1);
    const ofFour = windows({ congestion, rateLimit: limit }, 4);
    // Slow start ends at the first window that is not used: twice what is needed, and a tick's worth of bytes on top.
    expect(Math.max(...ofOne)).toBeLessThan(4 * neededBytes);
    expect(Math.max(...ofFour)).toBeLessThan(neededBytes);
    // And does not shrink either below what the limit needs.
    expect(Math.min(...ofOne)).toBeGreaterThan(neededBytes);
    expect(Math.min(...ofFour)).toBeGreaterThan(neededBytes / 4);
  });
});

const SHARERS = 16;
const SHARING_US = 2_000_000;

/** How far the connection that is furthest from it is from an equal share, 0 to 1, and what all get, bytes a second. */
function sharing(config: Partial<TransportConfig>): { error: number; rate: number } {
  const flows = new Flows({
    flows: SHARERS,
    roundTripUs: ROUND_TRIP_US,
    middle: wide,
    config,
    hasOneSender: true,
  });
  flows.run(WARM_UP_US / 2);
  const before = flows.bytesRead();
  flows.run(SHARING_US);
  const shares = flows.bytesRead().map((bytes, flow) => bytes - before[flow]);
  const all = shares.reduce((sum, share) => sum + share, 0);
  const errors = shares.map((share) => Math.abs((share * SHARERS) / all - 1));
  return { error: Math.max(...errors), rate: (all * 1e6) / SHARING_US };
}

describe(`${SHARERS} connections that always want more`, PATIENCE, () => {
  it.each([
    [8_000_000, 1452],
    [8_000_000, 8952],
    [40_000_000, 8952],
  ])(
    'share a limit of %i bytes a second evenly, with packets of %i bytes, and use it',
    (rateLimit, maxDatagramSize) => {
      const { error, rate } = sharing({ rateLimit, maxDatagramSize });
      expect(error).toBeLessThan(0.05);
      // Headers and tags are part of the limit.
      expect(rate).toBeGreaterThan(0.95 * rateLimit);
    },
  );

  it.each([1452, 8952])('get the limit that each has, with packets of %i bytes', (size) => {
    const connectionRateLimit = 500_000;
    const { error, rate } = sharing({ connectionRateLimit, maxDatagramSize: size });
    expect(error).toBeLessThan(0.05);
    expect(rate).toBeGreaterThan(0.95 * SHARERS * connectionRateLimit);
  });
});
