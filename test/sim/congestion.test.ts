/**
 * What congestion control, pacer and rate limits do in the long run, against what their formulas say.
 *
 * Everything is virtual: a minute on a link of 100 Mbit/s takes seconds, and no figure depends on the machine.
 */

import { describe, expect, it } from 'vitest';
import { Flows, jainIndex } from './flows.js';
import { PeriodicLossLink } from './links/loss.js';
import { RateLink } from './links/rate.js';
import { PATIENCE } from './patience.js';

const HEADER_BYTES = 1000;

/** Share of the bottleneck that is used, after a warm-up. */
function utilisation(megabits: number, roundTripMs: number): number {
  const bitsPerSecond = megabits * 1e6;
  const productBytes = (bitsPerSecond / 8) * (roundTripMs / 1000);
  const maxDatagramSize = megabits >= 1000 ? 8952 : 1452;
  // A queue shorter than a few packets is none.
  const queueBytes = Math.max(productBytes, 4 * maxDatagramSize);
  let link: RateLink | undefined;
  const flows = new Flows({
    flows: 1,
    roundTripUs: roundTripMs * 1000,
    middle: (network) => {
      link = new RateLink(network.context, { bitsPerSecond, queueBytes });
      return [link];
    },
    config: { maxDatagramSize },
  });
  // Slow start and what it leaves behind take some dozens of round trips.
  flows.run(2_000_000 + 30_000 * roundTripMs);
  const before = link!.bytesPassed;
  const measuredUs = 2_000_000 + 10_000 * roundTripMs;
  flows.run(measuredUs);
  return ((link!.bytesPassed - before) * 8e6) / (bitsPerSecond * measuredUs);
}

describe('one flow, a queue of one bandwidth-delay product', PATIENCE, () => {
  const cells = [1, 10, 100, 1000].flatMap((megabits) =>
    [5, 50, 200].map((roundTripMs) => [megabits, roundTripMs] as const),
  );
  it.each(cells)(
    'uses nine tenths of %i Mbit/s with a round trip of %i ms',
    (megabits, roundTripMs) => {
      expect(utilisation(megabits, roundTripMs)).toBeGreaterThan(0.9);
    },
  );
});

/** Mean window in datagrams, when every n-th datagram is lost. */
function meanWindow(
  congestion: 'cubic' | 'newreno',
  roundTripUs: number,
  period: number,
  durationUs: number,
): number {
  const flows = new Flows({
    flows: 1,
    roundTripUs,
    middle: (network) => [new PeriodicLossLink(network.context, period, HEADER_BYTES)],
    config: { congestion },
  });
  flows.run(durationUs / 4);
  let sum = 0;
  const samples = 4000;
  flows.sample(durationUs, samples, () => {
    sum += flows.stats().congestionWindow;
  });
  return sum / samples / 1452;
}

const renoWindow = (period: number): number => Math.sqrt(1.5 * period);
/** RFC 9438 section 5.1: C is 0.4, beta 0.7. */
const cubicWindow = (roundTripUs: number, period: number): number =>
  1.054 * (roundTripUs / 1e6) ** 0.75 * period ** 0.75;

describe('the mean window under periodic loss', PATIENCE, () => {
  const reno = [
    [50_000, 500, 60_000_000],
    [20_000, 2000, 60_000_000],
    [100_000, 5000, 150_000_000],
  ] as const;
  it.each(reno)('of Reno is that of its formula: %i us, every %i-th', (rtt, period, durationUs) => {
    const share = meanWindow('newreno', rtt, period, durationUs) / renoWindow(period);
    expect(share).toBeGreaterThan(0.85);
    expect(share).toBeLessThan(1.15);
  });

  const cubic = [
    [100_000, 10_000, 100_000_000],
    [200_000, 1000, 150_000_000],
    [300_000, 5000, 200_000_000],
  ] as const;
  it.each(cubic)(
    'of CUBIC is that of its formula: %i us, every %i-th',
    (rtt, period, durationUs) => {
      expect(cubicWindow(rtt, period)).toBeGreaterThan(1.3 * renoWindow(period));
      const share = meanWindow('cubic', rtt, period, durationUs) / cubicWindow(rtt, period);
      expect(share).toBeGreaterThan(0.85);
      expect(share).toBeLessThan(1.15);
    },
  );

  it('of CUBIC is that of Reno where Reno is faster', () => {
    const share = meanWindow('cubic', 20_000, 1000, 60_000_000) / renoWindow(1000);
    expect(share).toBeGreaterThan(0.85);
    expect(share).toBeLessThan(1.15);
  });
});

describe('four flows over one bottleneck', PATIENCE, () => {
  it.each(['cubic', 'newreno'] as const)('share it fairly: %s', (congestion) => {
    const bitsPerSecond = 40e6;
    const roundTripUs = 40_000;
    const queueBytes = (bitsPerSecond / 8) * (roundTripUs / 1e6);
    const flows = new Flows({
      flows: 4,
      roundTripUs,
      middle: (network) => [new RateLink(network.context, { bitsPerSecond, queueBytes })],
      config: { congestion },
      staggerUs: 500_000,
    });
    flows.run(40_000_000);
    const before = flows.bytesRead();
    flows.run(40_000_000);
    const shares = flows.bytesRead().map((bytes, flow) => bytes - before[flow]);
    expect(jainIndex(shares)).toBeGreaterThan(0.95);
    const total = shares.reduce((sum, share) => sum + share, 0);
    expect((total * 8e6) / (bitsPerSecond * 40_000_000)).toBeGreaterThan(0.85);
  });
});

describe('a rate limit', PATIENCE, () => {
  const limits = [
    ['connectionRateLimit', 100_000],
    ['connectionRateLimit', 1_000_000],
    ['connectionRateLimit', 125_000_000],
    ['rateLimit', 100_000],
    ['rateLimit', 12_500_000],
  ] as const;
  it.each(limits)('%s of %i bytes a second is kept to two in a hundred', (option, limit) => {
    let link: RateLink | undefined;
    const flows = new Flows({
      flows: 1,
      roundTripUs: 2000,
      // Never a bottleneck: it counts.
      middle: (network) => {
        link = new RateLink(network.context, { bitsPerSecond: 1e12, queueBytes: 1e9 });
        return [link];
      },
      config: { [option]: limit, maxDatagramSize: limit > 20_000_000 ? 8952 : 1452 },
    });
    flows.run(3_000_000);
    const before = link!.bytesPassed;
    flows.run(4_000_000);
    const share = (link!.bytesPassed - before) / (limit * 4);
    expect(share).toBeGreaterThan(0.98);
    expect(share).toBeLessThan(1.02);
  });

  it('of an endpoint is shared by its connections', () => {
    const limit = 4_000_000;
    const flows = new Flows({
      flows: 8,
      roundTripUs: 20_000,
      middle: (network) => [
        new RateLink(network.context, { bitsPerSecond: 1e12, queueBytes: 1e9 }),
      ],
      config: { rateLimit: limit },
      hasOneSender: true,
    });
    flows.run(2_000_000);
    const before = flows.bytesRead();
    flows.run(4_000_000);
    const shares = flows.bytesRead().map((bytes, flow) => bytes - before[flow]);
    expect(jainIndex(shares)).toBeGreaterThan(0.95);
  });
});
