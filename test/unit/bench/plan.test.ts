/**
 * What runs how long: the command line wins, quick runs are thinned, and a full run stays below its limit.
 */

import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../bench/suite/catalogue.js';
import { ASSUMED_OVERHEAD_SECONDS, estimateSeconds, planAll } from '../../../bench/suite/plan.js';
import { TimeLeft, timeText } from '../../../bench/suite/time-left.js';
import type { Benchmark } from '../../../bench/suite/types.js';
import { fakeBenchmark, fakeCase } from './fakes.js';

const plan = (benchmark: Benchmark, wishes = {}) =>
  planAll([benchmark], { quick: false, ...wishes })[0];

describe('a plan', () => {
  const config = { seconds: 7, messageSize: 99 };
  const soak = fakeBenchmark([fakeCase('one', 'good', { config })], { seconds: 5, rounds: 1 });

  it('follows the benchmark, and its case in what is its own', () => {
    const { pace, cases } = plan(soak);
    expect(pace).toMatchObject({ seconds: 5, rounds: 1 });
    expect(cases[0].config).toMatchObject({ seconds: 7, messageSize: 99, packetLoss: 0 });
  });

  it('follows the command line before either', () => {
    const { pace, cases } = plan(soak, { seconds: 0.1, rounds: 4 });
    expect(pace).toEqual({ seconds: 0.1, rounds: 4, warmupSeconds: 0.05 });
    expect(cases[0].config).toMatchObject({ seconds: 0.1, warmupSeconds: 0.05, messageSize: 99 });
  });

  it('counts in a run of its own end to end and in ablations, unless it is quick', () => {
    const counted = (group: Benchmark['group'], quick: boolean) =>
      plan({ ...soak, group }, { quick }).isCounted;
    expect(counted('e2e', false)).toBe(true);
    expect(counted('ablation', false)).toBe(true);
    expect(counted('micro', false)).toBe(false);
    expect(counted('e2e', true)).toBe(false);
  });

  it('takes the ends of lines only when it is quick', () => {
    const at = (name: string, series: string, place: number) =>
      fakeCase(name, 'good', { series, at: place });
    const cases = [
      ...[1, 2, 3].map((place) => at(`a${place}`, 'a', place)),
      at('b1', 'b', 1),
      fakeCase('alone', 'good'),
      fakeCase('alone too', 'good'),
    ];
    const found = plan(fakeBenchmark(cases), { quick: true });
    expect(found.pace.rounds).toBe(1);
    expect(found.cases.map(({ item }) => item.name)).toEqual([
      'a1',
      'a3',
      'b1',
      'alone',
      'alone too',
    ]);
  });
});

describe('a full run of the catalogue', () => {
  it('is planned to stay below a quarter of an hour', async () => {
    const plans = planAll(CATALOGUE, { quick: false });
    const seconds = plans.map((item) => estimateSeconds(item, ASSUMED_OVERHEAD_SECONDS));
    expect(seconds.reduce((sum, value) => sum + value, 0)).toBeLessThan(15 * 60);
  });
});

describe('the time left', () => {
  it('learns what processes cost beside their windows', () => {
    const left = new TimeLeft(10, 20);
    left.did(2, 3);
    expect(left.left()).toBeCloseTo(18 + 9);
    left.skip(2);
    expect(left.left()).toBeCloseTo(16 + 8);
  });

  it('is written in the unit that suits it', () => {
    expect([30.2, 300, 7200].map(timeText)).toEqual(['31 s', '5 min', '2.0 h']);
  });
});
