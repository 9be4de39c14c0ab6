/**
 * The outcome in a few ratios: for each benchmark, its first case of ours against that case's baseline. Pure.
 *
 * Used by the page, the terminal and the documents. Invariant: which case is told depends on the catalogue's order and
 * never on the figures, so that a bad ratio is told like a good one.
 */

import { formatRatio } from '../../lib/cli/bench/format.js';
import { METRICS, withUnit } from './metrics.js';
import type { BenchmarkResult, CaseResult, Estimate, SuiteResult } from './result.js';
import type { Group } from './types.js';

export interface Highlight {
  readonly id: string;
  /** 1.6x */
  readonly figure: string;
  /** as good as node:tls in MB/s: One stream, as fast as it goes */
  readonly text: string;
  readonly ratio: Estimate;
  readonly told: CaseResult;
  readonly base: CaseResult;
}

const MOST = 6;
/** What two programs do to each other comes first; stages of one only where nothing else was measured. */
const ORDER: readonly Group[] = ['e2e', 'stress', 'components', 'micro', 'ablation'];

export function highlights(result: Pick<SuiteResult, 'benchmarks'>): Highlight[] {
  for (const group of ORDER) {
    const found = result.benchmarks
      .filter((benchmark) => benchmark.group === group)
      .flatMap((benchmark) => highlightOf(benchmark) ?? []);
    if (found.length > 0) return found.slice(0, MOST);
  }
  return [];
}

export function highlightOf(benchmark: BenchmarkResult): Highlight | undefined {
  const told = benchmark.cases.find(
    (item) => (item.role === 'ours' || item.role === 'after') && item.ratio !== null,
  );
  const base = benchmark.cases.find((item) => item.name === told?.baseline);
  if (!told?.ratio || base === undefined) return undefined;
  return {
    id: benchmark.id,
    figure: formatRatio(told.ratio.median),
    text: `as good as ${base.name} in ${METRICS[benchmark.primary].head}: ${benchmark.title}`,
    ratio: told.ratio,
    told,
    base,
  };
}

/** A sentence for a list. */
export function headlineText({ id, figure, text }: Highlight): string {
  return `${id}: ${figure} ${text}`;
}

/** 812 MB/s, with what a case reaches in its benchmark's primary metric. */
export function primaryText({ primary }: BenchmarkResult, item: CaseResult): string {
  const found = item.estimates[primary];
  return found === undefined ? '' : withUnit(primary, found.median);
}
