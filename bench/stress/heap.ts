/**
 * What this process holds once everything that is garbage was collected, and how that changes over time.
 *
 * Called by the scripts under cases/ and by soak.ts. It switches `gc` on by itself, so that no flag is needed.
 *
 * Invariant: a figure is read after a full collection, and after finalizers have run.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export interface Held {
  /** V8's heap and what it knows of outside of it, array buffers included. */
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** Collects, twice: finalizers of the first pass let go of memory that the second one frees. */
export async function held(): Promise<Held> {
  for (let pass = 0; pass < 2; pass++) {
    collect();
    await wait(1);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, residentBytes: rss };
}

/** Slope of the least-squares line through (x, y); 0 for fewer than two points. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const count = points.length;
  if (count < 2) return 0;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  let above = 0;
  let below = 0;
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY);
    below += (x - meanX) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
