/**
 * The suite's command: reads the options, runs the benchmarks, prints the tables and writes the files.
 *
 * Called by bench/run.mjs and the tests. Exit codes: 0; 1 when a case of ours failed or became slower than in the
 * result compared with; 2 for wrong arguments; 130 interrupted. Invariant: when it returns, no child of it is alive.
 */

import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { UsageError } from '../../lib/cli/arguments.js';
import { Children } from '../../lib/cli/bench/children.js';
import { readEnvironment, versionLine } from '../../lib/cli/bench/environment.js';
import { Progress } from '../../lib/cli/bench/progress.js';
import type { Output } from '../../lib/cli/live-line.js';
import { compare, hasRegression, renderComparison } from './compare.js';
import { type Counter, findCounter } from './counting.js';
import { renderHtml } from './html-page.js';
import { listText } from './list.js';
import { helpText, type Options, readOptions } from './options.js';
import { ASSUMED_OVERHEAD_SECONDS, countRuns, estimateSeconds, planAll } from './plan.js';
import { type BenchmarkResult, FORMAT, type SuiteResult, VERSION } from './result.js';
import { runBenchmark } from './run.js';
import { renderText } from './text-report.js';
import { TimeLeft, timeText } from './time-left.js';
import type { Benchmark, Role } from './types.js';

const EXIT_INTERRUPTED = 130;
const MUST_WORK: readonly Role[] = ['ours', 'before', 'after'];

export async function main(
  given: readonly string[],
  all: readonly Benchmark[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  try {
    const options = readOptions(given, all);
    if (options.action === 'run') return await runGuarded(options, given, stdout, stderr);
    stdout.write(options.action === 'help' ? helpText(all) : listText(options.benchmarks));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr.write(`bench: ${error.message}\n`);
    return 2;
  }
}

/** Ends the children, by their ids, however the run ends. */
async function runGuarded(
  options: Options,
  given: readonly string[],
  stdout: Output,
  stderr: Output,
): Promise<number> {
  const children = new Children();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    void children.endAll();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const command = ['npm run bench --', ...given].join(' ');
    const result = await measure(options, command, children, stderr);
    if (!interrupted) return tell(options, result, stdout, stderr);
  } catch (error) {
    // Where the next case would have been started.
    if (!interrupted) throw error;
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
    await children.endAll();
  }
  stderr.write('\ninterrupted\n');
  return EXIT_INTERRUPTED;
}

async function measure(
  options: Options,
  command: string,
  children: Children,
  stderr: Output,
): Promise<SuiteResult> {
  const startedAt = new Date();
  const environment = readEnvironment(command, versionLine('g++'));
  const plans = planAll(options.benchmarks, options.wishes);
  const counter: Counter = plans.some((plan) => plan.isCounted)
    ? await findCounter(children)
    : { events: [], reason: 'nothing that was run is counted' };
  const sum = (of: (plan: (typeof plans)[number]) => number) =>
    plans.reduce((total, plan) => total + of(plan), 0);
  const runs = sum(countRuns);
  const timeLeft = new TimeLeft(
    runs,
    sum((plan) => estimateSeconds(plan, 0)),
  );
  const estimate = sum((plan) => estimateSeconds(plan, ASSUMED_OVERHEAD_SECONDS));
  const cases = sum((plan) => plan.cases.length);
  stderr.write(`cases: ${cases}, processes: ${runs}, time: about ${timeText(estimate)}\n`);
  const progress = new Progress(stderr, runs);
  const benchmarks: BenchmarkResult[] = [];
  for (const plan of plans) {
    benchmarks.push(await runBenchmark({ children, progress, timeLeft, counter }, plan));
  }
  progress.clear();
  const { wishes, only } = options;
  return {
    format: FORMAT,
    version: VERSION,
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    environment,
    config: {
      only,
      quick: wishes.quick,
      seconds: wishes.seconds ?? null,
      rounds: wishes.rounds ?? null,
      counted: counter.events,
      ...(counter.reason === undefined ? {} : { countedReason: counter.reason }),
    },
    benchmarks,
  };
}

/** Writes everything and says how it went. */
function tell(options: Options, result: SuiteResult, stdout: Output, stderr: Output): number {
  const { json, html, old, tolerancePercent } = options;
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(result)}\n`);
  if (html !== undefined) writeFileSync(html, renderHtml(result));
  stdout.write(renderText(result));
  for (const file of [json, html]) {
    if (file !== undefined) stderr.write(`wrote ${resolve(file)}\n`);
  }
  let failed = hasFailed(result);
  if (old !== undefined) {
    const comparison = compare(old, result, tolerancePercent);
    stdout.write(`\n${renderComparison(comparison, tolerancePercent)}`);
    failed ||= hasRegression(comparison);
  }
  return failed ? 1 : 0;
}

/** A peer that fails is a row that says so; what is ours has to work. */
export function hasFailed(result: SuiteResult): boolean {
  return result.benchmarks.some(({ cases }) =>
    cases.some((item) => MUST_WORK.includes(item.role) && item.failures.length > 0),
  );
}
