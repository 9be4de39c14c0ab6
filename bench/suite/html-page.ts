/**
 * The result of the suite as one page for a reader who has never seen the project. Self-contained: no script, no font,
 * no request. Pure: a result in, a string out.
 *
 * Called by main.ts. The style, the templates and the bars are those of `burstwire bench`. Invariant: every case is on
 * the page, those without figures with the reason.
 */

import { formatCompact, formatInteger } from '../../lib/cli/bench/format.js';
import { aboutMachine } from '../../lib/cli/bench/html-prose.js';
import { STYLE } from '../../lib/cli/bench/html-style.js';
import { type Html, html, typeset } from '../../lib/cli/bench/html-template.js';
import { highlights } from './headline.js';
import { benchmarkBars } from './html-bars.js';
import { type Line, lineChart } from './html-lines.js';
import { aboutThis, GROUPS, howMeasured, howToRead } from './html-prose.js';
import { SUITE_STYLE } from './html-style.js';
import { figureTable, glanceTable } from './html-tables.js';
import { METRICS } from './metrics.js';
import type { BenchmarkResult, CaseResult, SuiteResult } from './result.js';
import { hasFigures } from './table.js';
import type { Group } from './types.js';

export function renderHtml(result: SuiteResult): string {
  const day = result.startedAt.slice(0, 10);
  const groups = (Object.keys(GROUPS) as Group[]).filter((group) =>
    result.benchmarks.some((item) => item.group === group),
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>burstwire, measured ${day}</title>
<style>${STYLE}${SUITE_STYLE}</style>
</head>
<body>
<main>
${aboutThis()}
${highlightCards(result)}
${glanceTable(groups.flatMap((group) => result.benchmarks.filter((item) => item.group === group)))}
${howToRead()}
${groups.map((group) => groupSection(result, group))}
${howMeasured(result)}
${aboutMachine({ environment: result.environment, config: { pinned: null } })}
<footer>Made by <code>${result.environment.command}</code> on ${day}.</footer>
</main>
</body>
</html>
`.text;
}

function highlightCards(result: SuiteResult): Html {
  const cards = highlights(result).map(
    ({
      figure,
      text,
    }) => html`<div class="highlight"><b>${figure}</b><span>${typeset(text)}</span></div>
`,
  );
  return html`<div class="highlights">
${cards}</div>`;
}

function groupSection({ benchmarks }: SuiteResult, group: Group): Html {
  const [title, about] = GROUPS[group];
  return html`<h2 class="group" id="${group}">${title}</h2>
<p>${about}</p>
${benchmarks.filter((item) => item.group === group).map(section)}`;
}

function section(benchmark: BenchmarkResult): Html {
  const { id, title, about, primary, better, cases, rounds, seconds } = benchmark;
  const placed = cases.filter((item) => item.at !== undefined);
  const single = cases.filter((item) => item.at === undefined);
  const unit = METRICS[primary].head;
  return html`<section class="card" id="${id}">
<h2><span class="id">${id}</span>${title}</h2>
<p class="soft">${about}</p>
<h3>${unit}: ${better === 'more' ? 'more' : 'less'} is better</h3>
${placed.some(hasFigures) && sizeChart(benchmark, placed)}
${single.length > 0 && benchmarkBars(benchmark, single)}
${latencyChart(benchmark)}
<h3>All figures</h3>
${figureTable(benchmark, single.length === 0)}
${remarks(benchmark)}
<p class="axis-title">${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s</p>
</section>
`;
}

function sizeChart(benchmark: BenchmarkResult, placed: readonly CaseResult[]): Html {
  const { primary, title, axis } = benchmark;
  const { head, unit, show } = METRICS[primary];
  const lines = new Map<string, Line & { points: Line['points'][number][] }>();
  for (const item of placed) {
    const found = item.estimates[primary];
    if (found === undefined || item.at === undefined) continue;
    const name = item.series ?? (item.role === 'limit' ? 'limit' : item.role);
    const line = lines.get(name) ?? { ...kindOf(item), name, points: [] };
    line.points.push({ x: item.at, y: found.median, low: found.low, high: found.high });
    lines.set(name, line);
  }
  const x = { title: axis ?? '', show: placeText };
  return lineChart(`${title}: ${head}`, [...lines.values()], x, {
    title: unit === ' %' ? `${head}, %` : head,
    show,
  });
}

function kindOf({ role }: CaseResult): Pick<Line, 'isOurs' | 'isLimit'> {
  return { isOurs: role === 'ours' || role === 'after', isLimit: role === 'limit' };
}

function placeText(value: number): string {
  return Number.isInteger(value) && value < 100_000 ? formatInteger(value) : formatCompact(value);
}

const PERCENTILES = [50, 90, 99, 99.9, 99.99];
/** Room for each further nine: 90, 99, 99.9 are equally far apart. */
const nines = (percent: number) => -Math.log10(1 - Math.min(percent, 99.999) / 100);
const percentOf = (place: number) => 100 * (1 - 10 ** -place);

function latencyChart(benchmark: BenchmarkResult): Html | null {
  const lines = benchmark.cases.flatMap((item): Line[] => {
    const { latencyCurve: curve = [] } = item;
    if (curve.length === 0) return [];
    const points = curve.map(([percent, y]) => ({ x: nines(percent), y }));
    return [{ ...kindOf(item), name: item.name, points }];
  });
  if (lines.length === 0) return null;
  const show = (place: number) => String(Number(percentOf(place).toPrecision(4)));
  const { show: showUs } = METRICS.latencyP50Us;
  return html`<h3>Latency by percentile</h3>
${lineChart(
  `${benchmark.title}: latency by percentile`,
  lines,
  { title: 'percent of all were at most that long', show, ticks: PERCENTILES.map(nines) },
  { title: 'microseconds', show: showUs },
)}`;
}

function remarks({ cases }: BenchmarkResult): Html | null {
  const lines = cases.flatMap((item) => [
    ...item.notes.map((note) => `${item.name}: ${note}`),
    ...(hasFigures(item) ? item.failures : []).map(
      (failure) => `${item.name}: a round failed: ${failure}`,
    ),
  ]);
  if (lines.length === 0) return null;
  return html`<ul class="notes-list">${lines.map((line) => html`<li>${typeset(line)}</li>`)}</ul>`;
}
