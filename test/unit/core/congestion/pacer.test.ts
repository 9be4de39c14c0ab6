/** The pacer (P1 to P6), with a sender that always has data and timers as coarse as a host's. */

import { describe, expect, it } from 'vitest';
import { Pacer } from '../../../../lib/core/congestion/pacer.js';

const MDS = 1200;
const TICK_US = 1000;
const RTT_US = 100_000;

/** A window that makes `rate` bytes a second with the gain of congestion avoidance. */
const windowFor = (rate: number) => (rate * RTT_US) / 1e6 / 1.25;

function paced(rate: number, datagramBytes = MDS): Pacer {
  const pacer = new Pacer(datagramBytes, TICK_US);
  pacer.update(0, windowFor(rate), RTT_US, true, false);
  return pacer;
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Sent {
  readonly atUs: number;
  readonly bytes: number;
}

/** Sends all the time, in whole trains, until `untilUs`; timers fire at the next tick and up to `lateUs` later. */
function send(pacer: Pacer, untilUs: number, lateUs: number, datagramBytes = MDS): Sent[] {
  const chance = random(7);
  const trainBytes = Math.max(1, Math.floor(pacer.trainBytes / datagramBytes)) * datagramBytes;
  const sent: Sent[] = [];
  let nowUs = 0;
  while (nowUs < untilUs) {
    while (pacer.budgetBytes(nowUs) > 0) {
      pacer.onSent(trainBytes);
      sent.push({ atUs: nowUs, bytes: trainBytes });
    }
    const nextUs = pacer.nextUs(nowUs);
    expect(nextUs).toBeGreaterThan(nowUs);
    nowUs = Math.ceil(nextUs / TICK_US) * TICK_US + chance() * lateUs;
  }
  return sent;
}

const total = (sent: readonly Sent[]) => sent.reduce((sum, { bytes }) => sum + bytes, 0);

/** The largest excess of any stretch of at least `leastBytes` over `rate` times its duration. */
function worstExcess(sent: readonly Sent[], rate: number, leastBytes: number): number {
  let worst = Number.NEGATIVE_INFINITY;
  for (let from = 0; from < sent.length; from++) {
    let bytes = 0;
    for (let to = from; to < sent.length; to++) {
      bytes += sent[to].bytes;
      if (bytes < leastBytes) continue;
      worst = Math.max(worst, bytes - (rate * (sent[to].atUs - sent[from].atUs)) / 1e6);
    }
  }
  return worst;
}

describe('the rate', () => {
  it('is 1.25 windows a round trip, and 2 in slow start (P1)', () => {
    const pacer = new Pacer(MDS, TICK_US);
    pacer.update(0, 100_000, 50_000, true, false);
    expect(pacer.rate).toBe((1.25 * 100_000 * 1e6) / 50_000);
    pacer.update(0, 100_000, 50_000, true, true);
    expect(pacer.rate).toBe((2 * 100_000 * 1e6) / 50_000);
  });

  it.each([
    [100_000, 1200],
    [1_000_000, 1200],
    [12_500_000, 1200],
    [125_000_000, 1452],
    [12_500_000, 65_507],
  ])(
    '%d bytes/s of %d-byte datagrams is never exceeded by more than a burst, late timers or not (P4)',
    (rate, datagramBytes) => {
      for (const lateUs of [0, 5000]) {
        const pacer = paced(rate, datagramBytes);
        const untilUs = Math.max(400_000, (600 * datagramBytes * 1e6) / rate);
        const sent = send(pacer, Math.min(untilUs, 4e6), lateUs, datagramBytes);
        const excess = worstExcess(sent, rate, 4 * pacer.burstBytes);
        expect(excess).toBeGreaterThan(Number.NEGATIVE_INFINITY);
        expect(excess).toBeLessThanOrEqual(pacer.burstBytes + 1);
      }
    },
  );

  it.each([100_000, 1_000_000, 12_500_000, 100_000_000])(
    'of %d bytes/s is reached with timers of 1 ms (P6)',
    (rate) => {
      const pacer = paced(rate);
      const untilUs = Math.max(1e6, (300 * MDS * 1e6) / rate);
      const bytes = total(send(pacer, untilUs, 0));
      expect(bytes).toBeGreaterThan((0.97 * rate * untilUs) / 1e6);
    },
  );

  it('that changes leaves what was earned before at the old rate (P1)', () => {
    const pacer = paced(1_000_000);
    pacer.onSent(pacer.budgetBytes(0) + 10_000);
    pacer.update(4000, windowFor(100_000), RTT_US, true, false);
    expect(pacer.budgetBytes(4000)).toBe(-6000);
    expect(pacer.budgetBytes(14_000)).toBe(-5000);
  });
});

describe('the burst (P4)', () => {
  it.each([
    ['ten datagrams at low rates', 1_000_000, MDS, 12_000],
    ['two ticks of the rate at high ones', 12_500_000, MDS, 25_000],
    ['4 MiB at most', 1e10, MDS, 4 << 20],
    ['ten datagrams, for large ones too', 1_000_000, 65_507, 655_070],
    ['4 MiB at most, for datagrams that are larger than any', 1e10, 500_000, 4 << 20],
  ])('is %s', (_what, rate, datagramBytes, expected) => {
    expect(paced(rate, datagramBytes).burstBytes).toBe(expected);
  });

  it.each([
    ['two datagrams', 1_000_000, 2 * MDS],
    ['two ticks of the rate', 12_500_000, 25_000],
  ])('is %s for a controller with a rate of its own', (_what, rate, expected) => {
    const pacer = new Pacer(MDS, TICK_US);
    pacer.update(0, windowFor(rate), RTT_US, true, false, rate);
    expect(pacer.burstBytes).toBe(expected);
    // And for the same pacer ten again, should the controller have none any more.
    pacer.update(0, windowFor(rate), RTT_US, true, false);
    expect(pacer.burstBytes).toBe(Math.max(expected, 10 * MDS));
  });

  it('is saved up in silence only: with something in flight, two datagrams are', () => {
    const busy = paced(1_000_000);
    busy.onSent(12_000);
    expect(busy.budgetBytes(1e6)).toBe(2 * MDS - busy.trainBytes);
    const silent = paced(1_000_000);
    silent.onSent(12_000);
    expect(silent.budgetBytes(1e6, true)).toBe(10 * MDS - silent.trainBytes);
    // What was saved up in silence stays until it is used.
    expect(silent.budgetBytes(2e6)).toBe(10 * MDS - silent.trainBytes);
  });

  it('is never less than two datagrams, whatever their size', () => {
    expect(paced(1_000_000, 3_000_000).burstBytes).toBe(6_000_000);
  });

  it('after a stall of a minute is one burst (P4)', () => {
    const pacer = paced(12_500_000);
    send(pacer, 100_000, 0);
    const budget = pacer.budgetBytes(60e6);
    expect(budget + pacer.trainBytes).toBe(pacer.burstBytes);
  });

  it('after a late timer is no more than the cap (P4)', () => {
    const pacer = paced(12_500_000);
    pacer.onSent(pacer.budgetBytes(0));
    expect(pacer.budgetBytes(500)).toBe(6250);
    expect(pacer.budgetBytes(50_000)).toBe(25_000 - 12_500);
  });

  it('shrinks with the datagrams (P4)', () => {
    const pacer = paced(1_000_000, 9000);
    expect(pacer.budgetBytes(0)).toBe(90_000 - 9000);
    pacer.onDatagramSize(1200);
    expect(pacer.budgetBytes(0)).toBe(12_000 - 1200);
  });
});

describe('trains (P5)', () => {
  it.each([
    [100_000, MDS, 1200],
    [2_400_000, MDS, 2400],
    [12_500_000, MDS, 12_500],
    [1e9, MDS, 16 * 1200],
    [1e6, 65_507, 65_507],
  ])('at %d bytes/s, datagrams of %d bytes: %d bytes', (rate, datagramBytes, expected) => {
    expect(paced(rate, datagramBytes).trainBytes).toBe(expected);
  });

  it('are kept to by a caller that builds packet by packet (P4, P5)', () => {
    const pacer = paced(12_500_000);
    const sent: Sent[] = [];
    let nowUs = 0;
    while (nowUs < 200_000) {
      const budget = pacer.budgetBytes(nowUs);
      for (let gone = 0; budget > 0 && gone < budget + pacer.trainBytes - MDS; gone += MDS) {
        pacer.onSent(MDS);
        sent.push({ atUs: nowUs, bytes: MDS });
      }
      nowUs = pacer.nextUs(nowUs) + 700;
    }
    expect(worstExcess(sent, 12_500_000, 4 * pacer.burstBytes)).toBeLessThanOrEqual(
      pacer.burstBytes + 1,
    );
  });

  it('stay whole: a train that was begun with one byte of credit goes out, in debt', () => {
    const pacer = paced(1_000_000);
    pacer.onSent(pacer.budgetBytes(0) - 1);
    expect(pacer.budgetBytes(0)).toBe(1);
    pacer.onSent(16 * MDS);
    expect(pacer.budgetBytes(0)).toBe(1 - 16 * MDS);
  });
});

describe('debt (P5)', () => {
  it('is kept: nothing goes until it is paid', () => {
    const pacer = paced(1_000_000);
    pacer.onSent(pacer.budgetBytes(0) + 19_200);
    expect(pacer.budgetBytes(19_199)).toBeLessThanOrEqual(0);
    expect(pacer.budgetBytes(19_202)).toBeGreaterThan(0);
  });

  it('outlives a change of the window', () => {
    const pacer = paced(1_000_000);
    pacer.onSent(pacer.budgetBytes(0) + 19_200);
    pacer.update(0, 2 * windowFor(1_000_000), RTT_US, true, false);
    expect(pacer.budgetBytes(0)).toBe(-19_200);
  });
});

describe('the next time to ask (P6)', () => {
  it('is now while there is credit', () => {
    expect(paced(1_000_000).nextUs(123)).toBe(123);
  });

  it.each([
    [100, 1000],
    [990, 1000],
    [1000, 2000],
    [5500, 6000],
  ])(
    'after a debt of %d us is %d us away: whole ticks, and something is earned then',
    (debtUs, waitUs) => {
      const pacer = paced(1_000_000);
      pacer.onSent(pacer.budgetBytes(0) + debtUs);
      expect(pacer.nextUs(0)).toBe(waitUs);
      expect(pacer.budgetBytes(waitUs)).toBeGreaterThan(0);
    },
  );
});

describe('no pacing (P2)', () => {
  it('before there is a sample', () => {
    const pacer = new Pacer(MDS, TICK_US);
    expect(pacer.budgetBytes(0)).toBe(Number.POSITIVE_INFINITY);
    pacer.update(0, 12_000, RTT_US, false, true);
    expect(pacer.isOff).toBe(true);
    expect(pacer.nextUs(5)).toBe(5);
  });

  it('for a round trip of less than two ticks', () => {
    const pacer = new Pacer(MDS, TICK_US);
    pacer.update(0, 12_000, 1999, true, false);
    expect(pacer.isOff).toBe(true);
    pacer.onSent(1e9);
    expect(pacer.budgetBytes(0)).toBe(Number.POSITIVE_INFINITY);
    pacer.update(0, 12_000, 2000, true, false);
    expect(pacer.isOff).toBe(false);
  });

  it('ends with one burst of credit, whatever went out before', () => {
    const pacer = new Pacer(MDS, TICK_US);
    pacer.onSent(1e9);
    pacer.update(7e6, 100_000, RTT_US, true, false);
    expect(pacer.budgetBytes(7e6)).toBe(Math.floor(pacer.burstBytes - pacer.trainBytes));
  });
});

it.each([0, -1, Number.NaN])('throws for timers of %d us', (granularityUs) => {
  expect(() => new Pacer(MDS, granularityUs)).toThrow(RangeError);
});
