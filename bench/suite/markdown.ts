/**
 * Results of the suite as Markdown: everything, the transport beside its peers in short, and before and after. Pure.
 *
 * Called by docs.ts. Invariant: no figure in the documents is typed by hand, and each section names the run that it
 * comes from.
 */

import { formatRatio } from '../../lib/cli/bench/format.js';
import { headlineText, highlightOf, highlights, primaryText } from './headline.js';
import { GROUPS } from './html-prose.js';
import type { BenchmarkResult, CaseResult, SuiteResult } from './result.js';
import { type Cell, tableOf } from './table.js';
import type { Group } from './types.js';

/** What the documents are made of: each benchmark from the newest result that has it. */
export interface Source {
  readonly benchmark: BenchmarkResult;
  readonly result: SuiteResult;
}

const SHORT_IDS = ['E1', 'E2'];
/** Of the columns of a table, those for a reader in a hurry; the primary one is always there. */
const SHORT_HEADS = ['times baseline', 'of the limit', 'p50, µs', 'p99, µs', 'lost'];

export function newestOf(results: readonly SuiteResult[]): Source[] {
  const sorted = [...results].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  const found = new Map<string, Source>();
  for (const result of sorted) {
    for (const benchmark of result.benchmarks) {
      if (!found.has(benchmark.id)) found.set(benchmark.id, { benchmark, result });
    }
  }
  return [...found.values()];
}

/** Everything, group by group. */
export function suiteMarkdown(sources: readonly Source[]): string {
  const all = sources.map(({ benchmark }) => benchmark);
  const groups = (Object.keys(GROUPS) as Group[]).map((group) => {
    const found = all.filter((item) => item.group === group);
    const [title, about] = GROUPS[group];
    return found.length === 0
      ? []
      : [`### ${title}`, about, ...found.flatMap((item) => benchmarkMarkdown(item))];
  });
  return [headlines(sources), ...groups.flat(), runs(sources)].join('\n\n');
}

/** E1 and E2, without the rest; undefined when neither was run. */
export function transportMarkdown(sources: readonly Source[]): string | undefined {
  const found = sources.filter(({ benchmark }) => SHORT_IDS.includes(benchmark.id));
  if (found.length === 0) return undefined;
  const parts = found.flatMap(({ benchmark }) => [
    `**${benchmark.title}**`,
    markdownTable(benchmark, (head, i) => i === 0 || SHORT_HEADS.includes(head)),
  ]);
  return [headlines(found), ...parts, runs(found)].join('\n\n');
}

/** One line a change: how it was, how it is; undefined when nothing of that group was run. */
export function ablationMarkdown(sources: readonly Source[]): string | undefined {
  const found = sources.filter(({ benchmark }) => benchmark.group === 'ablation');
  const lines = found.flatMap(({ benchmark }) => beforeAfter(benchmark));
  if (lines.length === 0) return undefined;
  const heads = ['', 'change', 'before', 'after', 'times better', '95 %'];
  const rules = ['---', '---', '--:', '--:', '--:', '--:'];
  return `${[heads, rules, ...lines].map(line).join('\n')}\n\n${runs(found)}`;
}

function beforeAfter(benchmark: BenchmarkResult): string[][] {
  const told = benchmark.cases.filter((item) => item.role === 'after' && item.ratio !== null);
  return told.map((item, i) => {
    const base = benchmark.cases.find((other) => other.name === item.baseline);
    const { median, low, high } = item.ratio!;
    const which = told.length > 1 ? `${benchmark.title} (${item.name})` : benchmark.title;
    return [
      i === 0 ? benchmark.id : '',
      which,
      base === undefined ? '' : primaryText(benchmark, base),
      primaryText(benchmark, item),
      formatRatio(median),
      low === high ? '' : `${formatRatio(low)} to ${formatRatio(high)}`,
    ];
  });
}

function benchmarkMarkdown(benchmark: BenchmarkResult): string[] {
  const notes = benchmark.cases.flatMap((item) => item.notes.map((note) => noteLine(item, note)));
  return [
    `#### ${benchmark.id} ${benchmark.title}`,
    benchmark.about,
    markdownTable(benchmark, () => true),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
  ];
}

function noteLine(item: CaseResult, note: string): string {
  return `- ${item.name}: ${note}`;
}

function markdownTable(
  benchmark: BenchmarkResult,
  wanted: (head: string, index: number) => boolean,
): string {
  const { heads, rows } = tableOf(benchmark);
  const kept = heads.map((_, i) => i).filter((i) => wanted(heads[i], i));
  const lines = rows.map(({ item, cells, why }) =>
    cells === null
      ? [item.name, why, ...kept.slice(1).map(() => '')]
      : [item.name, ...kept.map((i) => cellText(cells[i]))],
  );
  const rules = ['---', ...kept.map(() => '--:')];
  return [['case', ...kept.map((i) => heads[i])], rules, ...lines].map(line).join('\n');
}

function cellText({ text, spread }: Cell): string {
  return spread === undefined ? text : `${text} (${spread})`;
}

function line(cells: readonly string[]): string {
  const safe = cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '));
  return `| ${safe.join(' | ')} |`;
}

function headlines(sources: readonly Source[]): string {
  const all = sources.map(({ benchmark }) => benchmark);
  const isShort = all.every(({ id }) => SHORT_IDS.includes(id));
  const found = isShort
    ? all.flatMap((item) => highlightOf(item) ?? [])
    : highlights({ benchmarks: all });
  return found.map((item) => `- **${headlineText(item)}**`).join('\n');
}

/** Where the figures come from: one sentence for each run that is used. */
function runs(sources: readonly Source[]): string {
  const results = [...new Set(sources.map(({ result }) => result))];
  return results
    .map((result) => {
      const ids = sources
        .filter((source) => source.result === result)
        .map(({ benchmark }) => benchmark.id);
      const which = results.length > 1 ? `${ids.join(', ')}: measured` : 'Measured';
      const { cpu, cores, virtualized, kernel, node, commit, command } = result.environment;
      const machine = `${cpu}, ${cores} cores${virtualized ? ' (virtual machine)' : ''}`;
      return `${which} ${result.startedAt.slice(0, 10)} on ${machine}; Linux ${kernel}, Node ${node}, commit ${commit ?? 'unknown'}: \`${command}\`.`;
    })
    .join('\n');
}
