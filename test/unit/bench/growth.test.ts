/** The verdict of a soak: what counts as growth, and what is noise. */

import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { grown, heapGrowth, openThings } from '../../../bench/stress/growth.js';

const MB = 1e6;

/** A sample each second. */
function curve(seconds: number, at: (second: number) => number): (readonly [number, number])[] {
  return Array.from({ length: seconds }, (_, second) => [second, at(second)] as const);
}

describe('heapGrowth', () => {
  it('ignores what the first half fills, and noise', () => {
    const points = curve(100, (second) => Math.min(second, 40) * MB + (second % 7) * 0.2 * MB);
    expect(heapGrowth(points).isTooMuch).toBe(false);
  });

  it('finds a leak of 100 KB a second within a minute and a half', () => {
    const points = curve(90, (second) => 20 * MB + second * 0.1 * MB + (second % 7) * 0.2 * MB);
    expect(heapGrowth(points)).toMatchObject({ isTooMuch: true });
    expect(heapGrowth(points).bytesPerSec).toBeCloseTo(0.1 * MB, -4);
  });

  it('of a large heap takes a tenth for noise', () => {
    expect(heapGrowth(curve(60, (second) => 200 * MB + second * 0.5 * MB)).isTooMuch).toBe(false);
    expect(heapGrowth(curve(60, (second) => 200 * MB + second * MB)).isTooMuch).toBe(true);
  });

  it('says nothing of too few samples', () => {
    expect(heapGrowth([])).toEqual({ bytesPerSec: 0, bytes: 0, isTooMuch: false });
    expect(heapGrowth([[0, 5]]).isTooMuch).toBe(false);
  });
});

describe.runIf(process.platform === 'linux')('grown', () => {
  it('names a descriptor and a timer that are left over, and nothing that has gone', () => {
    const before = openThings();
    const descriptor = openSync('/dev/null', 'r');
    const timer = setTimeout(() => undefined, 100_000);
    const after = openThings();
    expect(grown(before, after)).toEqual([
      `descriptors: ${before.descriptors} before, ${before.descriptors! + 1} after`,
      `Timeout: ${before.Timeout ?? 0} before, ${(before.Timeout ?? 0) + 1} after`,
    ]);
    clearTimeout(timer);
    closeSync(descriptor);
    expect(grown(before, openThings())).toEqual([]);
  });
});
