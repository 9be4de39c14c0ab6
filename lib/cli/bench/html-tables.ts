/**
 * The figures of a run as HTML tables: all columns, for those who want the numbers behind the bars. Pure.
 */

import { formatCompact, formatPercent, formatRatio, significant } from './format.js';
import { type Content, type Html, html, typeset } from './html-template.js';
import type { BenchmarkResult, Estimate, Figures, ResultRow } from './result.js';
import type { TableId } from './rows.js';

interface Column {
  readonly head: string;
  cell(row: ResultRow, figures: Figures): Content;
}

function withSpread(estimate: Estimate, show: (value: number) => string): Content {
  if (estimate.low === estimate.high) return show(estimate.median);
  return html`${show(estimate.median)} <small>${show(estimate.low)} – ${show(estimate.high)}</small>`;
}

function column(
  head: string,
  pick: (figures: Figures) => Estimate | null,
  show: (value: number) => string,
): Column {
  return {
    head,
    cell: (_row, figures) => {
      const found = pick(figures);
      return found === null ? '–' : withSpread(found, show);
    },
  };
}

const callText = (count: number) => count.toFixed(count < 0.1 ? 4 : 2);

/** The program's own counts, or the kernel's where nothing else counts. */
const CALLS: Column = {
  head: 'system calls per datagram, send / receive',
  cell: (row, figures) => {
    const { verification } = row;
    const send = figures.sendCallsPerDatagram?.median ?? verification?.sendCallsPerDatagram;
    const receive =
      figures.receiveCallsPerDatagram?.median ?? verification?.receiveCallsPerDatagram;
    const text = [send, receive]
      .map((count) => (count === undefined ? 'not available' : callText(count)))
      .join(' / ');
    const byKernel =
      figures.sendCallsPerDatagram === null || figures.receiveCallsPerDatagram === null;
    if (!byKernel || verification === null) return text;
    return html`${text} <small>by ${verification.tool}</small>`;
  },
};

const CPU: Column = {
  head: 'CPU µs per datagram, send / receive',
  cell: (_row, { sendCpuUs, receiveCpuUs }) =>
    `${significant(sendCpuUs.median)} / ${significant(receiveCpuUs.median)}`,
};

const percent = (part: number) => formatPercent(part).replace(' ', '\u00a0');
const SENT = column('sent per second', (f) => f.sentPerSecond, formatCompact);
const RECEIVED = column('received per second', (f) => f.receivedPerSecond, formatCompact);
const GBIT: Column = { head: 'Gbit/s', cell: (_row, f) => significant(f.gbitPerSecond.median) };
const RECEIVE_CPU = column('CPU µs per datagram, receiver', (f) => f.receiveCpuUs, significant);
const LOST: Column = { head: 'lost', cell: (_row, figures) => percent(figures.lost.median) };
const RATIO = column('times node:dgram', (f) => f.ratio, formatRatio);
const OF_CEILING = column(
  'of C++',
  (f) => f.ofCeiling,
  (value) => value.toFixed(2),
);

const COLUMNS: Readonly<Record<TableId, readonly Column[]>> = {
  bulk: [SENT, RECEIVED, GBIT, CALLS, CPU, LOST, RATIO, OF_CEILING],
  many: [SENT, RECEIVED, CALLS, CPU, LOST, RATIO, OF_CEILING],
  receive: [RECEIVED, CALLS, RECEIVE_CPU, LOST, RATIO],
};

export function figureTable(result: BenchmarkResult, id: TableId): Html {
  const rows = result.rows.filter((row) => row.table === id);
  const columns = COLUMNS[id];
  const heads = columns.map((item) => html`<th scope="col">${item.head}</th>`);
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">path</th>${heads}</tr></thead>
<tbody>
${rows.map((row) => tableRow(row, columns))}</tbody>
</table></div>
`;
}

function tableRow(row: ResultRow, columns: readonly Column[]): Html {
  const name = html`<th scope="row">${typeset(row.name)} <small>${row.about}</small></th>`;
  const { figures } = row;
  if (figures === null) {
    const why = row.unavailable ?? 'no round succeeded';
    return html`<tr class="missing">${name}<td colspan="${columns.length}">not available: ${why}</td></tr>
`;
  }
  const cells = columns.map(
    (item) => html`<td data-label="${item.head}"><span>${item.cell(row, figures)}</span></td>`,
  );
  return html`<tr>${name}${cells}</tr>
`;
}
