/**
 * Random scenarios: each seed is a path, two hosts, goals and an end. All must come to a good one.
 *
 * BURSTWIRE_SIM_SEEDS=20000 runs more of them, BURSTWIRE_SIM_SEED=17 begins with that one.
 */

import { describe, expect, it } from 'vitest';
import { nativeRefusal } from './native-provider.js';
import { PATIENCE } from './patience.js';
import { REGRESSIONS } from './regressions.js';
import { randomScenario } from './scenario.js';
import { Simulation } from './simulation.js';

const DEFAULT_SEEDS = 300;

function fromEnvironment(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} is ${value}`);
  return value;
}

const first = fromEnvironment('BURSTWIRE_SIM_SEED', 1);
const count = fromEnvironment('BURSTWIRE_SIM_SEEDS', DEFAULT_SEEDS);
const seeds = Array.from({ length: count }, (_, index) => first + index);

describe('a random scenario', PATIENCE, () => {
  it.each(seeds)('comes to a good end: seed %i', (seed) => {
    const report = new Simulation(randomScenario(seed)).run();
    expect(report.datagrams).toBeGreaterThan(0);
  });

  it.each(REGRESSIONS)('that failed once does not fail again: seed $seed, $was', ({ seed }) => {
    const report = new Simulation(randomScenario(seed)).run();
    expect(report.datagrams).toBeGreaterThan(0);
  });
});

describe('a run', PATIENCE, () => {
  const hashOf = (seed: number): string => new Simulation(randomScenario(seed)).run().hash;

  it.each([1, 2, 3, 4, 5, 6])('is the same for the same seed: %i', (seed) => {
    expect(hashOf(seed)).toBe(hashOf(seed));
  });

  it('differs for another seed', () => {
    expect(new Set([1, 2, 3, 4, 5, 6].map(hashOf)).size).toBe(6);
  });
});

describe('real cryptography', PATIENCE, () => {
  /** The trace without the bytes, which are another cipher's: times, lengths, marks, events. */
  const shapeOf = (seed: number, protection: 'plain' | 'node' | 'native'): string =>
    new Simulation({ ...randomScenario(seed), protection }, false).run().hash;

  it.each([7, 8])('changes nothing but bytes: node:crypto, seed %i', (seed) => {
    expect(shapeOf(seed, 'node')).toBe(shapeOf(seed, 'plain'));
  });

  const refusal = nativeRefusal();
  if (refusal !== undefined) console.warn(`skipped: simulation with the addon: ${refusal}`);
  it.skipIf(refusal !== undefined).each([7, 8])(
    'changes nothing but bytes: the addon, seed %i',
    (seed) => {
      expect(shapeOf(seed, 'native')).toBe(shapeOf(seed, 'plain'));
    },
  );

  it.each([9, 10])('shakes hands with X25519: seed %i', (seed) => {
    const report = new Simulation({ ...randomScenario(seed), primitives: 'node' }).run();
    expect(report.datagrams).toBeGreaterThan(0);
  });
});
