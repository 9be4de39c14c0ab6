/** BBR's parts: filters, bounds, and when the pipe is full (B3 to B7). */

import { describe, expect, it } from 'vitest';
import { Bounds } from '../../../../lib/core/congestion/bbr/bounds.js';
import { Caution } from '../../../../lib/core/congestion/bbr/caution.js';
import { ExtraAcked, MaxBandwidth, MinRtt } from '../../../../lib/core/congestion/bbr/filters.js';
import { FullBandwidth } from '../../../../lib/core/congestion/bbr/full-bandwidth.js';
import { BbrModel } from '../../../../lib/core/congestion/bbr/model.js';
import { DeliveryRate } from '../../../../lib/core/recovery/delivery-rate.js';

const SECOND_US = 1_000_000;

describe('the bandwidth (B3)', () => {
  it('is the largest of two cycles', () => {
    const filter = new MaxBandwidth();
    filter.update(100);
    filter.update(50);
    filter.advance();
    filter.update(70);
    expect(filter.value).toBe(100);
    filter.advance();
    expect(filter.value).toBe(70);
  });

  it('is not forgotten in cycles without a sample', () => {
    const filter = new MaxBandwidth();
    filter.update(100);
    for (let cycle = 0; cycle < 5; cycle++) filter.advance();
    expect(filter.value).toBe(100);
  });
});

