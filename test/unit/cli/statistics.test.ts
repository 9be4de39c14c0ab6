/** Medians, intervals and paired ratios of the benchmark. */

import { describe, expect, it } from 'vitest';
import {
  estimate,
  median,
  pairedRatio,
  sortedQuantile,
} from '../../../lib/cli/bench/statistics.js';

describe('median', () => {
  it('is the middle of an odd number and the mean of the middle two of an even one', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([7])).toBe(7);
  });

  it('leaves its argument as it was', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('of nothing is not a number', () => {
    expect(median([])).toBeNaN();
  });
});

describe('sortedQuantile', () => {
  it('interpolates between neighbours', () => {
    expect(sortedQuantile([0, 10], 0.25)).toBe(2.5);
    expect(sortedQuantile([0, 10, 20], 1)).toBe(20);
    expect(sortedQuantile([0, 10, 20], 0)).toBe(0);
  });
});

describe('estimate', () => {
  it('of one value is that value', () => {
    expect(estimate([5])).toEqual({ median: 5, low: 5, high: 5 });
  });

  it('of few values spans them', () => {
    expect(estimate([1, 2, 9])).toEqual({ median: 2, low: 1, high: 9 });
  });

  it('of many values is narrower than their range and holds the median', () => {
    const values = Array.from({ length: 101 }, (_, i) => i);
    const { median: middle, low, high } = estimate(values);
    expect(middle).toBe(50);
    expect(low).toBeGreaterThan(25);
    expect(high).toBeLessThan(75);
    expect(low).toBeLessThan(50);
    expect(high).toBeGreaterThan(50);
  });

  it('gives the same figures again', () => {
    const values = [4, 8, 15, 16, 23, 42];
    expect(estimate(values)).toEqual(estimate(values));
  });
});

describe('pairedRatio', () => {
  it('divides round by round: a slow round falls out', () => {
    expect(pairedRatio([20, 2, 200], [10, 1, 100])).toEqual({ median: 2, low: 2, high: 2 });
  });

  it('leaves rounds out in which either side is missing or zero', () => {
    expect(pairedRatio([20, null, 30, 40], [10, 10, null, 0])?.median).toBe(2);
  });

  it('is null when no pair is left', () => {
    expect(pairedRatio([null], [1])).toBeNull();
    expect(pairedRatio([], [])).toBeNull();
  });
});
