/**
 * Which benchmark runs how often and how long, and how long all of it will take. Pure.
 *
 * Called by main.ts and run.ts. Invariant: what a person gives on the command line wins over what a benchmark or a
 * case would like; without it, a full run of everything stays below a quarter of an hour on two cores.
 */

import type { BenchConfig, Benchmark, Case, Group } from './types.js';

export interface Wishes {
  /** From the command line; undefined: what each benchmark has. */
  readonly seconds?: number;
  readonly rounds?: number;
  readonly quick: boolean;
}

interface Pace {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}

export interface PlannedCase {
  readonly item: Case;
  readonly config: BenchConfig;
}

export interface PlannedBenchmark {
  readonly benchmark: Benchmark;
  readonly pace: Pace;
  readonly cases: readonly PlannedCase[];
  /** Whether each case has a run of its own in which the kernel counts. */
  readonly isCounted: boolean;
}

const PACES: Readonly<Record<Group, Pace>> = {
  micro: { rounds: 2, seconds: 0.15, warmupSeconds: 0.08 },
  components: { rounds: 2, seconds: 0.25, warmupSeconds: 0.1 },
  e2e: { rounds: 2, seconds: 0.7, warmupSeconds: 0.25 },
  stress: { rounds: 2, seconds: 0.5, warmupSeconds: 0.15 },
  ablation: { rounds: 2, seconds: 0.4, warmupSeconds: 0.15 },
};

const QUICK: Pace = { rounds: 1, seconds: 0.1, warmupSeconds: 0.02 };
const COUNTED_GROUPS: readonly Group[] = ['e2e', 'ablation'];
const COUNTING = { seconds: 0.5, warmupSeconds: 0.15 };
/** Start and end of the processes of a case; the runner puts what it has seen in its place. */
export const ASSUMED_OVERHEAD_SECONDS = 0.55;

const DEFAULTS: BenchConfig = {
  seconds: 1,
  warmupSeconds: 0.25,
  messageSize: 1024,
  connections: 1,
  packetLoss: 0,
};

export function planAll(benchmarks: readonly Benchmark[], wishes: Wishes): PlannedBenchmark[] {
  return benchmarks.map((benchmark) => planOne(benchmark, wishes));
}

function planOne(benchmark: Benchmark, wishes: Wishes): PlannedBenchmark {
  const group = wishes.quick ? QUICK : PACES[benchmark.group];
  const own: Pick<Benchmark, 'rounds' | 'seconds'> = wishes.quick ? {} : benchmark;
  const seconds = wishes.seconds ?? own.seconds ?? group.seconds;
  const pace = {
    rounds: wishes.rounds ?? own.rounds ?? group.rounds,
    seconds,
    warmupSeconds: Math.min(group.warmupSeconds, seconds / 2),
  };
  const { rounds: _rounds, ...window } = pace;
  // The warm-up of a case is its own affair: what it measures does not get ready any sooner.
  const forced = wishes.quick ? window : wishes.seconds === undefined ? {} : { seconds };
  const items = wishes.quick ? endsOfLines(benchmark.cases) : benchmark.cases;
  return {
    benchmark,
    pace,
    cases: items.map((item) => ({
      item,
      config: { ...DEFAULTS, ...window, ...item.config, ...forced },
    })),
    isCounted:
      !wishes.quick && benchmark.isCounted !== false && COUNTED_GROUPS.includes(benchmark.group),
  };
}

/** What a counting run of a case is given. */
export function countingConfig(config: BenchConfig): BenchConfig {
  return { ...config, ...COUNTING };
}

/** Of each line of a chart only the first and the last point; every case that is no point of a line. */
function endsOfLines(cases: readonly Case[]): Case[] {
  const key = (item: Case) => `${item.role} ${item.series ?? ''}`;
  return cases.filter((item) => {
    if (item.at === undefined) return true;
    const line = cases.filter((other) => other.at !== undefined && key(other) === key(item));
    return item === line[0] || item === line.at(-1);
  });
}

/** Processes that will be started. */
export function countRuns(planned: PlannedBenchmark): number {
  return planned.cases.length * (planned.pace.rounds + (planned.isCounted ? 1 : 0));
}

/** Seconds that the benchmark will take, given what a process needs beside its window. */
export function estimateSeconds(planned: PlannedBenchmark, overheadSeconds: number): number {
  let sum = 0;
  for (const { config } of planned.cases) {
    sum += planned.pace.rounds * (config.warmupSeconds + config.seconds + overheadSeconds);
    if (planned.isCounted) sum += COUNTING.seconds + COUNTING.warmupSeconds + overheadSeconds;
  }
  return sum;
}
