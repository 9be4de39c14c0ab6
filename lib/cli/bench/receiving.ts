/**
 * What every receiving side of the benchmark offers, and how it ends: when the harness has closed our stdin and
 * nothing has come for a moment. Knows no socket.
 */

import type { SideReport } from './plan.js';
import type { MeasuredWindow } from './window.js';

export interface ReceivingSide {
  readonly ports: readonly number[];
  readonly window: MeasuredWindow;
  kernelDrops(): number | null;
  close(): Promise<void>;
}

/** Nothing for this long after the sender's end: what was queued has been read. */
const IDLE_MS = 50;
/** A receiver whose harness vanished without closing stdin ends by itself. */
const FORGOTTEN_MS = 660_000;

/** Resolves with the report once stdin is closed and the socket is idle. */
export async function reportAtEnd(side: ReceivingSide): Promise<SideReport> {
  await stdinEnd();
  let seen = -1;
  while (side.window.totals.datagrams !== seen) {
    seen = side.window.totals.datagrams;
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  }
  const report = side.window.report(side.kernelDrops());
  await side.close();
  return report;
}

function stdinEnd(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, FORGOTTEN_MS).unref();
    process.stdin.once('end', resolve);
    process.stdin.once('error', () => resolve());
    process.stdin.resume();
  });
}
