/**
 * Every one of the first datagrams is lost, every pair of them, every subset: whatever is lost in the beginning, the
 * connection comes about, and what is sent arrives.
 */

import { describe, expect, it } from 'vitest';
import type { Goal } from './goals/goal.js';
import { StreamGoal } from './goals/stream-goal.js';
import { IDEAL_HOST } from './host-model.js';
import type { LinkSpec } from './links/spec.js';
import { PATIENCE } from './patience.js';
import { scenario } from './scenario.js';
import { Simulation } from './simulation.js';

/** Datagrams of each direction that are lost one by one. */
const SINGLES = 20;
const PAIRS = 10;
/** All subsets of so many. */
const SUBSET_BITS = 7;

const goals = (): Goal[] => [
  new StreamGoal({ bytes: 8000, isUnidirectional: false, answerBytes: 8000 }),
];

/** Runs with those places lost, there and back. Returns virtual seconds until the goals were reached. */
function secondsWithout(there: readonly number[], back: readonly number[]): number {
  const path = (places: readonly number[]): LinkSpec[] => [
    { kind: 'listedLoss', places },
    { kind: 'delay', delayUs: 10_000 },
  ];
  const name = `lost there ${there.join(' ')}, back ${back.join(' ')}`;
  const hosts = [IDEAL_HOST, IDEAL_HOST] as const;
  const parts = { name, there: path(there), back: path(back), goals, hosts };
  return new Simulation(scenario(parts)).run().goalsUs / 1e6;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const subset = (mask: number): number[] => upTo(SUBSET_BITS).filter((bit) => (mask >> bit) & 1);

describe('with datagrams lost in the beginning', PATIENCE, () => {
  it('is quick when none is', () => {
    expect(secondsWithout([], [])).toBeLessThan(0.2);
  });

  it.each(upTo(SINGLES))('survives the loss of datagram %i, in either direction', (place) => {
    expect(secondsWithout([place], [])).toBeLessThan(3);
    expect(secondsWithout([], [place])).toBeLessThan(3);
  });

  it.each(upTo(PAIRS))('survives the loss of datagram %i there and of any one back', (place) => {
    for (const other of upTo(PAIRS)) expect(secondsWithout([place], [other])).toBeLessThan(5);
  });

  it('survives the loss of any subset of the first there', () => {
    for (let mask = 1; mask < 1 << SUBSET_BITS; mask++) {
      expect(secondsWithout(subset(mask), [])).toBeLessThan(60);
    }
  });

  it('survives the loss of any subset of the first back', () => {
    for (let mask = 1; mask < 1 << SUBSET_BITS; mask++) {
      expect(secondsWithout([], subset(mask))).toBeLessThan(60);
    }
  });
});
