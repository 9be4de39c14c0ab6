/**
 * What this process holds once everything that is garbage was collected, and how that changes over time.
 *
 * Called by the scripts under cases/, by crowd.ts and by soak.ts. It switches `gc` on by itself, so that no flag is needed.
 *
 * Invariant: a figure is read after a full collection, and after finalizers have run.
 */

import { readFileSync } from 'node:fs';
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

/**
 * What the C library's heap has in memory, bytes: array buffers of up to 128 KiB, and what the addon and Node's own C++
 * allocate on the main thread. Undefined where /proc does not tell.
 */
export function nativeHeapBytes(): number | undefined {
  try {
    const maps = readFileSync('/proc/self/smaps', 'latin1');
    const at = maps.indexOf('[heap]');
    const found = at < 0 ? null : /^Rss: +(\d+) kB$/m.exec(maps.slice(at));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
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
