/** The curve of CUBIC and its exceptions (C11 to C14). */

import { describe, expect, it } from 'vitest';
import { Cubic } from '../../../../lib/core/congestion/cubic.js';
import { BulkFlow } from './bulk-flow.js';

const MDS = 1200;
const C = 0.4;
const BETA = 0.7;

/** A flow that has just had its first congestion with a window of 10 * 2^doublings datagrams. */
function afterCongestion(doublings: number, rttUs: number, datagramBytes = MDS) {
  const controller = new Cubic(datagramBytes);
  const flow = new BulkFlow(controller, datagramBytes, rttUs);
  flow.rounds(doublings);
  const wMax = controller.windowBytes / datagramBytes;
  flow.lose();
  const datagrams = () => controller.windowBytes / datagramBytes;
  return { controller, flow, wMax, datagrams, epochUs: flow.nowUs };
}

/** The window in datagrams, `seconds` after the epoch began. */
function curve(wMax: number, k: number, seconds: number): number {
  return wMax + C * (seconds - k) ** 3;
}

describe('the curve', () => {
  it('is C (t - K)^3 + W_max within a datagram, at ten points from 0 to 2 K (C11)', () => {
    const rttUs = 50_000;
    const { flow, wMax, datagrams, epochUs } = afterCongestion(7, rttUs);
    const k = Math.cbrt((wMax * (1 - BETA)) / C);
    expect(k).toBeGreaterThan(9);
    for (let point = 1; point <= 10; point++) {
      const toUs = epochUs + (point / 10) * 2 * k * 1e6;
      while (flow.nowUs + rttUs <= toUs) flow.round();
      // The epoch begins with the first acknowledgement, a twentieth of a round trip after the loss.
      const t = (flow.nowUs - epochUs - rttUs / 20) / 1e6;
      expect(Math.abs(datagrams() - curve(wMax, k, t))).toBeLessThan(1);
    }
  });

  it('is where it was after K seconds, and that is its flattest point (C11)', () => {
    const rttUs = 50_000;
    const { flow, wMax, datagrams, epochUs } = afterCongestion(7, rttUs);
    const kUs = Math.cbrt((wMax * (1 - BETA)) / C) * 1e6;
    while (flow.nowUs + rttUs <= epochUs + kUs) flow.round();
    expect(Math.abs(datagrams() - wMax)).toBeLessThan(1);
    const before = datagrams();
    flow.round();
    expect(datagrams() - before).toBeLessThan(0.1);
  });

  it('counts in datagrams of the path, also of 9,000 bytes (C11)', () => {
    const { flow, wMax, datagrams, epochUs } = afterCongestion(9, 50_000, 9000);
    const k = Math.cbrt((wMax * (1 - BETA)) / C);
    while (flow.nowUs < epochUs + 1.5 * k * 1e6) flow.round();
    const t = (flow.nowUs - epochUs - 2500) / 1e6;
    expect(Math.abs(datagrams() - curve(wMax, k, t))).toBeLessThan(1);
  });

  it('goes on from the window as it is after slow start that ended without a loss (C11)', () => {
    const controller = new Cubic(MDS);
    const flow = new BulkFlow(controller, MDS, 50_000);
    flow.rounds(6);
    // The delay rises: HyStart++ ends slow start.
    flow.rttUs = 70_000;
    flow.rounds(6);
    expect(controller.isSlowStart).toBe(false);
    const start = controller.windowBytes / MDS;
    const startUs = flow.nowUs;
    flow.rounds(100);
    const t = (flow.nowUs - startUs) / 1e6;
    expect(Math.abs(controller.windowBytes / MDS - curve(start, 0, t))).toBeLessThan(
      0.03 * curve(start, 0, t),
    );
  });

  it('grows by half of the window in a round trip at most (C11)', () => {
    const { controller, flow } = afterCongestion(3, 50_000);
    flow.rounds(3);
    flow.rttUs = 20_000_000;
    for (let i = 0; i < 5; i++) {
      const before = controller.windowBytes;
      flow.round(before, 1);
      expect(controller.windowBytes).toBeLessThanOrEqual(1.5 * before + 1);
    }
  });
});

describe('the Reno-friendly region (C12)', () => {
  it('grows 0.53 datagrams a round trip until the window is regained, then one', () => {
    // 5 ms: K takes 9 s on the curve, 1,800 round trips; Reno is back in a fraction of that.
    const { flow, wMax, datagrams } = afterCongestion(3, 5000);
    const alpha = (3 * (1 - BETA)) / (1 + BETA);
    const start = datagrams();
    const roundsBack = Math.floor((wMax - start) / alpha);
    flow.rounds(roundsBack);
    expect(Math.abs(datagrams() - start - roundsBack * alpha)).toBeLessThan(0.5);
    flow.rounds(3);
    const regained = datagrams();
    flow.rounds(20);
    expect(Math.abs(datagrams() - regained - 20)).toBeLessThan(0.5);
  });

  it('is left when the curve is above it', () => {
    const rttUs = 200_000;
    const { flow, wMax, datagrams } = afterCongestion(6, rttUs);
    const start = datagrams();
    flow.rounds(10);
    // Reno would have gained five; the curve has gained nearly all.
    expect(datagrams() - start).toBeGreaterThan(50);
    expect(datagrams()).toBeLessThan(wMax);
  });
});