describe('a loss round (B2)', () => {
  it('begins with the first loss, and ends when a packet is acknowledged that was sent after it', () => {
    const model = new BbrModel(1200);
    const delivery = new DeliveryRate();
    const acknowledge = (deliveredBytes: number, priorDeliveredBytes: number): boolean => {
      const sampleBytes = deliveredBytes - priorDeliveredBytes;
      Object.assign(delivery, { deliveredBytes, priorDeliveredBytes, sampleBytes, rate: 1e6 });
      model.onAck(0, 1200, 100_000, delivery, false);
      const { isLossRoundStart } = model;
      model.endLossRound(delivery);
      return isLossRoundStart;
    };
    expect(acknowledge(10_000, 0)).toBe(true);
    expect(acknowledge(15_000, 5000)).toBe(false);
    model.noteLoss(delivery);
    model.noteLoss(delivery);
    // Sent after the round began, but before the loss was noticed.
    expect(acknowledge(20_000, 11_000)).toBe(false);
    expect(model.lossesInRound).toBe(2);
    expect(acknowledge(25_000, 15_000)).toBe(true);
    expect(model.lossesInRound).toBe(0);
    expect(model.bounds.bandwidthShortTerm).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});

describe('the smallest round trip time (B4)', () => {
  it('is looked for after five seconds, and forgotten after ten', () => {
    const filter = new MinRtt();
    filter.update(SECOND_US, 40_000);
    filter.update(2 * SECOND_US, 50_000);
    expect(filter).toMatchObject({ valueUs: 40_000, isProbeDue: false });
    filter.update(6 * SECOND_US + 1, 60_000);
    expect(filter).toMatchObject({ valueUs: 40_000, isProbeDue: true });
    filter.update(11 * SECOND_US + 1, 55_000);
    expect(filter.valueUs).toBe(55_000);
  });

  it('is not looked for when it was seen', () => {
    const filter = new MinRtt();
    filter.update(SECOND_US, 40_000);
    filter.update(4 * SECOND_US, 39_000);
    filter.update(8 * SECOND_US, 45_000);
    expect(filter).toMatchObject({ valueUs: 39_000, isProbeDue: false });
  });
});

describe('heaps (B5)', () => {
  it('are what comes beyond the bandwidth, for some rounds', () => {
    const filter = new ExtraAcked();
    filter.restart(0);
    filter.update(10_000, 30_000, 1e6, 1e9, 1, false);
    expect(filter.value).toBe(30_000);
    filter.update(10_000, 5000, 1e6, 1e9, 1, false);
    expect(filter.value).toBe(35_000);
    for (let round = 2; round < 6; round++) filter.update(round * 1e6, 1, 1e6, 1e9, round, false);
    expect(filter.value).toBe(35_000);
    for (let round = 6; round < 20; round++) filter.update(round * 1e6, 1, 1e6, 1e9, round, false);
    expect(filter.value).toBe(1);
  });

  it('are no larger than the window', () => {
    const filter = new ExtraAcked();
    filter.update(10, 30_000, 1e6, 20_000, 1, false);
    expect(filter.value).toBe(20_000);
  });
});

describe('the bounds (B6)', () => {
  it('fall to 0.7, but not below what got through', () => {
    const bounds = new Bounds();
    bounds.lowerShortTerm(1000, 500, 200, 100);
    expect(bounds).toMatchObject({ bandwidthShortTerm: 700, inflightShortTermBytes: 350 });
    bounds.lowerShortTerm(1000, 500, 600, 300);
    expect(bounds).toMatchObject({ bandwidthShortTerm: 600, inflightShortTermBytes: 300 });
    bounds.resetShortTerm();
    expect(bounds.bandwidthShortTerm).toBe(Number.POSITIVE_INFINITY);
  });

  it('leave 15 % to others, a datagram at least', () => {
    const bounds = new Bounds();
    expect(bounds.withHeadroom(1000, 4000)).toBe(Number.POSITIVE_INFINITY);
    bounds.inflightLongTermBytes = 100_000;
    expect(bounds.withHeadroom(1000, 4000)).toBe(85_000);
    bounds.inflightLongTermBytes = 5500;
    expect(bounds.withHeadroom(1000, 4000)).toBe(4500);
    bounds.inflightLongTermBytes = 4200;
    expect(bounds.withHeadroom(1000, 4000)).toBe(4000);
  });

  it('climb by one datagram in the first round, by two in the next, then four', () => {
    const bounds = new Bounds();
    bounds.inflightLongTermBytes = 100_000;
    bounds.beginClimb();
    const rises = [1, 2, 4, 8].map((expected) => {
      const before = bounds.inflightLongTermBytes;
      bounds.steepen(100_000, 1000);
      for (let ack = 0; ack < 100; ack++) bounds.climb(1000, 1000);
      return (bounds.inflightLongTermBytes - before) / 1000 - expected;
    });
    expect(rises).toEqual([0, 0, 0, 0]);
    bounds.endClimb();
    bounds.climb(1e9, 1000);
    expect(bounds.inflightLongTermBytes).toBe(115_000);
  });
});

describe('the long-term bound (B6)', () => {
  it('is whole: no window could reach it otherwise, and it would never rise', () => {
    const bounds = new Bounds();
    bounds.limitLongTerm(20_700.7);
    expect(bounds.inflightLongTermBytes).toBe(20_700);
  });
});

describe('precaution (B10)', () => {
  it('ends the probe after one that lost too much at the bound, and has another follow', () => {
    const caution = new Caution();
    expect(caution.stopsAtBound()).toBe(false);
    caution.onTooHigh();
    expect(caution.isUnfounded).toBe(false);
    caution.beginProbe();
    expect(caution.stopsAtBound()).toBe(true);
    expect(caution.isUnfounded).toBe(true);
    caution.beginProbe();
    expect(caution.isUnfounded).toBe(false);
    expect(caution.stopsAtBound()).toBe(false);
  });

  it('has no other follow when the probe that ended early lost too much, too', () => {
    const caution = new Caution();
    caution.onTooHigh();
    caution.beginProbe();
    caution.stopsAtBound();
    caution.onTooHigh();
    expect(caution.isUnfounded).toBe(false);
  });

  it('is over when the pipe was found full', () => {
    const caution = new Caution();
    caution.onTooHigh();
    caution.onFull();
    caution.beginProbe();
    expect(caution.stopsAtBound()).toBe(false);
  });
});

describe('the pipe is full (B7)', () => {
  it('after three rounds without a quarter more', () => {
    const full = new FullBandwidth();
    for (const rate of [100, 125, 160]) full.update(rate, false, true);
    expect(full.isReached).toBe(false);
    full.update(170, false, true);
    for (let ack = 0; ack < 50; ack++) full.update(170, false, false);
    full.update(180, false, true);
    expect(full.isReached).toBe(false);
    full.update(190, false, true);
    expect(full).toMatchObject({ isNow: true, isReached: true });
    full.restart(190);
    expect(full).toMatchObject({ isNow: false, isReached: true });
  });

  it('not by samples of an application that had too little', () => {
    const full = new FullBandwidth();
    full.update(100, false, true);
    for (let round = 0; round < 20; round++) full.update(10, true, true);
    expect(full.isReached).toBe(false);
  });
});
