/**
 * The result of the suite as plain text for a terminal. Pure: a result in, a string out.
 *
 * Called by main.ts. Leaves out what does not fit a line; the page and the JSON have everything.
 */

import { renderTextTable, type TextColumn } from '../../lib/cli/bench/text-table.js';
import { headlineText, highlights } from './headline.js';
import { NOT_AVAILABLE } from './metrics.js';
import type { BenchmarkResult, SuiteResult } from './result.js';
import { type Cell, RATIO, tableOf } from './table.js';
import { timeText } from './time-left.js';

/** Columns beside the name; those further right are in the files. */
const MOST_COLUMNS = 8;
const LONGEST_NAME = 40;

export function renderText(result: SuiteResult): string {
  const tables = result.benchmarks.map(benchmarkText);
  const lines = highlights(result).map((item) => `  ${headlineText(item)}`);
  const outcome = lines.length > 0 ? ['In short:', ...lines, ''] : [];
  const { cpu, cores, kernel, node, commit } = result.environment;
  const machine = `${cpu}, ${cores} cores; Linux ${kernel}; Node ${node}; commit ${commit ?? 'unknown'}; ${timeText(result.durationSeconds)}`;
  return [...tables, ...outcome, machine, ''].join('\n');
}

function benchmarkText(benchmark: BenchmarkResult): string {
  const { heads, rows } = tableOf(benchmark);
  const kept = keptColumns(heads);
  const columns: TextColumn[] = [
    { head: ['', 'case'], align: 'left' },
    ...kept.map((i): TextColumn => ({ head: splitHead(heads[i]), align: 'right' })),
  ];
  const lines = rows.map(({ item, cells, why }) => {
    const name = item.name.slice(0, LONGEST_NAME);
    if (cells === null) return `${name}: ${why}`;
    return [name, ...kept.map((i) => cellText(cells[i], i === 0 || heads[i] === RATIO))];
  });
  const { id, title, rounds, seconds } = benchmark;
  const head = `${id}  ${title} (${rounds} x ${seconds} s)`;
  return `${head}\n\n${renderTextTable(columns, lines)}\n${remarks(benchmark)}`;
}

/** The first ones, and losses, wherever they stand. */
function keptColumns(heads: readonly string[]): number[] {
  const lost = heads.indexOf('lost');
  const first = heads.map((_, i) => i).slice(0, MOST_COLUMNS);
  return first.includes(lost) ? first : [...first.slice(0, -1), lost];
}

function splitHead(head: string): readonly [string, string] {
  if (head.length < 12) return ['', head];
  const middle = head.indexOf(' ', head.length / 2 - 3);
  return middle < 0 ? ['', head] : [head.slice(0, middle), head.slice(middle + 1)];
}

/** Intervals only where they decide something: with all of them a line is too long for a terminal. */
function cellText({ text, spread }: Cell, withSpread: boolean): string {
  if (text === NOT_AVAILABLE) return 'n/a';
  return spread === undefined || !withSpread ? text : `${text} (${spread})`;
}

function remarks({ cases }: BenchmarkResult): string {
  const lines = cases.flatMap((item) => [
    ...item.notes.map((note) => `  ${item.name}: ${note}\n`),
    ...item.failures
      .filter(() => item.samples.some((sample) => sample !== null))
      .map((failure) => `  ${item.name}: a round failed: ${failure}\n`),
  ]);
  return lines.join('');
}
