/**
 * From samples to figures: medians, ratios against the right case, and what two results differ in.
 */

import { describe, expect, it } from 'vitest';
import { compare, hasRegression, renderComparison } from '../../../bench/suite/compare.js';
import { steadyRates } from '../../../bench/suite/counting.js';
import { highlights } from '../../../bench/suite/headline.js';
import type { SuiteResult } from '../../../bench/suite/result.js';
import type { Case } from '../../../bench/suite/types.js';
import { fakeBenchmark, fakeCase, resultOf, samplesOf, suiteOf } from './fakes.js';

const PEER: Partial<Case> = { role: 'peer' };
const TRIO = [
  fakeCase('ours', 'good'),
  fakeCase('theirs', 'good', PEER),
  fakeCase('C++', 'good', { role: 'limit' }),
];
const ops = (...values: number[]) => samplesOf('opsPerSec', values);

describe('a summary', () => {
  it('has medians, ratios round by round, and the part of the limit', () => {
    const { cases } = resultOf(fakeBenchmark(TRIO), {
      ours: ops(100, 300, 220),
      theirs: ops(50, 100, 110),
      'C++': ops(200, 600, 440),
    });
    expect(cases[0].estimates.opsPerSec).toMatchObject({ median: 220, low: 100, high: 300 });
    expect(cases[0].baseline).toBe('theirs');
    expect(cases[0].ratio?.median).toBe(2);
    expect(cases[0].ofLimit?.median).toBe(0.5);
    expect(cases[1].ratio).toBeNull();
    expect(cases[1].ofLimit?.median).toBe(0.25);
    expect(cases[2].ofLimit).toBeNull();
  });

  it('turns the ratio round where less is better', () => {
    const benchmark = fakeBenchmark(TRIO, { primary: 'nsPerOp', better: 'less' });
    const { cases } = resultOf(benchmark, {
      ours: samplesOf('nsPerOp', [10]),
      theirs: samplesOf('nsPerOp', [40]),
    });
    expect(cases[0].ratio?.median).toBe(4);
  });

  it('leaves rounds out in which either side failed', () => {
    const { cases } = resultOf(fakeBenchmark(TRIO), {
      ours: [null, ...ops(300)],
      theirs: ops(1, 100),
    });
    expect(cases[0].ratio?.median).toBe(3);
    expect(cases[0].estimates.opsPerSec?.median).toBe(300);
    expect(cases[0].failures).toEqual(['it fell over']);
  });

  it('compares what stands at the same place, or what a case names', () => {
    const cases = [
      fakeCase('ours 64', 'good', { at: 64 }),
      fakeCase('ours 1024', 'good', { at: 1024 }),
      fakeCase('ours 9', 'good', { at: 9 }),
      fakeCase('theirs 64', 'good', { ...PEER, at: 64 }),
      fakeCase('theirs 1024', 'good', { ...PEER, at: 1024 }),
      fakeCase('ours named', 'good', { at: 64, baseline: 'theirs 1024' }),
    ];
    const found = resultOf(fakeBenchmark(cases), {}).cases.map((item) => item.baseline);
    expect(found).toEqual(['theirs 64', 'theirs 1024', null, null, null, 'theirs 1024']);
  });

  it('has the note of the round in the middle', () => {
    const told = [5, 1, 3].map((value) => ({ opsPerSec: value, note: `${value} things` }));
    const { cases } = resultOf(fakeBenchmark(TRIO), { ours: [...told, null] });
    expect(cases[0].notes).toEqual(['3 things']);
  });

  it('has the median of latency curves', () => {
    const curve = (p50: number, p99: number) => ({
      opsPerSec: 1,
      latencyCurve: [[50, p50] as const, [99, p99] as const],
    });
    const { cases } = resultOf(fakeBenchmark(TRIO), {
      ours: [curve(1, 50), curve(3, 10), curve(2, 20)],
    });
    expect(cases[0].latencyCurve).toEqual([
      [50, 2],
      [99, 20],
    ]);
  });
});

