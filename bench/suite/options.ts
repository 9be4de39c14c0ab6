/**
 * The command line of `npm run bench`: what it takes, what was given, and the help text.
 *
 * Called by main.ts. Starts nothing. Invariant: options that come out of here can be acted upon: files can be written,
 * the result to compare with has been read, every benchmark exists.
 */

import { accessSync, constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  describeFlags,
  type FlagTable,
  parseArguments,
  UsageError,
} from '../../lib/cli/arguments.js';
import { selectBenchmarks } from './catalogue.js';
import type { Wishes } from './plan.js';
import { readResult } from './read-result.js';
import type { SuiteResult } from './result.js';
import type { Benchmark } from './types.js';

const FLAGS = {
  only: { kind: 'list', placeholder: 'IDS', about: 'benchmarks or groups, separated by commas' },
  seconds: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 604_800,
    about: 'measured time of a case in a round; 0: what each benchmark has',
  },
  rounds: {
    kind: 'number',
    default: 0,
    min: 0,
    max: 1000,
    integer: true,
    about: 'how often each case is measured; 0: what each benchmark has',
  },
  quick: { kind: 'switch', about: 'one short round, lines by their ends only: whether it runs' },
  json: { kind: 'text', placeholder: 'FILE', about: 'write the result as JSON' },
  html: { kind: 'text', placeholder: 'FILE', about: 'write the result as one self-contained page' },
  compare: { kind: 'text', placeholder: 'OLD.json', about: 'say what became slower or faster' },
  tolerance: {
    kind: 'number',
    default: 10,
    min: 0,
    max: 1000,
    about: 'percent that a median may move before --compare minds',
  },
  list: { kind: 'switch', about: 'list benchmarks and cases, run nothing' },
  help: { kind: 'switch', about: 'this text' },
} as const satisfies FlagTable;

export interface Options {
  readonly action: 'run' | 'list' | 'help';
  readonly benchmarks: readonly Benchmark[];
  readonly only: readonly string[];
  readonly wishes: Wishes;
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly old: SuiteResult | undefined;
  readonly tolerancePercent: number;
}

/** @throws UsageError with one line */
export function readOptions(given: readonly string[], all: readonly Benchmark[]): Options {
  const flags = parseArguments(FLAGS, given);
  const benchmarks = selectBenchmarks(all, flags.only);
  if (typeof benchmarks === 'string') throw new UsageError(unknownName(benchmarks, all));
  for (const file of [flags.json, flags.html]) {
    if (file !== undefined) checkWritable(file);
  }
  return {
    action: flags.help ? 'help' : flags.list ? 'list' : 'run',
    benchmarks,
    only: flags.only.length > 0 ? benchmarks.map(({ id }) => id) : [],
    wishes: {
      quick: flags.quick,
      ...(flags.seconds > 0 ? { seconds: flags.seconds } : {}),
      ...(flags.rounds > 0 ? { rounds: flags.rounds } : {}),
    },
    json: flags.json,
    html: flags.html,
    old: flags.compare === undefined ? undefined : readOld(flags.compare),
    tolerancePercent: flags.tolerance,
  };
}

export function helpText(all: readonly Benchmark[]): string {
  const groups = [...new Set(all.map(({ group }) => group))].map((group) => {
    const ids = all.filter((item) => item.group === group).map(({ id }) => id);
    return `  ${group}: ${ids.join(' ')}`;
  });
  return `usage: npm run bench -- [options]

Each case is a process of its own. Progress goes to stderr, the tables to stdout.

${describeFlags(FLAGS)}

Exit code: 0; 1 when a case of ours failed or, with --compare, became slower; 2 for wrong arguments.

Groups and their benchmarks:
${groups.join('\n')}
`;
}

function unknownName(name: string, all: readonly Benchmark[]): string {
  return `--only: no benchmark or group is called '${name}'; there are ${all.map(({ id }) => id).join(' ')}`;
}

function readOld(file: string): SuiteResult {
  const old = readResult(file);
  if ('problem' in old) throw new UsageError(`--compare: ${old.problem}`);
  return old;
}

/** A run takes minutes; that its file cannot be written should be known before it. */
function checkWritable(file: string): void {
  const folder = dirname(resolve(file));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new UsageError(`cannot write '${file}': ${folder} is not a writable folder`);
  }
}
