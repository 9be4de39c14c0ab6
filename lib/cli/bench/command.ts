/**
 * `burstwire bench`: reads its options, runs the harness, prints the table and writes the files.
 *
 * Called by the command line's dispatcher. Exit codes: 0 measured, 1 nothing could be measured, 2 wrong arguments
 * (by the dispatcher), 130 interrupted. Invariant: when it returns, no child of it is alive.
 */

import { accessSync, constants, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { describeFlags, type FlagTable, parseArguments, UsageError } from '../arguments.js';
import type { Output } from '../live-line.js';
import { buildCeiling } from './ceiling-program.js';
import { Children } from './children.js';
import { readEnvironment, versionLine } from './environment.js';
import { countSteps, runAll } from './harness.js';
import { headline } from './headline.js';
import { renderHtml } from './html-report.js';
import { choosePinning } from './pinning.js';
import { Progress } from './progress.js';
import type { BenchmarkResult } from './result.js';
import { ROWS, type RowInfo, type RunConfig, selectRows, TABLES } from './rows.js';
import { summarize } from './summarize.js';
import { renderText } from './text-report.js';
import { findCallCounter } from './verify-calls.js';

export const BENCH_FLAGS = {
  seconds: {
    kind: 'number',
    default: 0.8,
    min: 0.05,
    max: 600,
    about: 'measured time of each case',
  },
  rounds: {
    kind: 'number',
    default: 3,
    min: 1,
    max: 100,
    integer: true,
    about: 'how often each row is measured; figures are medians',
  },
  size: {
    kind: 'number',
    default: 1400,
    min: 1,
    max: 65_507,
    integer: true,
    about: 'payload bytes of a datagram',
  },
  only: {
    kind: 'list',
    placeholder: 'ROWS',
    about: 'rows or tables to measure, separated by commas (see below)',
  },
  rate: {
    kind: 'number',
    default: 100_000,
    min: 100,
    max: 10_000_000,
    integer: true,
    about: "datagrams/s offered in the table 'receive'",
  },
  trains: {
    kind: 'number',
    default: 4,
    min: 1,
    max: 64,
    integer: true,
    about: 'trains in one call of the sender',
  },
  pin: { kind: 'switch', about: 'bind sender and receiver to two cores (taskset)' },
  'no-verify': {
    kind: 'switch',
    about: 'skip the pass that counts system calls by perf or strace',
  },
  json: { kind: 'text', placeholder: 'FILE', about: 'write the result as JSON' },
  html: { kind: 'text', placeholder: 'FILE', about: 'write the result as one self-contained page' },
} as const satisfies FlagTable;

const WARMUP_SECONDS = 0.3;
const TAIL_SECONDS = 0.1;
const SMALL_SIZE_BYTES = 200;
const DESTINATIONS = 64;
const EXIT_INTERRUPTED = 130;

export const BENCH_SUMMARY = 'measure burstwire against node:dgram and against C++ on this machine';

export function benchHelp(): string {
  const rows = TABLES.map((table) => {
    const ids = ROWS.filter((row) => row.table === table.id).map((row) => row.id);
    return `  ${table.id}: ${ids.join(' ')}`;
  });
  return `usage: burstwire bench [options]

Two processes for each case, real loopback sockets. Progress goes to stderr, the table to stdout.

${describeFlags(BENCH_FLAGS)}

Tables and their rows:
${rows.join('\n')}
`;
}

/** @throws UsageError */
export async function runBench(
  given: readonly string[],
  stdout: Output = process.stdout,
  stderr: Output = process.stderr,
): Promise<number> {
  const flags = parseArguments(BENCH_FLAGS, given);
  const rows = selectRows(flags.only);
  if (typeof rows === 'string') throw new UsageError(`--only: no row or table is named '${rows}'`);
  for (const file of [flags.json, flags.html]) {
    if (file !== undefined) checkWritable(file);
  }
  const children = new Children();
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    void children.endAll();
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const command = ['burstwire bench', ...given].join(' ');
    const result = await measure(rows, flags, command, children, stderr);
    if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(result, null, 2)}\n`);
    if (flags.html !== undefined) writeFileSync(flags.html, renderHtml(result));
    stdout.write(renderText(result));
    for (const file of [flags.json, flags.html]) {
      if (file !== undefined) stderr.write(`wrote ${resolve(file)}\n`);
    }
    return result.rows.some((row) => row.group !== 'ceiling' && row.figures !== null) ? 0 : 1;
  } catch (error) {
    if (!interrupted) throw error;
    stderr.write('\ninterrupted\n');
    return EXIT_INTERRUPTED;
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
    await children.endAll();
  }
}

type Flags = ReturnType<typeof parseArguments<typeof BENCH_FLAGS>>;

async function measure(
  rows: readonly RowInfo[],
  flags: Flags,
  command: string,
  children: Children,
  stderr: Output,
): Promise<BenchmarkResult> {
  const startedAt = new Date();
  const ceiling = await buildCeiling(children);
  const counter = flags['no-verify']
    ? { reason: 'left out by --no-verify' }
    : await findCallCounter(children);
  const pinning = flags.pin ? choosePinning() : null;
  const compiler = 'path' in ceiling ? (versionLine('g++') ?? versionLine('c++')) : null;
  const environment = readEnvironment(command, compiler);
  const config = makeConfig(flags, 'path' in ceiling);
  const tool = 'tool' in counter ? counter.tool : null;
  const progress = new Progress(stderr, countSteps(rows, config.rounds, tool !== null));
  const output = await runAll({
    rows,
    config,
    children,
    ceiling,
    pinning,
    counter: tool,
    progress,
  });
  progress.clear();
  const notes = [...output.notes];
  if (flags.pin && pinning === null) notes.push('--pin: no taskset, or fewer than two cores.');
  const { hasCeiling: _hasCeiling, tail: _tail, ...told } = config;
  const resultConfig = {
    ...told,
    pinned: pinning,
    verifiedBy: tool,
    ...('reason' in counter ? { verifiedByReason: counter.reason } : {}),
  };
  const resultRows = summarize(output.gathered);
  return {
    format: 'burstwire-benchmark',
    version: 1,
    startedAt: startedAt.toISOString(),
    durationSeconds: (Date.now() - startedAt.getTime()) / 1000,
    environment,
    config: resultConfig,
    headline: headline(resultRows, resultConfig),
    tables: TABLES.filter((table) => rows.some((row) => row.table === table.id)),
    rows: resultRows,
    notes,
  };
}

function makeConfig(flags: Flags, hasCeiling: boolean): RunConfig {
  return {
    sizeBytes: flags.size,
    seconds: flags.seconds,
    warmup: Math.min(WARMUP_SECONDS, flags.seconds / 2),
    tail: TAIL_SECONDS,
    rounds: flags.rounds,
    smallSizeBytes: SMALL_SIZE_BYTES,
    destinations: DESTINATIONS,
    offeredRate: flags.rate,
    trains: flags.trains,
    hasCeiling,
  };
}

/** A run takes a minute; that its file cannot be written should be known before it. */
function checkWritable(file: string): void {
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new UsageError(`cannot write '${file}': ${folder} is not a writable folder`);
  }
}
