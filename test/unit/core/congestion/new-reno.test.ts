/** NewReno's congestion avoidance (C10). */

import { expect, it } from 'vitest';
import { NewReno } from '../../../../lib/core/congestion/new-reno.js';
import { BulkFlow } from './bulk-flow.js';

const MDS = 1200;

function avoiding() {
  const controller = new NewReno(MDS);
  const flow = new BulkFlow(controller, MDS, 50_000);
  flow.rounds(4);
  flow.lose();
  return { controller, flow };
}

it('adds one datagram for each window that was acknowledged (C10)', () => {
  const { controller, flow } = avoiding();
  const before = controller.windowBytes;
  flow.rounds(20);
  expect(Math.abs(controller.windowBytes - before - 20 * MDS)).toBeLessThan(MDS / 2);
});

it('loses no part of a byte however small the acknowledgements are (C10)', () => {
  const { controller, flow } = avoiding();
  const before = controller.windowBytes;
  // One byte acknowledged adds far less than one byte.
  for (let i = 0; i < before; i++) flow.ack(1, flow.largest + 1, 0, true);
  expect(controller.windowBytes - before).toBeGreaterThan(MDS * 0.97);
});
