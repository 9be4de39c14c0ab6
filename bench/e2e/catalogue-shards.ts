/**
 * E6: one port, served by a worker thread on each of more and more cores.
 *
 * Data only. Called by catalogue.ts. Invariant: whatever the number of workers, the load is the same.
 */

import { availableParallelism } from 'node:os';
import type { Benchmark, Case } from '../suite/types.js';

/** Beyond what cases/bulk.ts allows itself. */
const EXTRA_SECONDS = 60;
/** Each worker has a compiler of its own to warm up. */
const WARM = { warmupSeconds: 1.3 };
const CORES = availableParallelism();
/** 1, 2, 4, ... as far as there are cores. */
const COUNTS = Array.from({ length: Math.floor(Math.log2(CORES)) + 1 }, (_, power) => 2 ** power);

const nameOf = (workers: number): string => (workers === 1 ? '1 worker' : `${workers} workers`);

function shardsCase(workers: number): Case {
  return {
    name: nameOf(workers),
    role: 'ours',
    baseline: nameOf(1),
    at: workers,
    series: 'burstwire',
    script: 'e2e/cases/bulk.ts',
    args: ['burstwire', 'shards', String(workers)],
    config: WARM,
    extraSeconds: EXTRA_SECONDS,
  };
}

export const SHARDS: Benchmark = {
  id: 'E6',
  group: 'e2e',
  title: 'One port on many cores',
  about:
    'As many client processes as there are cores, of 8 connections each, write in bulk to one server: one port, one identity, a ShardGroup with a worker thread a shard. Clients and workers share the cores, so the total grows only until all of them are busy, and on two cores one worker and its clients may be enough for that; then CPU per packet says what a worker more costs. CPU is that of all processes; how it divides, and what each worker received, stands beside each.',
  primary: 'throughputMBps',
  better: 'more',
  axis: 'workers',
  isCounted: false,
  cases: COUNTS.map(shardsCase),
};
