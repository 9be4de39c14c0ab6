/**
 * Two results side by side: what became slower or faster beyond the noise. Pure.
 *
 * Called by main.ts for --compare. A change counts when the intervals of the two medians do not overlap and the median
 * has moved by more than the tolerance; both, because either alone cries wolf. Invariant: only what is ours can be a
 * regression; a peer that became slower is told and blames nobody.
 */

import { significant } from '../../lib/cli/bench/format.js';
import { withUnit } from './metrics.js';
import type { BenchmarkResult, CaseResult, Estimate, SuiteResult } from './result.js';

export interface Change {
  readonly id: string;
  readonly name: string;
  readonly isOurs: boolean;
  readonly verdict: 'slower' | 'faster' | 'same';
  /** Percent by which the primary metric has moved; above 0 is better. */
  readonly percent: number;
  readonly text: string;
}

export interface Comparison {
  readonly changes: readonly Change[];
  /** `E1 node:tls`, with figures in one of the two only. */
  readonly onlyOld: readonly string[];
  readonly onlyNew: readonly string[];
  /** Benchmarks of the old result that were not run now. */
  readonly notRun: readonly string[];
  readonly warnings: readonly string[];
}

export function compare(old: SuiteResult, now: SuiteResult, tolerancePercent: number): Comparison {
  const changes: Change[] = [];
  const onlyOld: string[] = [];
  const onlyNew: string[] = [];
  for (const benchmark of now.benchmarks) {
    const before = old.benchmarks.find(({ id }) => id === benchmark.id);
    const isSame = before?.primary === benchmark.primary && before.better === benchmark.better;
    const oldCases = new Map(isSame ? withFigures(before) : []);
    for (const [name, item] of withFigures(benchmark)) {
      const past = oldCases.get(name);
      oldCases.delete(name);
      if (past === undefined) onlyNew.push(`${benchmark.id} ${name}`);
      else changes.push(changeOf(benchmark, past, item, tolerancePercent));
    }
    onlyOld.push(...[...oldCases.keys()].map((name) => `${benchmark.id} ${name}`));
  }
  const ran = new Set(now.benchmarks.map(({ id }) => id));
  const notRun = old.benchmarks.map(({ id }) => id).filter((id) => !ran.has(id));
  return { changes, onlyOld, onlyNew, notRun, warnings: differences(old, now) };
}

export function hasRegression({ changes }: Comparison): boolean {
  return changes.some(({ isOurs, verdict }) => isOurs && verdict === 'slower');
}

function withFigures(benchmark: BenchmarkResult): [string, CaseResult][] {
  return benchmark.cases
    .filter((item) => item.estimates[benchmark.primary] !== undefined)
    .map((item) => [item.name, item]);
}

function changeOf(
  { id, primary, better }: BenchmarkResult,
  past: CaseResult,
  item: CaseResult,
  tolerancePercent: number,
): Change {
  const [before, after] = [past.estimates[primary]!, item.estimates[primary]!];
  const gain = better === 'more' ? after.median / before.median : before.median / after.median;
  const percent = Number.isFinite(gain) ? (gain - 1) * 100 : 0;
  // A loss of a tenth is a tenth of what there was, whichever way the metric counts.
  const moved = Math.abs(after.median / before.median - 1) * 100;
  const isBeyond = !overlap(before, after) && moved > tolerancePercent;
  const verdict = !isBeyond ? 'same' : percent < 0 ? 'slower' : 'faster';
  const isOurs = item.role === 'ours' || item.role === 'after';
  const show = (value: number) => withUnit(primary, value);
  const text = `${show(before.median)} -> ${show(after.median)}`;
  return { id, name: item.name, isOurs, verdict, percent, text };
}

function overlap(one: Estimate, other: Estimate): boolean {
  return one.low <= other.high && other.low <= one.high;
}

function differences(old: SuiteResult, now: SuiteResult): string[] {
  const facts = ['cpu', 'cores', 'kernel', 'node'] as const;
  const changed = facts.filter((fact) => old.environment[fact] !== now.environment[fact]);
  return changed.map((fact) => `${fact} was ${old.environment[fact]}, is ${now.environment[fact]}`);
}

export function renderComparison(found: Comparison, tolerancePercent: number): string {
  const of = (verdict: Change['verdict']) => found.changes.filter((c) => c.verdict === verdict);
  const lines = (verdict: Change['verdict']) =>
    of(verdict).map(({ id, name, isOurs, percent, text }) => {
      const whose = isOurs ? '' : ' (not ours)';
      return `  ${verdict}  ${id} ${name}${whose}: ${text}, ${significant(Math.abs(percent))} %`;
    });
  const list = (head: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`  ${head}: ${names.join(', ')}`];
  return [
    `Compared with before: ${of('slower').length} slower, ${of('faster').length} faster, ${of('same').length} the same within the noise and ${tolerancePercent} %`,
    ...found.warnings.map((warning) => `  beware: ${warning}`),
    ...lines('slower'),
    ...lines('faster'),
    ...list('only before', found.onlyOld),
    ...list('only now', found.onlyNew),
    ...list('not run now', found.notRun),
    '',
  ].join('\n');
}
