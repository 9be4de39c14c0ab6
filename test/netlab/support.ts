/**
 * Whether there can be a laboratory here, and links with datagrams on them for the tests of the emulator itself.
 */

import { describe } from 'vitest';
import { type DatagramLoad, sendDatagrams } from '../../bench/netlab/datagram-flow.js';
import { obstacle } from '../../bench/netlab/emulator.js';
import { Lab } from '../../bench/netlab/lab.js';
import type { LabCounts, LinkOptions } from '../../bench/netlab/link.js';
import type { Arrival } from '../../bench/netlab/programs/task-types.js';

const reason = obstacle();
if (reason !== undefined) console.log(`skipped: netlab: ${reason}`);

export const describeInLab = describe.skipIf(reason !== undefined);

export interface Crossing {
  readonly arrivals: readonly Arrival[];
  readonly counts: LabCounts;
}

/** Datagrams from a to b through a link; the way back has none of its properties. */
export async function cross(aToB: LinkOptions, load: DatagramLoad): Promise<Crossing> {
  const lab = await Lab.open({ aToB });
  let counts: LabCounts | undefined;
  let arrivals: readonly Arrival[] = [];
  try {
    arrivals = await sendDatagrams(lab, 'a', load);
  } finally {
    counts = await lab.close();
  }
  if (counts === undefined) throw new Error('the emulator ended without its counters');
  return { arrivals, counts };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Lengths of the runs of numbers that never came, of `count` that were sent. */
export function gaps(arrivals: readonly Arrival[], count: number): number[] {
  const came = new Set(arrivals.map(([number]) => number));
  const lengths: number[] = [];
  let length = 0;
  for (let number = 0; number < count; number++) {
    if (!came.has(number)) length++;
    if (length > 0 && (came.has(number) || number === count - 1)) {
      lengths.push(length);
      length = 0;
    }
  }
  return lengths;
}
