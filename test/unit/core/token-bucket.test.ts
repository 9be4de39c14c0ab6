/** The rate limit (L1 to L6), with a sender that always has data and timers as coarse and late as a host's. */

import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../lib/core/token-bucket.js';

const TICK_US = 1000;
const LATE_US = 5000;

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Sizes = (chance: number) => number;
const SMALL: Sizes = () => 1200;
const LARGE: Sizes = () => 65_507;
const MIXED: Sizes = (chance) => 1200 + Math.floor(chance * (65_507 - 1200 + 1));

interface Run {
  /** Bytes that went out from the first to just before the last wake-up, and the time between them. */
  readonly bytes: number;
  readonly elapsedUs: number;
  /** Most that any stretch of time had above rate * time. */
  readonly excessBytes: number;
  readonly largestBytes: number;
}

/**
 * Sends what it may, sleeps until it may again; a timer fires at the next tick and up to 5 ms later. The worst excess is
 * found in one pass: bytes - rate * time, against its least value so far.
 */
function saturate(bucket: TokenBucket, rate: number, untilUs: number, sizes: Sizes): Run {
  const chance = random(11);
  let nowUs = 0;
  let bytes = 0;
  let least = Number.POSITIVE_INFINITY;
  let excessBytes = 0;
  let largestBytes = 0;
  for (;;) {
    least = Math.min(least, bytes - (rate * nowUs) / 1e6);
    while (bucket.takeable(nowUs) > 0) {
      const size = sizes(chance());
      bucket.take(size);
      bytes += size;
      largestBytes = Math.max(largestBytes, size);
    }
    excessBytes = Math.max(excessBytes, bytes - (rate * nowUs) / 1e6 - least);
    const nextUs = bucket.nextUs(nowUs);
    expect(nextUs).toBeGreaterThan(nowUs);
    if (nowUs >= untilUs) return { bytes, elapsedUs: nowUs, excessBytes, largestBytes };
    nowUs = Math.ceil(nextUs / TICK_US) * TICK_US + chance() * LATE_US;
  }
}

const RATES = [100_000, 1_000_000, 100_000_000, 1_000_000_000];
const SIZES: readonly [string, Sizes][] = [
  ['1,200', SMALL],
  ['65,507', LARGE],
  ['1,200 to 65,507', MIXED],
];

describe.each(RATES)('%d bytes/s', (rate) => {
  // Long enough for 200 of the largest datagrams, and for the first burst to be below 1 %.
  const untilUs = Math.max(1e6, (200 * 65_507 * 1e6) / rate);

  it.each(SIZES)(
    'is met within 2 %% by datagrams of %s bytes, timers 5 ms late (L2, L3)',
    (_, sizes) => {
      const run = saturate(new TokenBucket(rate, 0, TICK_US), rate, untilUs, sizes);
      const mean = (run.bytes * 1e6) / run.elapsedUs;
      expect(mean).toBeGreaterThan(0.98 * rate);
      expect(mean).toBeLessThan(1.02 * rate);
    },
  );

  it.each(SIZES)(
    'is exceeded by a burst and a datagram at most, by datagrams of %s bytes (L4)',
    (_, sizes) => {
      const bucket = new TokenBucket(rate, 0, TICK_US);
      const run = saturate(bucket, rate, untilUs, sizes);
      expect(run.excessBytes).toBeGreaterThan(0);
      expect(run.excessBytes).toBeLessThanOrEqual(bucket.burstBytes + run.largestBytes);
    },
  );

  it('lets out no more after an hour of silence (L4)', () => {
    const bucket = new TokenBucket(rate, 0, TICK_US);
    let bytes = 0;
    while (bucket.takeable(3600e6) > 0) {
      bucket.take(1200);
      bytes += 1200;
    }
    expect(bytes).toBeLessThanOrEqual(bucket.burstBytes + 1200);
  });
});

describe('the burst (L3)', () => {
  it('is 8 ms of the rate with ticks of 1 ms', () => {
    expect(new TokenBucket(1_000_000, 0, 1000).burstBytes).toBe(8000);
    expect(new TokenBucket(1_000_000_000, 0, 1000).burstBytes).toBe(8_000_000);
  });

  it('covers a longer tick of the host', () => {
    expect(new TokenBucket(1_000_000, 0, 15_600).burstBytes).toBe(22_600);
  });

  it('is 1,200 bytes at least, so that any rate can ever send', () => {
    const bucket = new TokenBucket(1, 0, 1000);
    expect(bucket.burstBytes).toBe(1200);
    bucket.take(1200);
    expect(bucket.takeable(1)).toBeLessThanOrEqual(0);
    expect(bucket.takeable(bucket.nextUs(1))).toBeGreaterThan(0);
  });
});

