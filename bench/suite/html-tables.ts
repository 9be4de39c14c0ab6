/**
 * The tables of the suite's page: everything at a glance, and every metric of a benchmark. Pure.
 *
 * Used by html-page.ts. A wide table scrolls inside its own frame, with the names standing still.
 */

import { formatRatio } from '../../lib/cli/bench/format.js';
import { type Html, html, typeset } from '../../lib/cli/bench/html-template.js';
import { highlightOf, primaryText } from './headline.js';
import { NOT_AVAILABLE } from './metrics.js';
import type { BenchmarkResult, CaseResult } from './result.js';
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

/** One row a benchmark: ours, what it is measured against, and how many times better. Also the table of contents. */
export function glanceTable(benchmarks: readonly BenchmarkResult[]): Html {
  return html`<section class="card" id="glance">
<h2>At a glance</h2>
<p class="soft">The first case of ours in each benchmark, and the one it is compared with. Above 1x is better than that, below is worse, whether the metric should be large or small.</p>
<div class="scroll"><table class="glance">
<thead><tr>${['benchmark', ...GLANCE].map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${benchmarks.map(glanceRow)}</tbody>
</table></div></section>
`;
}

const GLANCE = ['ours', 'against', 'times better', '95 % interval'];

function glanceRow(benchmark: BenchmarkResult): Html {
  const { id, title } = benchmark;
  const cells = glanceCells(benchmark).map(
    (text, i) => html`<td data-label="${GLANCE[i]}"><span>${typeset(text)}</span></td>`,
  );
  return html`<tr><th scope="row"><a href="#${id}">${id}</a> ${title}</th>${cells}</tr>
`;
}

function glanceCells(benchmark: BenchmarkResult): string[] {
  const { cases } = benchmark;
  const text = (item: CaseResult) =>
    `${item.name}: ${primaryText(benchmark, item).replaceAll(' ', '\u00a0')}`;
  const highlight = highlightOf(benchmark);
  if (highlight === undefined) {
    const first = cases.find((item) => item.estimates[benchmark.primary] !== undefined);
    return [first === undefined ? 'nothing was measured' : text(first), '–', '–', '–'];
  }
  const { told, base, ratio } = highlight;
  const isExact = ratio.low === ratio.high;
  const interval = isExact ? 'none' : `${formatRatio(ratio.low)} – ${formatRatio(ratio.high)}`;
  return [text(told), text(base), formatRatio(ratio.median), interval];
}
