/**
 * The round trip time estimate (clauses R1 to R3): the figures of RFC 9002 section 5, and what a peer may not do to it.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rtt } from '../../../../lib/core/recovery/rtt.js';
import { Harness } from './harness.js';

const MAX_DELAY_US = 25_000;

describe('estimate (R2)', () => {
  it('assumes 333 ms before the first sample', () => {
    const rtt = new Rtt();
    expect(rtt.hasSample).toBe(false);
    expect(rtt.smoothedUs).toBe(333_000);
    expect(rtt.varianceUs).toBe(166_500);
  });

  it('takes the first sample as it is, without the delay of the peer', () => {
    const rtt = new Rtt();
    rtt.update(50_000, 20_000, MAX_DELAY_US, 7);
    expect(rtt).toMatchObject({
      hasSample: true,
      firstSampleUs: 7,
      latestUs: 50_000,
      minUs: 50_000,
      smoothedUs: 50_000,
      varianceUs: 25_000,
    });
  });

  it('moves an eighth and a quarter of the way', () => {
    const rtt = new Rtt();
    rtt.update(50_000, 0, MAX_DELAY_US, 0);
    rtt.update(90_000, 0, MAX_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(55_000);
    expect(rtt.varianceUs).toBe(25_000 + (40_000 - 25_000) / 4);
    expect(rtt.minUs).toBe(50_000);
  });

  it('subtracts the delay of the peer', () => {
    const rtt = new Rtt();
    rtt.update(50_000, 0, MAX_DELAY_US, 0);
    rtt.update(70_000, 20_000, MAX_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(50_000);
  });

  it('believes no more delay than was promised', () => {
    const rtt = new Rtt();
    rtt.update(50_000, 0, MAX_DELAY_US, 0);
    rtt.update(130_000, 2 ** 62, MAX_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(50_000 + (130_000 - MAX_DELAY_US - 50_000) / 8);
  });

  it('ignores a delay that would go below the smallest sample', () => {
    const rtt = new Rtt();
    rtt.update(50_000, 0, MAX_DELAY_US, 0);
    rtt.update(58_000, 8_001, MAX_DELAY_US, 0);
    expect(rtt.smoothedUs).toBe(51_000);
  });

  it('keeps the smallest sample uncorrected', () => {
    const rtt = new Rtt();
    rtt.update(50_000, 0, MAX_DELAY_US, 0);
    rtt.update(40_000, 5_000, MAX_DELAY_US, 0);
    expect(rtt.minUs).toBe(40_000);
  });

  it('never knows a round trip of nothing', () => {
    const rtt = new Rtt();
    rtt.update(0, 0, MAX_DELAY_US, 0);
    expect(rtt.smoothedUs).toBeGreaterThan(0);
    expect(rtt.minUs).toBeGreaterThan(0);
  });

  it('stays between the smallest and the largest sample whatever the peer claims', () => {
    const sample = fc.tuple(
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constant(2 ** 62)),
    );
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 50 }), (samples) => {
        const rtt = new Rtt();
        for (const [sampleUs, delayUs] of samples) rtt.update(sampleUs, delayUs, MAX_DELAY_US, 0);
        const times = samples.map(([sampleUs]) => sampleUs);
        expect(rtt.minUs).toBe(Math.min(...times));
        expect(rtt.smoothedUs).toBeGreaterThanOrEqual(rtt.minUs * (1 - 1e-9));
        expect(rtt.smoothedUs).toBeLessThanOrEqual(Math.max(...times) * (1 + 1e-9));
      }),
      { seed: 9002 },
    );
  });
});

describe('which ACK is a sample (R1)', () => {
  it('one whose largest packet is newly acknowledged', () => {
    const harness = new Harness();
    harness.send();
    harness.nowUs += 40_000;
    harness.ack([0, 0]);
    expect(harness.recovery.rttUpdated).toBe(true);
    expect(harness.recovery.rtt.latestUs).toBe(40_000);
  });

  it('not one that repeats the largest and adds an older packet', () => {
    const harness = new Harness();
    harness.sendMany(2);
    harness.nowUs += 40_000;
    harness.ack([1, 1]);
    harness.nowUs += 1000;
    harness.ack([0, 1]);
    expect(harness.recovery.ackedPackets).toBe(1);
    expect(harness.recovery.rttUpdated).toBe(false);
    expect(harness.recovery.rtt.latestUs).toBe(40_000);
  });

  it('not one of packets that asked for no ACK', () => {
    const harness = new Harness();
    harness.send({ isAckEliciting: false });
    harness.nowUs += 40_000;
    harness.ack([0, 0]);
    expect(harness.recovery.rttUpdated).toBe(false);
    expect(harness.recovery.rtt.hasSample).toBe(false);
  });

  it('one whose largest asked for none, when another did', () => {
    const harness = new Harness();
    harness.send();
    harness.nowUs += 10_000;
    harness.send({ isAckEliciting: false });
    harness.nowUs += 40_000;
    harness.ack([0, 1]);
    expect(harness.recovery.rttUpdated).toBe(true);
    expect(harness.recovery.rtt.latestUs).toBe(40_000);
  });

  it('not one whose largest packet had been declared lost', () => {
    const harness = new Harness();
    harness.sampleRtt(10_000);
    harness.sendMany(5);
    harness.nowUs += 10_000;
    harness.ack([5, 5]);
    harness.nowUs += 5000;
    harness.ack([2, 2]);
    expect(harness.recovery.spuriouslyLost).toBe(1);
    expect(harness.recovery.rtt.latestUs).toBe(10_000);
  });

  it('clamps the delay of the peer to what it has promised (R2)', () => {
    const harness = new Harness();
    harness.sampleRtt(50_000);
    harness.send();
    harness.nowUs += 130_000;
    harness.ackDelayed(2 ** 62, [1, 1]);
    expect(harness.recovery.rtt.smoothedUs).toBe(50_000 + (105_000 - 50_000) / 8);
  });
});

it('starts from the round trip of the handshake, once (R3)', () => {
  const { recovery } = new Harness();
  recovery.seedRtt(20_000, 5);
  recovery.seedRtt(90_000, 6);
  expect(recovery.rtt).toMatchObject({ smoothedUs: 20_000, minUs: 20_000, firstSampleUs: 5 });
});
