/**
 * The result of a run as text for a terminal. Pure: a result in, a string out.
 */

import { formatInteger, formatPercent, formatRatio, significant } from './format.js';
import type { BenchmarkResult, Environment, Estimate, Figures, ResultRow } from './result.js';
import type { TableId } from './rows.js';
import { renderTextTable, type TextColumn } from './text-table.js';

const NONE = '-';
/** Marks a number that the kernel counted in the verification pass, where no engine counts. */
const BY_KERNEL = '*';

export function renderText(result: BenchmarkResult): string {
  const parts = [result.headline.join('\n')];
  for (const table of result.tables) {
    const rows = result.rows.filter((row) => row.table === table.id);
    parts.push(`${titleOf(table.id, table.title, result)}\n${renderRows(table.id, rows)}`);
  }
  parts.push(describeCalls(result), describeEnvironment(result));
  if (result.notes.length > 0) parts.push(result.notes.map((note) => `! ${note}`).join('\n'));
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function titleOf(id: TableId, title: string, result: BenchmarkResult): string {
  const { sizeBytes, smallSizeBytes, destinations, offeredRate } = result.config;
  const size = `${formatInteger(id === 'many' ? smallSizeBytes : sizeBytes)} bytes a datagram`;
  const more =
    id === 'many'
      ? `, ${destinations} destinations`
      : id === 'receive'
        ? `, ${formatInteger(offeredRate)} datagrams/s offered`
        : '';
  return `${title.toUpperCase()} (${size}${more})`;
}

interface Column extends TextColumn {
  cell(row: ResultRow): string;
}

const right = (first: string, second: string, cell: (row: ResultRow) => string): Column => ({
  head: [first, second],
  align: 'right',
  cell,
});

/** A column of medians. */
const figure = (
  first: string,
  second: string,
  pick: (figures: Figures) => Estimate | null,
  show: (value: number) => string,
): Column =>
  right(first, second, (row) => {
    const found = row.figures && pick(row.figures);
    return found ? show(found.median) : NONE;
  });

/** A column of spreads, to stand beside its medians. */
const spread = (pick: (figures: Figures) => Estimate): Column =>
  right('', 'spread', (row) => (row.figures ? spreadText(pick(row.figures)) : NONE));

const twoDigits = (value: number): string => value.toFixed(2);

const NAME: Column = { head: ['', 'path'], align: 'left', cell: (row) => row.name };
const SENT = figure('sent', '/s', (f) => f.sentPerSecond, formatInteger);
const SENT_SPREAD = spread((f) => f.sentPerSecond);
const RECEIVED = figure('received', '/s', (f) => f.receivedPerSecond, formatInteger);
const RECEIVED_SPREAD = spread((f) => f.receivedPerSecond);
const GBIT = figure('Gbit', '/s', (f) => f.gbitPerSecond, significant);
const SEND_CALLS = right('calls', 'send', (row) => calls(row, 'send'));
const RECEIVE_CALLS = right('calls', 'receive', (row) => calls(row, 'receive'));
const SEND_CPU = figure('CPU us', 'send', (f) => f.sendCpuUs, significant);
const RECEIVE_CPU = figure('CPU us', 'receive', (f) => f.receiveCpuUs, significant);
const CPU_SPREAD = spread((f) => f.receiveCpuUs);
const LOST = figure('', 'lost', (f) => f.lost, formatPercent);
const RATIO = figure('vs node', ':dgram', (f) => f.ratio, formatRatio);
const OF_CEILING = figure('of', 'C++', (f) => f.ofCeiling, twoDigits);

const COLUMNS: Readonly<Record<TableId, readonly Column[]>> = {
  bulk: [
    NAME,
    SENT,
    RECEIVED,
    RECEIVED_SPREAD,
    GBIT,
    SEND_CALLS,
    RECEIVE_CALLS,
    SEND_CPU,
    RECEIVE_CPU,
    LOST,
    RATIO,
    OF_CEILING,
  ],
  many: [NAME, SENT, SENT_SPREAD, RECEIVED, SEND_CALLS, SEND_CPU, LOST, RATIO, OF_CEILING],
  receive: [NAME, RECEIVED, RECEIVE_CALLS, RECEIVE_CPU, CPU_SPREAD, LOST, RATIO],
};

function renderRows(id: TableId, rows: readonly ResultRow[]): string {
  const columns = COLUMNS[id];
  const lines = rows.map((row) =>
    row.figures === null
      ? `${row.name}: not available (${row.unavailable ?? 'no round succeeded'})`
      : columns.map((column) => column.cell(row)),
  );
  return renderTextTable(columns, lines);
}

/** Half the interval, in percent of the median. */
function spreadText(estimate: Estimate): string {
  if (estimate.median === 0 || estimate.low === estimate.high) return NONE;
  const half = (estimate.high - estimate.low) / 2 / estimate.median;
  return `±${Math.round(half * 100)}%`;
}

function calls(row: ResultRow, side: 'send' | 'receive'): string {
  const own =
    side === 'send' ? row.figures?.sendCallsPerDatagram : row.figures?.receiveCallsPerDatagram;
  if (own) return callText(own.median);
  const kernel =
    side === 'send'
      ? row.verification?.sendCallsPerDatagram
      : row.verification?.receiveCallsPerDatagram;
  return kernel === undefined ? NONE : `${callText(kernel)}${BY_KERNEL}`;
}

function callText(count: number): string {
  return count.toFixed(count < 0.1 ? 4 : 2);
}

function describeCalls(result: BenchmarkResult): string {
  const { verifiedBy, verifiedByReason } = result.config;
  if (verifiedBy === null) {
    return `System calls per datagram: not confirmed (${verifiedByReason ?? 'no tool'}).`;
  }
  const compared = result.rows.filter((row) => typeof row.verification?.agrees === 'boolean');
  const agree = compared.filter((row) => row.verification?.agrees === true);
  const lines = ['System calls: counted by each program.'];
  if (compared.length > 0) {
    lines[0] += ` ${verifiedBy} agreed in ${agree.length} of ${compared.length} rows.`;
  }
  if (result.rows.some((row) => row.verification?.agrees === null)) {
    lines.push(
      `${BY_KERNEL} counted by ${verifiedBy} in a pass of its own, because node:dgram does not count.`,
    );
  }
  return lines.join('\n');
}

function describeEnvironment(result: BenchmarkResult): string {
  const { environment, config } = result;
  const pinned =
    config.pinned === null
      ? 'processes not bound to cores'
      : `sender on core ${config.pinned[0]}, receiver on core ${config.pinned[1]}`;
  const lines: [string, string][] = [
    ['machine', `${environment.cpu}, ${environment.cores} cores`],
    ['kernel', `${environment.platform} ${environment.kernel}`],
    ['node', environment.node],
    ['engine', engineText(environment)],
    ['compiler', environment.compiler ?? 'none found: no C++ rows'],
    ['sysctls', sysctlText(environment)],
    [
      'method',
      `${config.rounds} interleaved rounds of ${config.seconds} s a row, medians; ${pinned}`,
    ],
    ['columns', 'calls: system calls per datagram; CPU us: microseconds of CPU time per datagram;'],
    ['', 'spread: half the 95 % interval of the median over the rounds (bootstrap)'],
    ['commit', environment.commit ?? 'unknown'],
    ['command', environment.command],
  ];
  return lines.map(([name, text]) => `${name.padEnd(9)} ${text}`).join('\n');
}

function engineText(environment: Environment): string {
  const reasons = environment.engineReasons;
  return reasons.length === 0
    ? environment.engine
    : `${environment.engine} (${reasons.join('; ')})`;
}

function sysctlText(environment: Environment): string {
  return Object.entries(environment.sysctls)
    .map(([name, text]) => `${name}=${text ?? '?'}`)
    .join(' ');
}
