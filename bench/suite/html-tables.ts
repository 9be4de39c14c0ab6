/**
 * The tables of the suite's page: everything at a glance, and every metric of a benchmark. Pure.
 *
 * Used by html-page.ts. A wide table scrolls inside its own frame, with the names standing still.
 */

import { formatRatio } from '../../lib/cli/bench/format.js';
import { type Html, html, typeset } from '../../lib/cli/bench/html-template.js';
import { highlightOf, primaryText } from './headline.js';
import { NOT_AVAILABLE } from './metrics.js';
import type { BenchmarkResult, SuiteResult } from './result.js';
import { type Cell, type Row, tableOf } from './table.js';

export function figureTable(benchmark: BenchmarkResult, showAbout: boolean): Html {
  const { heads, rows } = tableOf(benchmark);
  return html`<p class="hint">Wider than the screen: push it sideways.</p>
<div class="wide"><table>
<thead><tr><th scope="col">case</th>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => figureRow(row, heads.length, showAbout))}</tbody>
</table></div>
`;
}

function figureRow({ item, cells, why }: Row, width: number, showAbout: boolean): Html {
  const about =
    showAbout && item.about !== undefined && html`<small>${typeset(item.about)}</small>`;
  const name = html`<th scope="row">${typeset(item.name)}${about}</th>`;
  if (cells === null) {
    return html`<tr class="missing">${name}<td colspan="${width}">${why}</td></tr>
`;
  }
  return html`<tr>${name}${cells.map(figureCell)}</tr>
`;
}

function figureCell({ text, spread }: Cell): Html {
  if (text === NOT_AVAILABLE) return html`<td class="none">${text}</td>`;
  return html`<td>${text}${spread !== undefined && html`<small>${spread}</small>`}</td>`;
}

/** One row a benchmark: ours, what it is measured against, and how many times better. */
export function glanceTable({ benchmarks }: SuiteResult): Html {
  const rows = benchmarks.flatMap((benchmark) => glanceRow(benchmark) ?? []);
  if (rows.length === 0) return html``;
  const heads = ['benchmark', 'ours', 'against', 'times better', '95 % interval'];
  return html`<section class="card" id="glance">
<h2>At a glance</h2>
<p class="soft">The first case of ours in each benchmark against the one it is compared with; above 1x is better than that, below is worse. Larger or smaller may be what is wanted: the ratio knows.</p>
<div class="scroll"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows}</tbody>
</table></div></section>
`;
}

function glanceRow(benchmark: BenchmarkResult): Html | undefined {
  const { id, title, cases } = benchmark;
  const ratio = highlightOf(benchmark)?.ratio;
  const told = cases.find((item) => item.ratio === ratio);
  const base = cases.find((item) => item.name === told?.baseline);
  if (ratio === undefined || told === undefined || base === undefined) return undefined;
  const cell = (label: string, text: string) =>
    html`<td data-label="${label}"><span>${typeset(text)}</span></td>`;
  const interval = `${formatRatio(ratio.low)} – ${formatRatio(ratio.high)}`;
  return html`<tr><th scope="row"><a href="#${id}">${id}</a> ${title}</th>${cell('ours', primaryText(benchmark, told))}${cell('against', `${base.name}: ${primaryText(benchmark, base)}`)}${cell('times better', formatRatio(ratio.median))}${cell('95 % interval', interval)}</tr>
`;
}
