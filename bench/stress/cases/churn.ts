/**
 * S4: connections opened and closed, eight at a time, both ends in this process over loopback.
 *
 *     node --import ./bench/micro/typescript.mjs bench/stress/cases/churn.ts ik
 *
 * `ik`: the peer's key is known; `xx`: it is not; `tls`, `net`: node:tls (1.3, a full handshake each) and node:net. Each
 * connection carries 64 bytes there and back before it is closed. Started by the runner.
 *
 * Invariant: a connection counts when its answer has come and it is closed; what the process holds is read when all are.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { benchConfig, report, startUsage } from '../../suite/case-process.js';
import { openDoor } from '../doors.js';
import { held } from '../heap.js';

const AT_ONCE = 8;
/** Closing periods end, sockets are let go. */
const SETTLE_MS = 200;

const door = await openDoor(process.argv[2]);
let done = 0;
let isOver = false;

async function knockOn(): Promise<void> {
  while (!isOver) {
    await door.knock();
    done++;
  }
}

async function knockFor(seconds: number): Promise<number> {
  isOver = false;
  const startMs = performance.now();
  const knocking = Array.from({ length: AT_ONCE }, knockOn);
  await wait(seconds * 1000);
  isOver = true;
  await Promise.all(knocking);
  return (performance.now() - startMs) / 1000;
}

const { seconds, warmupSeconds } = benchConfig();
await knockFor(warmupSeconds);
await wait(SETTLE_MS);
const before = await held();
const usage = startUsage();
done = 0;
const elapsed = await knockFor(seconds);
const used = usage(elapsed, 0);
await wait(SETTLE_MS);
const after = await held();
report({
  connectionsPerSec: done / elapsed,
  ...used,
  heapBytes: Math.max(after.heapBytes - before.heapBytes, 0),
  note: `${done} connections; the heap is what the process holds more after them`,
});
process.exit();