describe('the headline', () => {
  it('tells the first case of ours, good or bad', () => {
    const benchmark = fakeBenchmark(TRIO, { id: 'E1', group: 'e2e' });
    const told = (value: number) =>
      highlights(suiteOf([resultOf(benchmark, { ours: ops(value), theirs: ops(100) })]));
    expect(told(150)[0]).toMatchObject({
      figure: '1.50x',
      text: 'as good as theirs in operations/s: A fake',
    });
    expect(told(50)[0].figure).toBe('0.50x');
  });
});

describe('counts of the kernel', () => {
  it('are rates of the steady part: neither the start, nor the end, nor a hiccup', () => {
    const slices = [9000, 8000, 7000, 10, 10, 900, 10, 10, 0, 10, 10, 77];
    const lines = slices.flatMap((count, i) => [
      `  ${((i + 1) / 10).toFixed(1)},${count},,page-faults,1,100.00,,`,
      `  ${((i + 1) / 10).toFixed(1)},<not supported>,,cache-misses,0,100.00,,`,
    ]);
    const rates = steadyRates(`# started on Friday\n${lines.join('\n')}\n`, 0.8);
    expect(Math.round(rates.get('page-faults') ?? 0)).toBe(100);
    expect(rates.has('cache-misses')).toBe(false);
  });

  it('leave out the slice that the end of the program cut short', () => {
    const lines = ['0.1,10,,page-faults', '0.2,20,,page-faults', '0.21,9,,page-faults'];
    const rates = steadyRates(lines.join('\n'), 0.05);
    expect(Math.round(rates.get('page-faults') ?? 0)).toBe(200);
  });
});

describe('two results', () => {
  const result = (samples: Parameters<typeof resultOf>[1], better: 'more' | 'less' = 'more') =>
    suiteOf([resultOf(fakeBenchmark(TRIO, { better }), samples)]);
  const old = result({ ours: ops(100, 101, 102), theirs: ops(100, 101, 102) });

  it.each([
    ['the same', [100, 101, 102], 10, 'same', false],
    ['within the tolerance', [94, 95, 96], 10, 'same', false],
    ['beyond it', [84, 85, 86], 10, 'slower', true],
    ['beyond a smaller one', [94, 95, 96], 5, 'slower', true],
    ['so noisy that it may be the same', [50, 60, 101], 10, 'same', false],
    ['faster', [120, 121, 122], 10, 'faster', false],
  ] as const)('%s', (_what, now, tolerance, verdict, regressed) => {
    const found = compare(old, result({ ours: ops(...now) }), tolerance);
    expect(found.changes).toMatchObject([{ id: 'P1', name: 'ours', verdict }]);
    expect(hasRegression(found)).toBe(regressed);
  });

  it('know that less can be better', () => {
    const before = result({ ours: ops(100) }, 'less');
    expect(compare(before, result({ ours: ops(150) }, 'less'), 10).changes[0].verdict).toBe(
      'slower',
    );
    expect(compare(before, result({ ours: ops(50) }, 'less'), 10).changes[0].verdict).toBe(
      'faster',
    );
  });

  it('do not blame us for a peer', () => {
    const found = compare(old, result({ theirs: ops(50) }), 10);
    expect(found.changes).toMatchObject([{ name: 'theirs', verdict: 'slower' }]);
    expect(hasRegression(found)).toBe(false);
    expect(renderComparison(found, 10)).toContain('slower  P1 theirs (not ours)');
  });

  it('list what only one of them has', () => {
    const more = result({ ours: ops(100), 'C++': ops(200) });
    const wide: SuiteResult = {
      ...old,
      benchmarks: [...old.benchmarks, resultOf(fakeBenchmark(TRIO, { id: 'E7' }), {})],
      environment: { ...old.environment, node: 'v18.0.0' },
    };
    const text = renderComparison(compare(wide, more, 10), 10);
    expect(text).toContain('only before: P1 theirs');
    expect(text).toContain('only now: P1 C++');
    expect(text).toContain('not run now: E7');
    expect(text).toContain('beware: node was v18.0.0, is v20.20.2');
  });
});
