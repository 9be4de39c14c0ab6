/**
 * The table of a benchmark as cells of text: the same columns in the terminal, in Markdown and on the page. Pure.
 *
 * Used by text-report.ts, markdown.ts and html-tables.ts. Invariant: every metric that any case of the benchmark has is
 * a column, losses always are, and a cell without a figure says that there is none.
 */

import { formatRatio } from '../../lib/cli/bench/format.js';
import { ALWAYS_SHOWN, inColumn, METRIC_NAMES, METRICS, NOT_AVAILABLE } from './metrics.js';
import type { BenchmarkResult, CaseResult, Estimate } from './result.js';
import type { MetricName } from './types.js';

export interface Cell {
  readonly text: string;
  /** The interval, where there is one. */
  readonly spread?: string;
}

export interface Column {
  readonly head: string;
  readonly cell: (item: CaseResult) => Cell;
}

export interface Row {
  readonly item: CaseResult;
  /** In the order of the columns; null: nothing was measured, and `why` says why. */
  readonly cells: readonly Cell[] | null;
  readonly why: string;
}

export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly Row[];
}

/** Head of the column with the ratios. */
export const RATIO = 'times baseline';
const NONE: Cell = { text: '' };
const BASELINE: Cell = { text: 'baseline' };

export function tableOf(benchmark: BenchmarkResult): Table {
  const columns = columnsOf(benchmark);
  return {
    heads: columns.map((column) => column.head),
    rows: benchmark.cases.map((item) => ({
      item,
      cells: hasFigures(item) ? columns.map((column) => column.cell(item)) : null,
      why: whyNothing(item),
    })),
  };
}

export function hasFigures(item: CaseResult): boolean {
  return item.samples.some((sample) => sample !== null);
}

export function whyNothing(item: CaseResult): string {
  if (item.missing !== undefined) return `cannot run here: ${item.missing}`;
  return `failed: ${item.failures.join('; ') || 'no round succeeded'}`;
}

/** The metrics that any case has, the primary one first. */
export function metricsShown({ cases, primary }: BenchmarkResult): MetricName[] {
  const others = METRIC_NAMES.filter((name) => name !== primary).filter(
    (name) => ALWAYS_SHOWN.includes(name) || cases.some((item) => item.estimates[name]),
  );
  return [primary, ...others];
}

function columnsOf(benchmark: BenchmarkResult): Column[] {
  const [primary, ...others] = metricsShown(benchmark);
  const columns = [metricColumn(primary)];
  if (benchmark.cases.some((item) => item.ratio)) {
    columns.push({
      head: RATIO,
      cell: (item) => {
        if (item.ratio) return estimateCell(item.ratio, formatRatio);
        return benchmark.cases.some(({ baseline }) => baseline === item.name) ? BASELINE : NONE;
      },
    });
  }
  if (benchmark.cases.some((item) => item.ofLimit)) {
    columns.push({
      head: 'of the limit',
      cell: (item) => (item.ofLimit ? { text: item.ofLimit.median.toFixed(2) } : NONE),
    });
  }
  return [...columns, ...others.map(metricColumn)];
}

function metricColumn(name: MetricName): Column {
  return {
    head: METRICS[name].head,
    cell: ({ estimates }) => {
      const found = estimates[name];
      if (found === undefined) return { text: NOT_AVAILABLE };
      return estimateCell(found, (value) => inColumn(name, value));
    },
  };
}

function estimateCell({ median, low, high }: Estimate, show: (value: number) => string): Cell {
  const [least, most] = [show(low), show(high)];
  if (least === most) return { text: show(median) };
  return { text: show(median), spread: `${least} – ${most}` };
}