describe('fast convergence (C13)', () => {
  it('lowers the plateau, not the window, of a flow that lost before it regained its window', () => {
    const rttUs = 50_000;
    const { controller, flow, wMax, datagrams } = afterCongestion(7, rttUs);
    flow.rounds(20);
    const second = datagrams();
    expect(second).toBeLessThan(wMax);
    flow.lose();
    // 0.7 of the window: not 0.7 * 0.85 of it.
    expect(controller.windowBytes).toBe(Math.floor(second * MDS * BETA));
    const plateau = (second * (1 + BETA)) / 2;
    const k = Math.cbrt((plateau - datagrams()) / C);
    const epochUs = flow.nowUs;
    while (flow.nowUs + rttUs <= epochUs + k * 1e6) flow.round();
    expect(Math.abs(datagrams() - plateau)).toBeLessThan(1);
  });

  it('does not lower the plateau of a flow that was beyond it', () => {
    const rttUs = 50_000;
    const { flow, wMax, datagrams } = afterCongestion(6, rttUs);
    flow.rounds(400);
    const second = datagrams();
    expect(second).toBeGreaterThan(wMax);
    flow.lose();
    const k = Math.cbrt((second - datagrams()) / C);
    const epochUs = flow.nowUs;
    while (flow.nowUs + rttUs <= epochUs + k * 1e6) flow.round();
    expect(Math.abs(datagrams() - second)).toBeLessThan(1);
  });

  it('is not applied again for further losses of the same round trip', () => {
    const rttUs = 50_000;
    const { controller, flow, datagrams } = afterCongestion(7, rttUs);
    flow.rounds(20);
    const second = datagrams();
    const sentUs = flow.nowUs;
    flow.nowUs += rttUs;
    for (let i = 0; i < 10; i++) controller.onLoss(flow.nowUs + i, MDS, sentUs, false, 0);
    const plateau = (second * (1 + BETA)) / 2;
    const k = Math.cbrt((plateau - datagrams()) / C);
    const epochUs = flow.nowUs;
    while (flow.nowUs + rttUs <= epochUs + k * 1e6) flow.round();
    expect(Math.abs(datagrams() - plateau)).toBeLessThan(1);
  });
});

describe('time in which the window is not in use (C14)', () => {
  const RTT_US = 50_000;

  /** Two equal flows, some seconds after a congestion; one of them then has a pause, of whatever kind. */
  function twins(pause: (flow: BulkFlow, bytes: number) => void): [number, number] {
    const windows = [false, true].map((hasPause) => {
      const { controller, flow } = afterCongestion(6, RTT_US);
      flow.rounds(40);
      if (hasPause) pause(flow, controller.windowBytes / 4);
      flow.rounds(40);
      return controller.windowBytes;
    });
    return [windows[0], windows[1]];
  }

  it.each([1e6, 60e6, 3600e6, 30 * 86_400e6])('an idle time of %d us does not count', (idleUs) => {
    const [without, with_] = twins((flow) => {
      flow.nowUs += idleUs;
    });
    expect(Math.abs(with_ - without)).toBeLessThan(MDS / 2);
  });

  it('a time in which the application sends little does not count', () => {
    const [without, with_] = twins((flow, bytes) => {
      for (let i = 0; i < 400; i++) flow.round(bytes);
    });
    expect(Math.abs(with_ - without)).toBeLessThan(MDS);
  });

  it('pauses in every round trip do not stop the growth for ever', () => {
    const { controller, flow, wMax } = afterCongestion(4, RTT_US);
    for (let i = 0; i < 1000; i++) {
      flow.round();
      flow.nowUs += 300_000;
    }
    expect(controller.windowBytes).toBeGreaterThan(1.5 * wMax * MDS);
  });

  it('a loss after a pause is a congestion like any other', () => {
    const { controller, flow } = afterCongestion(6, RTT_US);
    flow.rounds(40);
    flow.nowUs += 60e6;
    flow.round();
    const before = controller.windowBytes;
    flow.lose();
    expect(controller.windowBytes).toBe(Math.floor(before * BETA));
  });
});

it('begins a new epoch when the size of datagrams changes: no jump (C8)', () => {
  const { controller, flow } = afterCongestion(6, 50_000);
  flow.rounds(60);
  const before = controller.windowBytes;
  controller.onDatagramSize(8972);
  flow.round();
  expect(controller.windowBytes).toBeLessThan(before + 2 * 8972);
  expect(controller.windowBytes).toBeGreaterThanOrEqual(before);
});
