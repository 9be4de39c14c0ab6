/**
 * The bars of a benchmark: one row a case, name and figure as text above a bar that shares its scale with the others.
 * Pure.
 *
 * Used by html-page.ts. Text is HTML, so that long names wrap on a telephone; bars are SVG, drawn by the chart of
 * `burstwire bench`. Invariant: one linear scale from zero; a case without a figure is a row with the reason.
 */

import { formatRatio, significant } from '../../lib/cli/bench/format.js';
import { BAR_HEIGHT, drawBar, drawMark } from '../../lib/cli/bench/html-chart.js';
import { type Html, html, typeset } from '../../lib/cli/bench/html-template.js';
import { primaryText } from './headline.js';
import type { BenchmarkResult, CaseResult } from './result.js';
import { whyNothing } from './table.js';
import type { Role } from './types.js';

/** Classes of the style sheet of `burstwire bench`. */
export const TONES: Readonly<Record<Role, string>> = {
  ours: 'burstwire',
  after: 'burstwire',
  peer: 'baseline',
  before: 'baseline',
  limit: 'ceiling',
};

const STRIP_HEIGHT = BAR_HEIGHT + 10;
const TOP = 5;
/** Room at the right of the longest bar, so that its whisker's cap is not cut. */
const FULL_PERCENT = 99;

export function benchmarkBars(benchmark: BenchmarkResult, cases: readonly CaseResult[]): Html {
  const { primary } = benchmark;
  const highs = cases.map((item) => item.estimates[primary]?.high ?? 0);
  const largest = Math.max(...highs, Number.MIN_VALUE);
  const limit = cases.find((item) => item.role === 'limit')?.estimates[primary]?.median;
  return html`<div class="bars">
${cases.map((item) => bar(benchmark, item, largest, limit))}</div>
`;
}

function bar(
  benchmark: BenchmarkResult,
  item: CaseResult,
  largest: number,
  limit: number | undefined,
): Html {
  const found = item.estimates[benchmark.primary];
  const name = html`<span><strong>${typeset(item.name)}</strong>${item.about !== undefined && html` <small>${typeset(item.about)}</small>`}</span>`;
  if (found === undefined) {
    return html`<div class="bar-row"><div class="names">${name}<span class="why">${whyNothing(item)}</span></div></div>
`;
  }
  const percent = (value: number) =>
    `${((Math.max(value, 0) / largest) * FULL_PERCENT).toFixed(3)}%`;
  const { median, low, high } = found;
  const drawn = drawBar({ value: median, low, high, tone: TONES[item.role] }, TOP, percent);
  const mark =
    limit === undefined || item.role === 'limit' ? null : drawMark(percent(limit), TOP, BAR_HEIGHT);
  const value = figures(benchmark, item);
  return html`<div class="bar-row"><div class="names">${name}<span class="figure">${value}</span></div><svg class="strip" width="100%" height="${STRIP_HEIGHT}" role="img" aria-label="${item.name}: ${primaryText(benchmark, item)}"><rect class="axis" x="0" y="${TOP - 2}" width="1.5" height="${BAR_HEIGHT + 4}"/>${drawn}${mark}</svg></div>
`;
}

/** 812 MB/s, 1.6x, lost 0.1 % */
function figures(benchmark: BenchmarkResult, item: CaseResult): Html {
  const lost = item.estimates.lostPercent;
  const more = [
    ...(item.ratio === null ? [] : [formatRatio(item.ratio.median)]),
    ...(lost === undefined ? [] : [`lost ${significant(lost.median)} %`]),
  ];
  return html`<b>${primaryText(benchmark, item)}</b>${more.map((text) => html` <i>${text}</i>`)}`;
}
