/**
 * How large the window is on a path that loses every n-th packet (C15): the formulas of RFC 9438 and of Mathis et al.
 */

import { describe, expect, it } from 'vitest';
import { createController } from '../../../../lib/core/congestion/controller.js';
import { PathModel } from './path-model.js';

const DATAGRAM_BYTES = 1200;
/** Enough to come down from the window at which the first slow start ended. */
const WARM_UP_CONGESTIONS = 30;
const CONGESTIONS = 20;
const TOLERANCE = 0.15;

function meanWindow(name: 'cubic' | 'newreno', dropEvery: number, rttUs: number): number {
  const controller = createController(name, DATAGRAM_BYTES);
  const path = new PathModel(controller, { datagramBytes: DATAGRAM_BYTES, rttUs, dropEvery });
  while (path.congestions < WARM_UP_CONGESTIONS) path.step();
  path.startMean();
  while (path.congestions < WARM_UP_CONGESTIONS + CONGESTIONS) path.step();
  return path.meanWindowDatagrams;
}

const reno = (p: number) => 1.22 / Math.sqrt(p);
const cubic = (p: number, rttUs: number) => 1.054 * (rttUs / 1e6 / p) ** 0.75;

function expectNear(mean: number, expected: number): void {
  expect(mean).toBeGreaterThan(expected * (1 - TOLERANCE));
  expect(mean).toBeLessThan(expected * (1 + TOLERANCE));
}

describe('mean window under periodic loss (C15)', () => {
  it.each([
    [100, 10_000],
    [100, 100_000],
    [300, 30_000],
    [1000, 10_000],
    [1000, 300_000],
    [10_000, 100_000],
  ])('newreno, every %d-th packet at %d us: 1.22 / sqrt(p)', (dropEvery, rttUs) => {
    expectNear(meanWindow('newreno', dropEvery, rttUs), reno(1 / dropEvery));
  });

  it.each([
    [100, 10_000],
    [300, 30_000],
    [1000, 10_000],
    [1000, 100_000],
    [3000, 30_000],
    [10_000, 10_000],
  ])('cubic where Reno is faster, every %d-th packet at %d us: as Reno', (dropEvery, rttUs) => {
    const p = 1 / dropEvery;
    expect(reno(p)).toBeGreaterThan(cubic(p, rttUs));
    expectNear(meanWindow('cubic', dropEvery, rttUs), reno(p));
  });

  it.each([
    [3000, 100_000],
    [3000, 300_000],
    [10_000, 100_000],
    [10_000, 300_000],
    [30_000, 100_000],
  ])('cubic, every %d-th packet at %d us: 1.054 (RTT / p)^0.75', (dropEvery, rttUs) => {
    const p = 1 / dropEvery;
    expect(cubic(p, rttUs)).toBeGreaterThan(reno(p));
    expectNear(meanWindow('cubic', dropEvery, rttUs), cubic(p, rttUs));
  });
});
