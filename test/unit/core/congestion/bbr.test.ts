/** BBR as a whole, on a path that delivers evenly (B1, B8 to B13). */

import { describe, expect, it } from 'vitest';
import { Bbr } from '../../../../lib/core/congestion/bbr/bbr.js';

const MDS = 1200;
const RTT_US = 50_000;
const ACKS = 10;
/** Of a path without a queue. */
const RTT = {
  latestUs: RTT_US,
  minUs: RTT_US,
  smoothedUs: RTT_US,
  varianceUs: 0,
  hasSample: true,
};

/** Bytes a second that the path lets through; what is sent faster waits. */
function start(bandwidth: number) {
  const delivery = {
    deliveredBytes: 0,
    rate: 0,
    sampleBytes: 0,
    priorDeliveredBytes: 0,
    isAppLimited: false,
    txInFlightBytes: 0,
    lostSinceBytes: 0,
    lossTxInFlightBytes: 0,
    lossLostSinceBytes: 0,
    isLossAppLimited: false,
    isShort: false,
    /** What was delivered when less was sent on purpose: samples up to there count as the application's. */
    limitedUntilBytes: 0,
    markAppLimited(bytesInFlight: number): void {
      delivery.limitedUntilBytes = delivery.deliveredBytes + bytesInFlight;
    },
  };
  const controller = new Bbr(MDS, delivery, () => 0.5);
  const flow = { nowUs: 1_000_000, number: 0 };
  /** A round trip; the phases that it has seen. */
  const round = (): string[] => {
    const bytes = Math.min(controller.windowBytes, (bandwidth * RTT_US) / 1e6);
    const before = delivery.deliveredBytes;
    controller.onSent(flow.nowUs, bytes, controller.windowBytes, flow.number + ACKS);
    return Array.from({ length: ACKS }, () => {
      flow.nowUs += RTT_US / ACKS;
      delivery.deliveredBytes += bytes / ACKS;
      delivery.priorDeliveredBytes = Math.max(
        before - bytes + (delivery.deliveredBytes - before),
        0,
      );
      delivery.sampleBytes = delivery.deliveredBytes - delivery.priorDeliveredBytes;
      delivery.rate = (bytes * 1e6) / RTT_US;
      delivery.txInFlightBytes = bytes;
      controller.onAck(flow.nowUs, bytes / ACKS, 0, ++flow.number, RTT, bytes, true);
      return controller.phase;
    });
  };
  return { controller, delivery, flow, round };
}

