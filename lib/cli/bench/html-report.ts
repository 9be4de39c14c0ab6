/**
 * The result of a run as one page: figures first, then charts, tables, and how it was measured, for a reader who has
 * never seen the project. Self-contained: no script, no font, no request. Pure: a result in, a string out.
 */

import { formatCompact, formatInteger, significant } from './format.js';
import { highlights } from './headline.js';
import { type Bar, type BarRow, barChart } from './html-chart.js';
import { aboutMachine, aboutMethod, aboutTrains, type LegendItem, legend } from './html-prose.js';
import { STYLE } from './html-style.js';
import { figureTable } from './html-tables.js';
import { type Html, html, typeset } from './html-template.js';
import type { BenchmarkResult, Estimate, Figures, ResultRow } from './result.js';
import type { TableId } from './rows.js';

export function renderHtml(result: BenchmarkResult): string {
  const day = result.startedAt.slice(0, 10);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>burstwire benchmark, ${day}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>burstwire: datagrams in batches, measured</h1>
<p>How many UDP datagrams one Node process can hand to another on this machine, with <code>node:dgram</code>, with burstwire, and with a C++ program that does the same without Node. Real sockets on the loopback interface.</p>
</header>
${highlightCards(result)}
${result.notes.length > 0 && notes(result)}
${aboutTrains()}
${result.tables.map((table) => section(result, table.id))}
${aboutMethod(result)}
${aboutMachine(result)}
<footer>Made by <code>${result.environment.command}</code> on ${day}. Run it yourself: the ratios travel between machines better than the figures do.</footer>
</main>
</body>
</html>
`.text;
}

function highlightCards(result: BenchmarkResult): Html {
  const cards = highlights(result.rows, result.config).map(
    (
      item,
    ) => html`<div class="highlight"><b>${item.figure}</b><span>${typeset(item.text)}</span></div>
`,
  );
  return html`<div class="highlights">
${cards}</div>`;
}

function notes(result: BenchmarkResult): Html {
  return html`<section class="card notes"><ul class="plain">${result.notes.map((note) => html`<li>${note}</li>`)}</ul></section>`;
}

function section(result: BenchmarkResult, id: TableId): Html {
  const table = result.tables.find((item) => item.id === id);
  const rows = result.rows.filter((row) => row.table === id && row.figures !== null);
  const { sizeBytes, smallSizeBytes, destinations, offeredRate } = result.config;
  const what =
    id === 'bulk'
      ? `${formatInteger(sizeBytes)}-byte datagrams.`
      : id === 'many'
        ? `${formatInteger(smallSizeBytes)}-byte datagrams, ${destinations} destinations in turn.`
        : `${formatInteger(sizeBytes)}-byte datagrams, ${formatInteger(offeredRate)} a second.`;
  return html`<section class="card" id="${id}">
<h2>${table?.title ?? id}</h2>
<p class="soft">${table?.about ?? ''} ${what}</p>
${rows.length > 0 && CHARTS[id](rows)}
<details open><summary>All figures</summary>
${figureTable(result, id)}</details></section>
`;
}

const CHARTS: Readonly<Record<TableId, (rows: readonly ResultRow[]) => Html>> = {
  bulk: bulkCharts,
  many: (rows) => html`<h3>Datagrams sent per second</h3>
${legend(legendOf(rows, ''))}
${rateChart('Datagrams sent per second', rows, (f) => f.sentPerSecond)}`,
  receive: (rows) => html`<h3>CPU time of the receiver per datagram, microseconds</h3>
${legend(legendOf(rows, ''))}
${barChart(
  'CPU microseconds of the receiver per datagram',
  rows.map((row) => ({
    label: typeset(row.name),
    text: `${significant(row.figures!.receiveCpuUs.median)} µs`,
    bars: [bar(row.figures!.receiveCpuUs, row.group)],
  })),
)}`,
};

function bulkCharts(rows: readonly ResultRow[]): Html {
  return html`<h3>Datagrams received per second</h3>
${legend(legendOf(rows, ''))}
${rateChart('Datagrams received per second', rows, (f) => f.receivedPerSecond)}
<h3>CPU time per datagram, microseconds</h3>
${legend(pairLegend(rows))}
${pairChart('CPU microseconds per datagram', rows, (row) => [row.figures!.sendCpuUs, row.figures!.receiveCpuUs], significant)}
<h3>System calls per datagram</h3>
${legend(pairLegend(rows))}
${pairChart('System calls per datagram', rows, callsOf, (count) => count.toFixed(count < 0.1 ? 4 : 2))}`;
}

function rateChart(
  title: string,
  rows: readonly ResultRow[],
  pick: (figures: Figures) => Estimate,
): Html {
  return barChart(
    title,
    rows.map((row): BarRow => {
      const figures = row.figures!;
      const { ratio } = figures;
      const own = pick(figures);
      const limit = rows.find((other) => other.id === row.ceiling)?.figures;
      const times = ratio ? `${significant(ratio.median)}x, ` : '';
      return {
        label: typeset(row.name),
        text: `${times}${formatCompact(own.median)}/s`,
        bars: [bar(own, row.group)],
        ...(limit ? { mark: pick(limit).median } : {}),
      };
    }),
  );
}

function pairChart(
  title: string,
  rows: readonly ResultRow[],
  pick: (row: ResultRow) => readonly [Estimate, Estimate] | null,
  show: (value: number) => string,
): Html {
  const drawn: BarRow[] = [];
  for (const row of rows) {
    const pair = pick(row);
    if (pair === null) continue;
    const [send, receive] = pair;
    drawn.push({
      label: typeset(row.name),
      text: `${show(send.median)} / ${show(receive.median)}`,
      bars: [bar(send, row.group), bar(receive, `${row.group}-2`)],
    });
  }
  return barChart(title, drawn);
}

function callsOf(row: ResultRow): readonly [Estimate, Estimate] | null {
  const { figures, verification } = row;
  const exact = (value: number): Estimate => ({ median: value, low: value, high: value });
  const send =
    figures?.sendCallsPerDatagram ?? (verification && exact(verification.sendCallsPerDatagram));
  const receive =
    figures?.receiveCallsPerDatagram ??
    (verification && exact(verification.receiveCallsPerDatagram));
  return send && receive ? [send, receive] : null;
}

function bar(estimate: Estimate, tone: string): Bar {
  return { value: estimate.median, low: estimate.low, high: estimate.high, tone };
}

const GROUP_NAMES = { baseline: 'node:dgram', burstwire: 'burstwire', ceiling: 'C++, no Node' };

function legendOf(rows: readonly ResultRow[], suffix: string): LegendItem[] {
  const groups = (['baseline', 'burstwire', 'ceiling'] as const).filter((group) =>
    rows.some((row) => row.group === group),
  );
  const items: LegendItem[] = groups.map((group) => ({
    tone: `${group}${suffix}`,
    text: GROUP_NAMES[group],
  }));
  if (rows.some((row) => row.figures?.ofCeiling)) {
    items.push({ tone: 'line', text: 'what C++ reaches the same way' });
  }
  if (rows.some((row) => row.samples.length > 1)) {
    items.push({ tone: 'span', text: '95 % interval of the median' });
  }
  return items;
}

/** Upper bar sender, lower bar receiver. */
function pairLegend(rows: readonly ResultRow[]): LegendItem[] {
  const groups = (['baseline', 'burstwire', 'ceiling'] as const).filter((group) =>
    rows.some((row) => row.group === group),
  );
  return groups.flatMap((group) => [
    { tone: group, text: `${GROUP_NAMES[group]}, sending` },
    { tone: `${group}-2`, text: 'receiving' },
  ]);
}
