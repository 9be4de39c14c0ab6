/** LEDBAT++ (S1 to S6). */

import { describe, expect, it } from 'vitest';
import { BaseDelay } from '../../../../lib/core/congestion/base-delay.js';
import { createController } from '../../../../lib/core/congestion/controller.js';
import { BulkFlow } from './bulk-flow.js';

const MDS = 1200;
const MINUTE_US = 60_000_000;

describe('the delay (S1)', () => {
  it('is the least of four samples above the least of all', () => {
    const delay = new BaseDelay();
    expect(delay.queueUs).toBe(0);
    delay.onSample(0, 20_000);
    for (const sample of [70_000, 50_000, 90_000, 80_000]) delay.onSample(1, sample);
    expect(delay.queueUs).toBe(30_000);
  });

  it('forgets a shorter path after ten minutes', () => {
    const delay = new BaseDelay();
    delay.onSample(0, 20_000);
    for (let minute = 1; minute < 10; minute++) delay.onSample(minute * MINUTE_US, 50_000);
    expect(delay.baseUs).toBe(20_000);
    delay.onSample(10 * MINUTE_US, 50_000);
    expect(delay.baseUs).toBe(50_000);
  });

  it('has no samples of minutes in which none came', () => {
    const delay = new BaseDelay();
    delay.onSample(0, 20_000);
    delay.onSample(25 * MINUTE_US, 60_000);
    expect(delay.baseUs).toBe(60_000);
  });
});

function start(rttUs: number) {
  const controller = createController('ledbat', MDS);
  return { controller, flow: new BulkFlow(controller, MDS, rttUs) };
}

describe('ledbat', () => {
  it('grows by the gain in slow start: a sixth at 20 ms, all at 120 ms (S2, S3)', () => {
    for (const [rttUs, gain] of [
      [20_000, 1 / 6],
      [120_000, 1],
      [1000, 1 / 16],
    ]) {
      const { controller, flow } = start(rttUs);
      const before = controller.windowBytes;
      flow.round();
      expect((controller.windowBytes - before) / before).toBeCloseTo(gain, 2);
    }
  });

  it('leaves the first slow start above three quarters of the target (S3)', () => {
    const { controller, flow } = start(50_000);
    flow.rounds(3);
    flow.rttUs = 94_000;
    flow.round();
    expect(controller.isSlowStart).toBe(true);
    flow.rttUs = 96_000;
    flow.round();
    expect(controller.isSlowStart).toBe(false);
  });

  it('does not fall for delays of the slow start that they have ended (S3)', () => {
    const { controller, flow } = start(50_000);
    flow.rounds(6);
    flow.rttUs = 96_000;
    flow.round();
    const before = controller.windowBytes;
    flow.rttUs = 200_000;
    for (let ack = 0; ack < 8; ack++) {
      flow.nowUs += 1000;
      flow.ack(before / 8, flow.largest, 0, true);
    }
    expect(controller.windowBytes).toBeGreaterThanOrEqual(before);
    flow.nowUs += 50_000;
    flow.ack(before / 8, flow.largest, 0, true);
    expect(controller.windowBytes).toBeLessThan(before);
  });

  it('falls to half in a round trip at most, however long the queue (S4)', () => {
    const { controller, flow } = start(50_000);
    flow.rounds(6);
    flow.rttUs = 96_000;
    flow.round();
    const before = controller.windowBytes;
    // The first round trip after slow start is none of congestion avoidance.
    flow.nowUs += flow.rttUs;
    flow.rttUs = 1_000_000;
    for (let ack = 0; ack < 12; ack++) {
      flow.nowUs += 1000;
      flow.ack(before / 4, flow.largest, 0, true);
    }
    expect(controller.windowBytes).toBeLessThan(0.6 * before);
    expect(controller.windowBytes).toBeGreaterThanOrEqual(0.49 * before);
  });

  it('falls no further before it has seen what that has done, however long the queue makes the round trip (S4)', () => {
    const { controller, flow } = start(50_000);
    flow.rounds(6);
    flow.rttUs = 96_000;
    flow.round();
    const before = controller.windowBytes;
    const inFlight = flow.largest + 100;
    controller.onSent(flow.nowUs, before, before, inFlight);
    // The smoothed one lags behind: many of it pass while the queue is as long as it was.
    const rtt = { latestUs: 1e6, minUs: 5e4, smoothedUs: 5000, varianceUs: 0, hasSample: true };
    const acknowledge = (largestAcked: number): void => {
      flow.nowUs += 6000;
      controller.onAck(flow.nowUs, before / 8, 0, largestAcked, rtt, before, true);
    };
    // Past the round trip of S3, before the slowdown of S5.
    flow.nowUs += 20_000;
    for (let ack = 0; ack < 8; ack++) acknowledge(flow.largest + ack);
    const half = controller.windowBytes;
    expect(half).toBeLessThan(0.51 * before);
    expect(half).toBeGreaterThan(0.49 * before);
    controller.onSent(flow.nowUs, 1200, before, inFlight + 1);
    acknowledge(inFlight);
    expect(controller.windowBytes).toBe(half);
    acknowledge(inFlight + 1);
    expect(controller.windowBytes).toBeLessThan(0.4 * before);
  });

  it('slows down to two datagrams, returns, and waits nine times as long (S5)', () => {
    const { controller, flow } = start(50_000);
    flow.rounds(6);
    flow.rttUs = 96_000;
    flow.round();
    flow.rttUs = 60_000;
    const starts: number[] = [];
    let returnedUs = 0;
    let wasLow = false;
    for (let round = 0; round < 400 && starts.length < 2; round++) {
      flow.round();
      const isLow = controller.windowBytes === 2 * MDS;
      if (isLow && !wasLow) starts.push(flow.nowUs);
      if (starts.length === 1 && returnedUs === 0 && !controller.isSlowStart) {
        returnedUs = flow.nowUs;
      }
      wasLow = isLow;
    }
    expect(starts).toHaveLength(2);
    const share = (starts[1] - returnedUs) / (returnedUs - starts[0]);
    expect(share).toBeGreaterThan(8);
    expect(share).toBeLessThan(10.5);
  });

  it('halves for a loss and for a mark (S6)', () => {
    const { controller, flow } = start(120_000);
    flow.rounds(4);
    const before = controller.windowBytes;
    flow.lose();
    expect(controller.windowBytes).toBe(Math.floor(before / 2));
    flow.round();
    const marked = controller.windowBytes;
    controller.onCongestionMark(flow.nowUs, flow.nowUs);
    expect(controller.windowBytes).toBe(Math.floor(marked / 2));
  });
});
