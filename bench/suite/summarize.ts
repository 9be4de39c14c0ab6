/**
 * From the rounds of a benchmark to its result: medians with intervals, ratios against the baseline and the limit.
 * Pure; the statistics are those of `burstwire bench`.
 *
 * Called by run.ts. Invariant: a ratio above 1 is always better, whether the metric should be large or small.
 */

import { type Estimate, estimate, median, pairedRatio } from '../../lib/cli/bench/statistics.js';
import { METRIC_NAMES } from './metrics.js';
import type { PlannedBenchmark } from './plan.js';
import type { BenchmarkResult, CaseResult, Estimates } from './result.js';
import type { Benchmark, Case, Measurement, MetricName } from './types.js';

/** What the runner has gathered of one case. */
export interface Gathered {
  readonly item: Case;
  readonly samples: (Measurement | null)[];
  readonly failures: string[];
  missing?: string;
  counted: Partial<Record<MetricName, number>>;
}

export function summarize(planned: PlannedBenchmark, all: readonly Gathered[]): BenchmarkResult {
  const { benchmark, pace } = planned;
  const { id, group, title, about, primary, better, axis } = benchmark;
  return {
    id,
    group,
    title,
    about,
    primary,
    better,
    ...(axis === undefined ? {} : { axis }),
    ...pace,
    cases: all.map((gathered) => summarizeCase(benchmark, gathered, all)),
  };
}

function summarizeCase(
  benchmark: Benchmark,
  gathered: Gathered,
  all: readonly Gathered[],
): CaseResult {
  const { item, samples, failures, missing, counted } = gathered;
  const baseline = findBaseline(item, all);
  const limit = item.role === 'limit' ? undefined : sameplace(item, all, ['limit']);
  const curve = medianCurve(samples);
  const note = middleNote(samples, benchmark.primary);
  return {
    name: item.name,
    role: item.role,
    ...(item.about === undefined ? {} : { about: item.about }),
    ...(item.at === undefined ? {} : { at: item.at }),
    ...(item.series === undefined ? {} : { series: item.series }),
    baseline: baseline?.item.name ?? null,
    samples,
    estimates: estimatesOf(samples, counted),
    ratio: ratioOf(benchmark, gathered, baseline),
    ofLimit: ratioOf(benchmark, gathered, limit),
    ...(curve === undefined ? {} : { latencyCurve: curve }),
    counted,
    notes: note === undefined ? [] : [note],
    ...(missing === undefined ? {} : { missing }),
    failures: [...new Set(failures)],
  };
}

function findBaseline(item: Case, all: readonly Gathered[]): Gathered | undefined {
  const found =
    item.baseline === undefined
      ? sameplace(item, all, ['peer', 'before'])
      : all.find((other) => other.item.name === item.baseline);
  return found?.item === item ? undefined : found;
}

function sameplace(
  item: Case,
  all: readonly Gathered[],
  roles: readonly Case['role'][],
): Gathered | undefined {
  return all.find((other) => roles.includes(other.item.role) && other.item.at === item.at);
}

function ratioOf(
  { primary, better }: Benchmark,
  own: Gathered,
  other: Gathered | undefined,
): Estimate | null {
  if (other === undefined) return null;
  const mine = own.samples.map((sample) => sample?.[primary] ?? null);
  const theirs = other.samples.map((sample) => sample?.[primary] ?? null);
  return better === 'more' ? pairedRatio(mine, theirs) : pairedRatio(theirs, mine);
}

/** The kernel's counts are of the whole process tree, so they go before what a process knows of itself. */
function estimatesOf(
  samples: readonly (Measurement | null)[],
  counted: Gathered['counted'],
): Estimates {
  const estimates: Estimates = {};
  for (const name of METRIC_NAMES) {
    const exact = counted[name];
    const values = samples.flatMap((sample) => sample?.[name] ?? []);
    if (exact !== undefined) estimates[name] = { median: exact, low: exact, high: exact };
    else if (values.length > 0) estimates[name] = estimate(values);
  }
  return estimates;
}

/** Notes have figures in them: the one that belongs to the median is told. */
function middleNote(
  samples: readonly (Measurement | null)[],
  primary: MetricName,
): string | undefined {
  const told = samples.filter((sample) => sample?.note !== undefined && sample !== null);
  const sorted = told.sort((a, b) => (a?.[primary] ?? 0) - (b?.[primary] ?? 0));
  return sorted[Math.floor(sorted.length / 2)]?.note;
}

function medianCurve(samples: readonly (Measurement | null)[]): CaseResult['latencyCurve'] {
  const curves = samples.flatMap((sample) => (sample?.latencyCurve ? [sample.latencyCurve] : []));
  if (curves.length === 0) return undefined;
  return curves[0].map(([percent]) => {
    const values = curves.flatMap((curve) => curve.filter(([at]) => at === percent));
    return [percent, median(values.map(([, value]) => value))] as const;
  });
}
