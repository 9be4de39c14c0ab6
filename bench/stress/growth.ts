/**
 * Whether what a process holds has grown: heap, open descriptors, and whatever keeps its event loop alive.
 *
 * Pure, but for `openThings`. Called by soak.ts, and by the leak test of `npm test`.
 *
 * Invariant: heap is judged by its slope over the second half of the time; the first half fills pools and windows.
 */

import { readdirSync } from 'node:fs';
import { slope } from './heap.js';

/** What a heap may grow over half of the time before it counts: collections and samples are not that exact. */
const NOISE_BYTES = 4 << 20;
const NOISE_SHARE = 0.1;

/** Descriptors, and resources of the event loop by kind (process.getActiveResourcesInfo). */
export type OpenThings = Readonly<Record<string, number>>;

export function openThings(): OpenThings {
  const counts: Record<string, number> = { descriptors: readdirSync('/proc/self/fd').length };
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** What there is more of than before, one line each. Immediates come and go with every turn. */
export function grown(before: OpenThings, after: OpenThings): string[] {
  return Object.entries(after)
    .filter(([kind, count]) => kind !== 'Immediate' && count > (before[kind] ?? 0))
    .map(([kind, count]) => `${kind}: ${before[kind] ?? 0} before, ${count} after`);
}

export interface HeapGrowth {
  readonly bytesPerSec: number;
  /** Over the second half. */
  readonly bytes: number;
  readonly isTooMuch: boolean;
}

/** `points`: [seconds, bytes held after a full collection], in the order of time. */
export function heapGrowth(points: readonly (readonly [number, number])[]): HeapGrowth {
  const half = points.slice(points.length >> 1);
  const bytesPerSec = slope(half);
  const seconds = half.length < 2 ? 0 : half[half.length - 1][0] - half[0][0];
  const bytes = bytesPerSec * seconds;
  const allowed = Math.max(NOISE_BYTES, NOISE_SHARE * (half[0]?.[1] ?? 0));
  return { bytesPerSec, bytes, isTooMuch: bytes > allowed };
}
