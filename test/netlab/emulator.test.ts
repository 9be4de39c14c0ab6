/**
 * What the emulated link does to packets is what it was asked for, measured from outside: by node:dgram on both sides.
 *
 * Bounds of chance are four standard deviations of so many packets; the seed is fixed, so they hold or do not.
 */

import { expect, it } from 'vitest';
import { HEADER_BYTES } from '../../bench/netlab/datagram-flow.js';
import { cross, describeInLab, gaps, median } from './support.js';

const payload = (ipBytes: number): number => ipBytes - HEADER_BYTES;
/** Slow enough for a receiver that does not get a CPU for 100 ms. */
const PER_SECOND = 2000;

describeInLab('an emulated link', () => {
  it('has its rate, within 3 %', async () => {
    const rateBits = 20_000_000;
    // 30 Mbit/s for two seconds: what does not fit is dropped, and the rest keeps the link busy.
    const load = { count: 7500, sizeBytes: payload(1000), perSecond: 3750 };
    const { arrivals } = await cross({ rateBits, queueBytes: 50_000 }, load);
    const spanUs = (arrivals.at(-1)?.[2] ?? 0) - (arrivals[0]?.[2] ?? 0);
    const measured = ((arrivals.length - 1) * 1000 * 8) / (spanUs / 1e6);
    expect(measured / rateBits).toBeGreaterThan(0.97);
    expect(measured / rateBits).toBeLessThan(1.03);
  });

  it('adds its delay, and no more than this machine is late', async () => {
    const load = { count: 400, sizeBytes: 100, perSecond: 400 };
    const { arrivals } = await cross({ delayMs: 25 }, load);
    const delays = arrivals.map(([, delayUs]) => delayUs / 1000);
    expect(arrivals.length).toBe(400);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(25);
    expect(median(delays)).toBeLessThan(30);
  });

  it('spreads its jitter evenly and keeps the order', async () => {
    const load = { count: 400, sizeBytes: 100, perSecond: 100 };
    const { arrivals } = await cross({ delayMs: 5, jitterMs: 8 }, load);
    const delays = arrivals.map(([, delayUs]) => delayUs / 1000);
    const numbers = arrivals.map(([number]) => number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(Math.min(...delays)).toBeLessThan(7);
    expect(median(delays)).toBeGreaterThan(8);
    expect(median(delays)).toBeLessThan(14);
  });

  it('loses its share, one by one', async () => {
    const load = { count: 4000, sizeBytes: 100, perSecond: PER_SECOND };
    const { arrivals, counts } = await cross({ loss: 0.05 }, load);
    const lost = 4000 - arrivals.length;
    expect(lost).toBe(counts.aToB.lost);
    expect(lost / 4000).toBeGreaterThan(0.036);
    expect(lost / 4000).toBeLessThan(0.064);
    const runs = gaps(arrivals, 4000);
    expect(lost / runs.length).toBeLessThan(1.25);
  });

  it('loses its share in bursts of their length', async () => {
    const load = { count: 8000, sizeBytes: 100, perSecond: PER_SECOND };
    const { arrivals } = await cross({ burstLoss: 0.1, burstLength: 8 }, load);
    const lost = 8000 - arrivals.length;
    const runs = gaps(arrivals, 8000);
    // Some hundred bursts, as long as geometric chance makes them.
    expect(lost / 8000).toBeGreaterThan(0.05);
    expect(lost / 8000).toBeLessThan(0.15);
    expect(lost / runs.length).toBeGreaterThan(5);
    expect(lost / runs.length).toBeLessThan(11);
  });

  it('holds what its queue is allowed to, and drops the rest', async () => {
    // 1,000 bytes take 8 ms, so that ten wait while a hundred are sent; one or two more leave meanwhile.
    const load = { count: 100, sizeBytes: payload(1000), perSecond: 0 };
    const { arrivals, counts } = await cross({ rateBits: 1_000_000, queueBytes: 10_000 }, load);
    expect(counts.aToB.mostQueuedBytes).toBeGreaterThan(9000);
    expect(counts.aToB.mostQueuedBytes).toBeLessThanOrEqual(10_000);
    expect(arrivals.length + counts.aToB.queueDrops).toBe(100);
    expect(arrivals.length).toBeGreaterThanOrEqual(10);
    const longest = Math.max(...arrivals.map(([, delayUs]) => delayUs / 1000));
    expect(longest).toBeGreaterThan(72);
  });

  it('lets later packets overtake its share of them', async () => {
    const load = { count: 4000, sizeBytes: 100, perSecond: PER_SECOND };
    const link = { delayMs: 5, reorder: 0.1, reorderDelayMs: 20 };
    const { arrivals, counts } = await cross(link, load);
    expect(arrivals.length).toBe(4000);
    let [highest, late] = [-1, 0];
    for (const [number] of arrivals) {
      if (number < highest) late++;
      highest = Math.max(highest, number);
    }
    expect(late / 4000).toBeGreaterThan(0.08);
    expect(late / 4000).toBeLessThan(0.12);
    expect(late).toBeLessThanOrEqual(counts.aToB.heldBack);
  });

  it('accounts for every packet', async () => {
    const load = { count: 2000, sizeBytes: 500, perSecond: 0 };
    const link = { rateBits: 5_000_000, queueBytes: 100_000, loss: 0.1, delayMs: 500 };
    const { counts } = await cross(link, load);
    const { arrived, delivered, lost, queueDrops, overflow, onTheWay, writeErrors } = counts.aToB;
    expect(delivered + lost + queueDrops + overflow + onTheWay + writeErrors).toBe(arrived);
    expect(arrived).toBe(2000);
  });
});
