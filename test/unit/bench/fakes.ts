/**
 * Benchmarks whose cases are scripted, and results without a run. Used by the tests of the suite.
 */

import { fileURLToPath } from 'node:url';
import type { PlannedBenchmark } from '../../../bench/suite/plan.js';
import { planAll } from '../../../bench/suite/plan.js';
import type { BenchmarkResult, SuiteResult } from '../../../bench/suite/result.js';
import { type Gathered, summarize } from '../../../bench/suite/summarize.js';
import type { Benchmark, Case, Measurement } from '../../../bench/suite/types.js';
import type { Environment } from '../../../lib/cli/bench/result.js';

const SCRIPT = fileURLToPath(new URL('./fake-case.mjs', import.meta.url));

export function fakeCase(name: string, act: string, more: Partial<Case> = {}): Case {
  return { name, role: 'ours', script: SCRIPT, env: { FAKE: act }, extraSeconds: 15, ...more };
}

export function fakeBenchmark(cases: readonly Case[], more: Partial<Benchmark> = {}): Benchmark {
  return {
    id: 'P1',
    group: 'micro',
    title: 'A fake',
    about: 'What nobody has to know.',
    primary: 'opsPerSec',
    better: 'more',
    cases,
    ...more,
  };
}

export function planFake(benchmark: Benchmark, rounds = 1): PlannedBenchmark {
  return planAll([benchmark], { quick: false, seconds: 0.01, rounds })[0];
}

export const ENVIRONMENT: Environment = {
  cpu: 'A processor <of glass>',
  cores: 2,
  memoryBytes: 8 * 2 ** 30,
  platform: 'linux-x64',
  kernel: '6.1.0',
  node: 'v20.20.2',
  burstwire: '0.1.0',
  engine: 'native',
  engineReasons: [],
  compiler: 'g++ 14',
  governor: null,
  virtualized: true,
  loadAverage: 0.5,
  sysctls: { 'net.core.rmem_max': '212992' },
  commit: 'abcdef0',
  command: 'npm run bench -- --only E1',
};

/** A benchmark's result made of samples by name; a text instead of samples is why the case cannot run. */
export function resultOf(
  benchmark: Benchmark,
  samples: Readonly<Record<string, readonly (Measurement | null)[] | string>>,
): BenchmarkResult {
  const all = benchmark.cases.map((item): Gathered => {
    const found = samples[item.name] ?? [];
    if (typeof found === 'string') {
      return { item, samples: [], failures: [], counted: {}, missing: found };
    }
    const failures = found.includes(null) ? ['it fell over'] : [];
    return { item, samples: [...found], failures, counted: {} };
  });
  return summarize(planFake(benchmark, 3), all);
}

export function suiteOf(benchmarks: readonly BenchmarkResult[]): SuiteResult {
  return {
    format: 'burstwire-suite',
    version: 1,
    startedAt: '2026-01-02T03:04:05.000Z',
    durationSeconds: 61,
    environment: ENVIRONMENT,
    config: {
      only: [],
      quick: false,
      seconds: null,
      rounds: null,
      counted: [],
      countedReason: 'no perf',
    },
    benchmarks,
  };
}

/** One sample for each value of a metric. */
export function samplesOf(
  metric: keyof Measurement,
  values: readonly number[],
  more: Measurement = {},
): Measurement[] {
  return values.map((value) => ({ [metric]: value, ...more }));
}