describe('debt (L2)', () => {
  it('is paid in full before the next datagram begins', () => {
    const bucket = new TokenBucket(100_000, 0, 1000);
    bucket.take(bucket.takeable(0) - 1);
    expect(bucket.takeable(0)).toBe(1);
    bucket.take(65_507);
    const nextUs = bucket.nextUs(0);
    expect(nextUs).toBeGreaterThan(655_060);
    expect(nextUs).toBeLessThan(657_000);
    expect(bucket.takeable(655_060)).toBeLessThanOrEqual(0);
    expect(bucket.takeable(nextUs)).toBeGreaterThan(0);
  });
});

describe('the next time to ask (L5)', () => {
  it('is now while there is credit', () => {
    expect(new TokenBucket(100_000, 0, 1000).nextUs(77)).toBe(77);
  });

  it('is a whole number of ticks away', () => {
    const bucket = new TokenBucket(1_000_000, 0, 1000);
    bucket.take(bucket.takeable(0) + 2500);
    expect(bucket.nextUs(0)).toBe(3000);
    expect(bucket.nextUs(200)).toBe(3200);
  });

  it('does not move while time stands still or runs backwards', () => {
    const bucket = new TokenBucket(1_000_000, 5000, 1000);
    bucket.take(bucket.takeable(5000) + 2500);
    expect(bucket.takeable(5000)).toBe(-2500);
    expect(bucket.takeable(1000)).toBe(-2500);
    expect(bucket.takeable(6000)).toBe(-1500);
  });
});

describe('another rate (L6)', () => {
  it('counts from the moment of the change', () => {
    const bucket = new TokenBucket(1_000_000, 0, 1000);
    bucket.take(bucket.takeable(0) + 10_000);
    bucket.setRate(100_000, 4000);
    expect(bucket.rate).toBe(100_000);
    expect(bucket.takeable(4000)).toBe(-6000);
    expect(bucket.takeable(14_000)).toBe(-5000);
  });

  it('takes away the credit that the new one would not keep', () => {
    const bucket = new TokenBucket(100_000_000, 0, 1000);
    bucket.setRate(1_000_000, 0);
    expect(bucket.takeable(0)).toBe(8000);
  });

  it('gives no credit for the old time at the new rate', () => {
    const bucket = new TokenBucket(1_000_000, 0, 1000);
    bucket.take(bucket.takeable(0));
    bucket.setRate(1_000_000_000, 1000);
    expect(bucket.takeable(1000)).toBe(1000);
  });

  it('is met within 2 % after changes back and forth', () => {
    const bucket = new TokenBucket(100_000_000, 0, 1000);
    let bytes = 0;
    let dueBytes = 0;
    let nowUs = 0;
    for (let phase = 0; phase < 40; phase++) {
      const rate = phase % 2 === 0 ? 100_000_000 : 5_000_000;
      bucket.setRate(rate, nowUs);
      const beginUs = nowUs;
      while (nowUs < beginUs + 250_000) {
        while (bucket.takeable(nowUs) > 0) {
          bucket.take(9000);
          bytes += 9000;
        }
        nowUs = bucket.nextUs(nowUs);
      }
      dueBytes += (rate * (nowUs - beginUs)) / 1e6;
    }
    expect(bytes).toBeGreaterThan(0.98 * dueBytes);
    expect(bytes).toBeLessThan(1.02 * dueBytes);
  });

  it('of Infinity is no limit, and what goes out under it is not owed later', () => {
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY, 0, 1000);
    expect(bucket.takeable(1)).toBe(Number.POSITIVE_INFINITY);
    bucket.take(1e12);
    expect(bucket.nextUs(3)).toBe(3);
    bucket.setRate(1_000_000, 10);
    expect(bucket.takeable(10)).toBe(0);
    expect(bucket.takeable(1010)).toBe(1000);
    bucket.setRate(Number.POSITIVE_INFINITY, 2000);
    expect(bucket.takeable(2000)).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([0, -1, Number.NaN])('of %d throws and changes nothing', (rate) => {
    const bucket = new TokenBucket(1_000_000, 0, 1000);
    expect(() => bucket.setRate(rate, 0)).toThrow(RangeError);
    expect(() => new TokenBucket(rate, 0, 1000)).toThrow(RangeError);
    expect(bucket.rate).toBe(1_000_000);
    expect(bucket.takeable(0)).toBe(8000);
  });

  it('is no excuse for timers of no length', () => {
    expect(() => new TokenBucket(1_000_000, 0, 0)).toThrow(RangeError);
  });
});
