/**
 * A test's figures as text: the lines of the intervals, the live line, the table at the end. Pure.
 *
 * Called by both sides of `burstwire perf`. Rates count bits of payload: 1 Mbit/s is 1,000,000 of them; sizes are in
 * powers of 1024, as iperf3 has both. Invariant: no line is longer than 80 characters.
 */

import { formatBytes, formatInteger, formatPercent, significant } from '../bench/format.js';
import { renderTextTable, type TextColumn } from '../bench/text-table.js';
import { lossOf } from './directions.js';
import type { LatencyFigures } from './latency.js';
import type { Interval, Moved } from './measure.js';
import type { Parameters } from './parameters.js';
import type { PerfResult, SideResult } from './result.js';

const OUT = '->';
const IN = '<-';
const NONE = '-';

/** 9.05 Gbit/s, 631 kbit/s */
export function formatBitrate(bitsPerSecond: number): string {
  for (const [unit, factor] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (bitsPerSecond >= 0.9995 * factor)
      return `${significant(bitsPerSecond / factor)} ${unit}bit/s`;
  }
  return `${significant(bitsPerSecond)} bit/s`;
}

/** 87.1 us, 1.21 ms, 2.5 s */
export function formatTime(us: number): string {
  if (us >= 999_500) return `${significant(us / 1e6)} s`;
  return us >= 999.5 ? `${significant(us / 1e3)} ms` : `${significant(us)} us`;
}

const INTERVAL_HEADS = {
  stream: ['retransmitted', 'cwnd', 'rtt'],
  datagram: ['datagrams', 'dropped/late', 'jitter/rtt'],
  latency: ['round trips', 'p50', 'p99'],
} as const;
const WIDTHS = [15, 2, 8, 12, 13, 12, 8];

/** The heads of the interval lines. */
export function intervalHeads(parameters: Parameters): string {
  return row(['interval', '', 'transfer', 'bitrate', ...INTERVAL_HEADS[parameters.kind]]);
}

/** One line a direction. */
export function intervalLines(parameters: Parameters, interval: Interval): string[] {
  const span = `${interval.from.toFixed(1)}-${interval.to.toFixed(1)} s`;
  const line = (mark: string, moved: Moved, last: readonly string[]): string =>
    row([span, mark, formatBytes(moved.bytes), formatBitrate(moved.bitsPerSecond), ...last]);
  const { sent, received, path, latency } = interval;
  const rtt = formatTime(path.rttMs * 1000);
  const lines: string[] = [];
  if (latency !== undefined && sent !== undefined) {
    const figures = [
      formatInteger(latency.count),
      formatTime(latency.p50),
      formatTime(latency.p99),
    ];
    return [line(OUT, sent, figures)];
  }
  const isDatagram = parameters.kind === 'datagram';
  if (sent !== undefined) {
    const figures = isDatagram
      ? [formatInteger(sent.count ?? 0), formatInteger(sent.dropped ?? 0), rtt]
      : [formatBytes(path.retransmittedBytes), formatBytes(path.congestionWindow), rtt];
    lines.push(line(OUT, sent, figures));
  }
  if (received !== undefined) {
    const { count = 0, outOfOrder = 0, jitterUs = 0 } = received;
    const figures = isDatagram
      ? [formatInteger(count), formatInteger(outOfOrder), formatTime(jitterUs)]
      : [NONE, NONE, rtt];
    lines.push(line(IN, received, figures));
  }
  return lines;
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i < 2 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i])))
    .join(' ')
    .trimEnd();
}

/** How far it is, for a terminal's one line. */
export function liveText(parameters: Parameters, interval: Interval): string {
  const { sent, received, latency } = interval;
  const rates = [
    ...(sent && latency === undefined ? [`${OUT} ${formatBitrate(sent.bitsPerSecond)}`] : []),
    ...(latency ? [`p50 ${formatTime(latency.p50)}, p99 ${formatTime(latency.p99)}`] : []),
    ...(received ? [`${IN} ${formatBitrate(received.bitsPerSecond)}`] : []),
  ];
  const of = parameters.bytes > 0 ? '' : ` of ${parameters.seconds}`;
  return `${interval.to.toFixed(1)}${of} s  ${rates.join('  ')}`;
}

