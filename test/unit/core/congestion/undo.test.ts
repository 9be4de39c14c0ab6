/** A reduction is taken back when all that was lost was only late (C16). */

import { describe, expect, it } from 'vitest';
import { createController } from '../../../../lib/core/congestion/controller.js';
import { BulkFlow } from './bulk-flow.js';

const MDS = 1200;
const RTT_US = 50_000;

/** Packets up to that number, and none above, were acknowledged after all. */
const acknowledged = (first: number, last: number) => ({
  isLossRevoked: (smallest: number, largest: number) => smallest >= first && largest <= last,
});
const ALL = acknowledged(0, Number.POSITIVE_INFINITY);
const NONE = { isLossRevoked: () => false };

describe.each(['newreno', 'cubic'] as const)('%s', (name) => {
  function start() {
    const controller = createController(name, MDS);
    const flow = new BulkFlow(controller, MDS, RTT_US);
    flow.rounds(5);
    return { controller, flow };
  }

  it('has nothing to take back before a loss', () => {
    const { controller, flow } = start();
    const { windowBytes } = controller;
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(windowBytes);
    expect(controller.slowStartThresholdBytes).toBe(Number.POSITIVE_INFINITY);
  });

  it('goes back to window and slow start, once', () => {
    const { controller, flow } = start();
    const { windowBytes } = controller;
    flow.lose();
    const reduced = controller.windowBytes;
    controller.onSpuriousLoss(flow.nowUs, NONE);
    expect(controller.windowBytes).toBe(reduced);
    controller.onSpuriousLoss(flow.nowUs, acknowledged(0, flow.largest));
    expect(controller.windowBytes).toBe(windowBytes);
    expect(controller.slowStartThresholdBytes).toBe(Number.POSITIVE_INFINITY);
    flow.round();
    expect(controller.windowBytes).toBeGreaterThan(1.9 * windowBytes);
  });

  it('goes back from persistent congestion as well', () => {
    const { controller, flow } = start();
    const { windowBytes } = controller;
    flow.lose(true);
    expect(controller.windowBytes).toBe(2 * MDS);
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(windowBytes);
  });

  it('takes back the last one alone, when the one before was a congestion', () => {
    const { controller, flow } = start();
    flow.lose();
    const first = flow.largest;
    flow.round();
    const between = controller.windowBytes;
    flow.lose();
    controller.onSpuriousLoss(flow.nowUs, acknowledged(first + 1, flow.largest));
    expect(controller.windowBytes).toBe(between);
    expect(controller.slowStartThresholdBytes).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  it('goes back to before both when the first is proved wrong first', () => {
    const { controller, flow } = start();
    const { windowBytes } = controller;
    flow.lose();
    const first = flow.largest;
    flow.round();
    flow.lose();
    const reduced = controller.windowBytes;
    controller.onSpuriousLoss(flow.nowUs, acknowledged(0, first));
    expect(controller.windowBytes).toBe(reduced);
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(windowBytes);
    expect(controller.slowStartThresholdBytes).toBe(Number.POSITIVE_INFINITY);
  });

  it('remembers four of them', () => {
    const { controller, flow } = start();
    const windows: number[] = [];
    for (let event = 0; event < 6; event++) {
      windows.push(controller.windowBytes);
      flow.lose();
      flow.round();
    }
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(Math.max(controller.windowBytes, windows[2]));
    expect(controller.windowBytes).toBeLessThan(windows[1]);
  });

  it('is reduced by a later loss of the time that was taken back', () => {
    const { controller, flow } = start();
    const sentUs = flow.nowUs;
    flow.lose();
    controller.onSpuriousLoss(flow.nowUs + 10, ALL);
    const { windowBytes } = controller;
    controller.onLoss(flow.nowUs + 20, MDS, sentUs, false, 0);
    expect(controller.windowBytes).toBeLessThan(windowBytes);
  });

  it('takes nothing back of what a CE mark has said, alone or beside a loss', () => {
    const { controller, flow } = start();
    flow.lose();
    controller.onCongestionMark(flow.nowUs, flow.nowUs - 0.5);
    const reduced = controller.windowBytes;
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(reduced);
    flow.round();
    controller.onCongestionMark(flow.nowUs, flow.nowUs);
    const marked = controller.windowBytes;
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(marked);
  });

  it('goes back over another datagram size, to room for two of it', () => {
    const { controller, flow } = start();
    const { windowBytes } = controller;
    flow.lose();
    flow.round();
    controller.onDatagramSize(1452);
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(windowBytes);
    for (let event = 0; event < 20; event++) flow.lose();
    controller.onDatagramSize(9000);
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.slowStartThresholdBytes).toBeGreaterThanOrEqual(18_000);
  });

  it('keeps growth of its own that is more than what was lost', () => {
    const { controller, flow } = start();
    flow.lose();
    flow.rounds(400);
    const { windowBytes } = controller;
    controller.onSpuriousLoss(flow.nowUs, ALL);
    expect(controller.windowBytes).toBe(windowBytes);
  });
});

it('CUBIC goes on along the same curve, as if the time between had not been', () => {
  const make = () => {
    const controller = createController('cubic', MDS);
    const flow = new BulkFlow(controller, MDS, RTT_US);
    flow.rounds(8);
    flow.lose();
    flow.rounds(20);
    return { controller, flow };
  };
  const [plain, undone] = [make(), make()];
  undone.flow.lose();
  undone.flow.nowUs += 1000;
  undone.controller.onSpuriousLoss(undone.flow.nowUs, acknowledged(1, undone.flow.largest));
  expect(undone.controller.windowBytes).toBe(plain.controller.windowBytes);
  for (let round = 0; round < 60; round++) {
    plain.flow.round();
    undone.flow.round();
    const ratio = undone.controller.windowBytes / plain.controller.windowBytes;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.01);
  }
});
