/** What both controllers have in common (C1 to C8). */

import { describe, expect, it } from 'vitest';
import { createController } from '../../../../lib/core/congestion/controller.js';
import { BulkFlow } from './bulk-flow.js';

const MDS = 1200;
const RTT_US = 50_000;

const controllers = [
  ['newreno', 0.5],
  ['cubic', 0.7],
] as const;

describe('createController', () => {
  it('makes what the configuration names', () => {
    expect(createController('cubic', MDS).name).toBe('cubic');
    expect(createController('newreno', MDS).name).toBe('newreno');
    expect(createController('ledbat', MDS).name).toBe('ledbat');
  });

  it('throws for another name', () => {
    expect(() => createController('vegas' as 'cubic', MDS)).toThrow(/vegas/);
    expect(() => createController('bbr', MDS)).toThrow(/how fast/);
  });

  it.each([0, -1200, 1200.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'throws for datagrams of %d bytes',
    (bytes) => {
      expect(() => createController('cubic', bytes)).toThrow(RangeError);
      expect(() => createController('cubic', MDS).onDatagramSize(bytes)).toThrow(RangeError);
    },
  );
});

describe.each(controllers)('%s', (name, beta) => {
  function start(datagramBytes = MDS) {
    const controller = createController(name, datagramBytes);
    return { controller, flow: new BulkFlow(controller, datagramBytes, RTT_US) };
  }

  it.each([
    [1200, 12_000],
    [1452, 14_520],
    [1472, 14_720],
    [5000, 14_720],
    [8972, 17_944],
    [65_507, 131_014],
  ])('starts with datagrams of %d bytes at %d bytes (C1)', (datagramBytes, expected) => {
    expect(start(datagramBytes).controller.windowBytes).toBe(expected);
  });

  it('starts in slow start, without a threshold (C1)', () => {
    const { controller } = start();
    expect(controller.isSlowStart).toBe(true);
    expect(controller.slowStartThresholdBytes).toBe(Number.POSITIVE_INFINITY);
  });

  it('doubles each round of slow start (C2)', () => {
    const { controller, flow } = start();
    for (let round = 1; round <= 10; round++) {
      flow.round();
      expect(Math.abs(controller.windowBytes - 12_000 * 2 ** round)).toBeLessThanOrEqual(MDS);
    }
  });

  it('stops slow start at the threshold when it knows one (C2)', () => {
    const { controller, flow } = start();
    flow.rounds(4);
    flow.lose();
    const threshold = controller.slowStartThresholdBytes;
    flow.lose(true);
    const second = controller.slowStartThresholdBytes;
    expect(second).toBeLessThan(threshold);
    while (controller.isSlowStart) flow.round();
    expect(controller.windowBytes).toBeGreaterThanOrEqual(second);
    expect(controller.windowBytes).toBeLessThanOrEqual(second + 2 * MDS);
  });

  it('keeps a window of which the application uses half (C3)', () => {
    const { controller, flow } = start();
    flow.rounds(3);
    const before = controller.windowBytes;
    for (let i = 0; i < 50; i++) flow.round(before / 2);
    expect(controller.windowBytes).toBe(before);
  });

  it('keeps it in congestion avoidance too (C3)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    flow.lose();
    flow.rounds(2);
    const before = controller.windowBytes;
    for (let i = 0; i < 200; i++) flow.round(before / 2);
    expect(controller.windowBytes).toBe(before);
  });

  it('grows for packets that were in flight while the window was full, though no longer full (C3)', () => {
    const { controller, flow } = start();
    controller.onSent(0, 12_000, 12_000, 9);
    flow.nowUs = RTT_US;
    flow.ack(6000, 4, 6000);
    flow.ack(6000, 9, 0);
    expect(controller.windowBytes).toBe(24_000);
  });

  it('does not grow for packets sent after that, with the window never full again (C3)', () => {
    const { controller, flow } = start();
    controller.onSent(0, 12_000, 12_000, 9);
    flow.nowUs = RTT_US;
    flow.ack(12_000, 9, 0);
    controller.onSent(flow.nowUs, 12_000, 12_000, 19);
    flow.nowUs += RTT_US;
    flow.ack(12_000, 19, 0);
    expect(controller.windowBytes).toBe(24_000);
  });

  it('grows when the caller says that the window is what limits (C3)', () => {
    const { controller, flow } = start();
    controller.onSent(0, 1200, 1200, 0);
    flow.nowUs = RTT_US;
    flow.ack(1200, 0, 0, true);
    expect(controller.windowBytes).toBe(13_200);
  });

  it('falls to its share of the window at a loss (C4)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const before = controller.windowBytes;
    flow.lose();
    expect(controller.windowBytes).toBe(Math.floor(before * beta));
    expect(controller.slowStartThresholdBytes).toBe(controller.windowBytes);
    expect(controller.isSlowStart).toBe(false);
  });

  it('falls once for all losses of a round trip (C4)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const sentUs = flow.nowUs;
    controller.onLoss(sentUs + RTT_US, MDS, sentUs + 10, false, 0);
    const after = controller.windowBytes;
    controller.onLoss(sentUs + RTT_US + 1, MDS, sentUs + 20, false, 0);
    controller.onCongestionMark(sentUs + RTT_US + 2, sentUs + 30);
    controller.onLoss(sentUs + RTT_US + 3, MDS, sentUs + RTT_US, false, 0);
    expect(controller.windowBytes).toBe(after);
    controller.onLoss(sentUs + 2 * RTT_US, MDS, sentUs + RTT_US + 1, false, 0);
    expect(controller.windowBytes).toBeLessThan(after);
  });

  it('does not grow until a packet sent after the loss is acknowledged (C5)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const bytes = controller.windowBytes;
    controller.onSent(flow.nowUs, bytes, bytes, flow.largest + 100);
    flow.lose();
    const after = controller.windowBytes;
    flow.ack(bytes, flow.largest + 100, 0, true);
    expect(controller.windowBytes).toBe(after);
    controller.onSent(flow.nowUs, after, after, flow.largest + 200);
    flow.nowUs += RTT_US;
    flow.ack(after, flow.largest + 101, 0, true);
    flow.nowUs += RTT_US;
    flow.ack(after, flow.largest + 200, 0, true);
    expect(controller.windowBytes).toBeGreaterThan(after);
  });

  it('grows for packets sent at the very instant of the loss, but after it (C5)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    flow.lose();
    const after = controller.windowBytes;
    controller.onSent(flow.nowUs, after, after, flow.largest + 10);
    flow.ack(after, flow.largest + 10, 0, true);
    flow.nowUs += RTT_US;
    flow.ack(after, flow.largest + 10, 0, true);
    expect(controller.windowBytes).toBeGreaterThan(after);
  });

  it('falls to two datagrams for persistent congestion, and starts slowly again (C6)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const before = controller.windowBytes;
    flow.lose(true);
    expect(controller.windowBytes).toBe(2 * MDS);
    expect(controller.slowStartThresholdBytes).toBe(Math.floor(before * beta));
    expect(controller.isSlowStart).toBe(true);
    flow.round();
    expect(controller.windowBytes).toBe(4 * MDS);
  });

  it('collapses for persistent congestion in a round trip that has fallen already (C6)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const sentUs = flow.nowUs;
    controller.onLoss(sentUs + RTT_US, MDS, sentUs, false, 0);
    const threshold = controller.slowStartThresholdBytes;
    controller.onLoss(sentUs + RTT_US + 1, MDS, sentUs, true, 0);
    expect(controller.windowBytes).toBe(2 * MDS);
    expect(controller.slowStartThresholdBytes).toBe(threshold);
  });

  it('never falls below two datagrams (C1)', () => {
    const { controller, flow } = start();
    for (let i = 0; i < 20; i++) flow.lose();
    expect(controller.windowBytes).toBe(2 * MDS);
    expect(controller.slowStartThresholdBytes).toBe(2 * MDS);
  });

  it('falls for a CE mark as for a loss, once a round trip (C7)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const before = controller.windowBytes;
    const sentUs = flow.nowUs;
    controller.onCongestionMark(sentUs + RTT_US, sentUs);
    controller.onCongestionMark(sentUs + RTT_US + 1, sentUs + 1);
    expect(controller.windowBytes).toBe(Math.floor(before * beta));
  });

  it('starts over with the initial window of the new size while the window is untouched (C8)', () => {
    const { controller } = start();
    controller.onDatagramSize(1452);
    expect(controller.windowBytes).toBe(14_520);
    controller.onDatagramSize(65_507);
    expect(controller.windowBytes).toBe(131_014);
    controller.onDatagramSize(1200);
    expect(controller.windowBytes).toBe(12_000);
  });

  it('keeps its bytes when the size of datagrams changes later (C8)', () => {
    const { controller, flow } = start();
    flow.rounds(5);
    const before = controller.windowBytes;
    controller.onDatagramSize(1452);
    expect(controller.windowBytes).toBe(before);
    flow.lose();
    const reduced = controller.windowBytes;
    controller.onDatagramSize(1200);
    expect(controller.windowBytes).toBe(reduced);
    expect(controller.slowStartThresholdBytes).toBe(reduced);
  });

  it('has room for two datagrams of a larger size (C8)', () => {
    const { controller, flow } = start();
    flow.lose(true);
    controller.onDatagramSize(8972);
    expect(controller.windowBytes).toBe(2 * 8972);
    expect(controller.slowStartThresholdBytes).toBe(2 * 8972);
  });

  it('is whole at all times', () => {
    const { controller, flow } = start(1337);
    for (let i = 0; i < 300; i++) {
      flow.round(controller.windowBytes, 7);
      if (i % 23 === 22) flow.lose();
      expect(Number.isInteger(controller.windowBytes)).toBe(true);
    }
  });
});