/** The whole result. */
export function renderResult(result: PerfResult): string {
  const { parameters, client, remote, latency, ended } = result;
  const parts = [latency === null ? renderMoved(result) : renderLatency(latency, client)];
  const lines = [
    `round trip ${formatTime(client.path.rttMs * 1000)}, path MTU ${formatInteger(result.pathMtu)} bytes, ` +
      result.congestion,
    `packets lost: ${lostPackets(result)}`,
    `client: ${side(client)}`,
    ...(remote === null ? ['server: has not said'] : [`server: ${side(remote)}`]),
  ];
  parts.push(lines.join('\n'));
  if (parameters.kind === 'datagram' && parameters.bitrate > 0 && lacks(result)) {
    parts.push(
      'The bitrate was not reached: path, congestion control or a processor stood against it.',
    );
  }
  if (ended !== null) parts.push(`It ended early: ${ended}.`);
  return `${parts.join('\n\n')}\n`;
}

/** By direction, as who has sent them has found. */
function lostPackets({ directions: { toServer, toClient } }: PerfResult): string {
  const text = (lost: number | null): string => (lost === null ? '?' : formatInteger(lost));
  return [
    ...(toServer ? [`${OUT} ${text(toServer.packetsLost)}`] : []),
    ...(toClient ? [`${IN} ${text(toClient.packetsLost)}`] : []),
  ].join(', ');
}

function side({ system, cpuPercent }: SideResult): string {
  return `CPU ${Math.round(cpuPercent)} %, ${system}`;
}

function lacks({ client, remote, parameters }: PerfResult): boolean {
  const rates = [client.sent, remote?.sent].filter((one) => one !== undefined);
  return rates.some((one) => one.bitsPerSecond < parameters.bitrate * 0.95);
}

const column = (head: string, align: 'left' | 'right' = 'right'): TextColumn => ({
  head: [head, ''],
  align,
});

function renderMoved({ parameters, client, remote }: PerfResult): string {
  const isDatagram = parameters.kind === 'datagram';
  const rows: string[][] = [];
  const add = (mark: string, from: SideResult | null, to: SideResult | null): void => {
    const sent = from?.sent;
    const received = to?.received;
    if (sent !== undefined) {
      const last = isDatagram
        ? [formatInteger(sent.count ?? 0), `${formatInteger(sent.dropped ?? 0)} not sent`, NONE]
        : [formatBytes(from!.path.retransmittedBytes)];
      rows.push([
        mark,
        'sender',
        formatBytes(sent.bytes),
        formatBitrate(sent.bitsPerSecond),
        ...last,
      ]);
    }
    if (received !== undefined) {
      const last = isDatagram
        ? [
            formatInteger(received.count ?? 0),
            lossText(sent, received),
            formatTime(received.jitterUs ?? 0),
          ]
        : [NONE];
      rows.push([
        mark,
        'receiver',
        formatBytes(received.bytes),
        formatBitrate(received.bitsPerSecond),
        ...last,
      ]);
    }
  };
  add(OUT, client, remote);
  add(IN, remote, client);
  if (rows.length === 0) return 'Nothing was measured.';
  const heads = isDatagram ? ['datagrams', 'lost', 'jitter'] : ['retransmitted'];
  return renderTextTable(
    [
      column('', 'left'),
      column('side', 'left'),
      column('transfer'),
      column('bitrate'),
      ...heads.map((head) => column(head)),
    ],
    rows,
  );
}

function lossText(sent: Moved | undefined, received: Moved): string {
  if (sent === undefined) return '?';
  const { lost, part } = lossOf(sent, received);
  return `${formatInteger(lost)} (${formatPercent(part)})`;
}

function renderLatency(latency: LatencyFigures, client: SideResult): string {
  const perSecond = client.seconds > 0 ? latency.count / client.seconds : 0;
  const times = (['min', 'p50', 'p90', 'p99', 'p999', 'max'] as const).map((name) =>
    formatTime(latency[name]),
  );
  const heads = ['round trips', 'a second', 'lost', 'min', 'p50', 'p90', 'p99', 'p99.9', 'max'];
  return renderTextTable(
    heads.map((head) => column(head)),
    [
      [
        formatInteger(latency.count),
        formatInteger(perSecond),
        formatInteger(latency.lost),
        ...times,
      ],
    ],
  );
}

/** The server's line about a test that is over. @param ended why before its time; null: it was not */
export function describeServed(
  client: string,
  { kind }: Parameters,
  result: SideResult,
  ended: string | null,
): string {
  const rates = [
    ...(result.received ? [`received ${rateText(result.received)}`] : []),
    ...(result.sent ? [`sent ${rateText(result.sent)}`] : []),
  ];
  const how = ended === null ? 'is done' : `ended early, ${ended}`;
  return `${client} ${how}: ${kind}, ${result.seconds.toFixed(1)} s, ${rates.join(', ')}`;
}

function rateText({ bytes, bitsPerSecond }: Moved): string {
  return `${formatBytes(bytes)} (${formatBitrate(bitsPerSecond)})`;
}