describe('bbr', () => {
  it('starts with ten datagrams, in Startup (B1)', () => {
    const { controller } = start(1e6);
    expect(controller).toMatchObject({ windowBytes: 12_000, phase: 'startup', isSlowStart: true });
  });

  it('paces by its first window until it has measured more, however little comes first (B8)', () => {
    const { controller, delivery, flow } = start(1e6);
    controller.onSent(0, 46, 46, 0);
    Object.assign(delivery, { deliveredBytes: 46, sampleBytes: 46, rate: (46 * 1e6) / RTT_US });
    controller.onAck(flow.nowUs, 46, 0, 0, RTT, 0, false);
    expect(controller.pacingRate).toBeCloseTo((2.77 * 10 * MDS * 1e6) / RTT_US);
  });

  it('goes through its phases in turn, and measures the bandwidth (B8 to B10, B12)', () => {
    const { controller, round } = start(2e6);
    const seen: string[] = [];
    for (let step = 0; step < 300; step++) {
      for (const phase of round()) if (seen.at(-1) !== phase) seen.push(phase);
    }
    // Nothing has to drain on a path without a queue.
    expect(seen.slice(0, 6)).toEqual(['startup', 'cruise', 'refill', 'up', 'down', 'cruise']);
    expect(seen).toContain('probeRtt');
    expect(seen[seen.indexOf('probeRtt') + 1]).toBe('cruise');
    const gains = {
      down: 0.9,
      up: 1.25,
      cruise: 1,
      refill: 1,
      probeRtt: 1,
      drain: 0.5,
      startup: 2.77,
    };
    expect(controller.pacingRate).toBeCloseTo(0.99 * gains[controller.phase] * 2e6, -3);
  });

  it('stops the probe after one that lost too much at its bound, and then probes again at once (B10)', () => {
    const { controller, delivery, flow, round } = start(2e6);
    while (controller.phase !== 'up') round();
    delivery.lossTxInFlightBytes = 90_000;
    delivery.lossLostSinceBytes = 6000;
    controller.onLoss(flow.nowUs, 6000, flow.nowUs - 1, false, 0);
    expect(controller.phase).toBe('down');
    const seen: string[] = [];
    for (let step = 0; step < 120 && seen.length < 12; step++) {
      for (const phase of round()) if (seen.at(-1) !== phase) seen.push(phase);
    }
    const again = seen.indexOf('up');
    expect(seen.slice(0, again)).toContain('cruise');
    expect(seen.slice(again, again + 4)).toEqual(['up', 'down', 'refill', 'up']);
  });

  it('raises the long-term bound by a probe that it holds back (B6)', () => {
    const { controller, delivery, flow, round } = start(2e6);
    while (controller.phase !== 'up') round();
    // A bound that is no whole number of bytes: 0.7 of the target.
    delivery.lossTxInFlightBytes = 0;
    delivery.lossLostSinceBytes = 6000;
    controller.onLoss(flow.nowUs, 6000, flow.nowUs - 1, false, 0);
    const bound = 0.7 * 100_000;
    let largest = 0;
    for (let step = 0; step < 150; step++) {
      round();
      // It has moved since the loop above, which the compiler does not see.
      const phase: string = controller.phase;
      if (phase !== 'probeRtt') largest = Math.max(largest, controller.windowBytes);
    }
    expect(largest).toBeGreaterThan(1.3 * bound);
  });

  it('has a window of two products and a little more in cruise (B11)', () => {
    const { controller, round } = start(2e6);
    while (controller.phase !== 'cruise') round();
    round();
    expect(controller.windowBytes).toBeGreaterThanOrEqual(2 * 100_000);
    expect(controller.windowBytes).toBeLessThan(2.3 * 100_000);
  });

  it('leaves Startup with a CE mark, once a round trip (B13)', () => {
    const { controller, flow, round } = start(2e6);
    round();
    controller.onCongestionMark(flow.nowUs, flow.nowUs - RTT_US);
    expect(controller.phase).toBe('drain');
  });

  it('keeps less in flight after a mark in cruise (B6, B13)', () => {
    const { controller, flow, round } = start(2e6);
    while (controller.phase !== 'cruise') round();
    round();
    const before = controller.windowBytes;
    controller.onCongestionMark(flow.nowUs, flow.nowUs);
    round();
    round();
    expect(controller.windowBytes).toBeLessThan(0.75 * before);
  });

  it('takes the bounds of losses back that were only late (B14)', () => {
    const { controller, delivery, flow, round } = start(2e6);
    while (controller.phase !== 'cruise') round();
    round();
    const before = controller.windowBytes;
    delivery.lossTxInFlightBytes = 100_000;
    delivery.lossLostSinceBytes = 1200;
    controller.onLoss(flow.nowUs, 1200, flow.nowUs - 1, false, 0);
    round();
    round();
    expect(controller.windowBytes).toBeLessThan(0.75 * before);
    controller.onSpuriousLoss(flow.nowUs, { isLossRevoked: () => true });
    round();
    round();
    expect(controller.windowBytes).toBeGreaterThan(0.95 * before);
  });

  it('falls to four datagrams for persistent congestion (B1)', () => {
    const { controller, flow, round } = start(2e6);
    for (let step = 0; step < 5; step++) round();
    controller.onLoss(flow.nowUs, 1200, flow.nowUs - 1, true, 0);
    expect(controller.windowBytes).toBe(4 * MDS);
  });

  it('marks what it sends in ProbeRTT as too little to measure by, and nothing else (B12)', () => {
    const { controller, delivery, round } = start(2e6);
    while (controller.phase !== 'probeRtt') {
      expect(delivery.limitedUntilBytes).toBe(0);
      round();
    }
    round();
    expect(controller.phase).toBe('probeRtt');
    expect(delivery.limitedUntilBytes).toBeGreaterThan(delivery.deliveredBytes);
    while (controller.phase === 'probeRtt') round();
    const { limitedUntilBytes } = delivery;
    for (let step = 0; step < 40; step++) round();
    expect(delivery.limitedUntilBytes).toBe(limitedUntilBytes);
  });

  it('has no more than half a product in flight in ProbeRTT (B12)', () => {
    const { controller, round } = start(2e6);
    while (controller.phase !== 'probeRtt') round();
    expect(controller.windowBytes).toBeLessThanOrEqual(50_000);
  });
});
