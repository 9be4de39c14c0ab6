/**
 * One case, once: its process is started, waited for, ended when it takes too long, and its last line read.
 *
 * Called by run.ts. Knows nothing of rounds. Invariant: when it returns, the process and what it has started in its
 * process group are gone.
 */

import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Child, Children, Exit, Program } from '../../lib/cli/bench/children.js';
import { type Outcome, parseMeasurement } from './parse-measurement.js';
import { plainCopyOf } from './plain-copy.js';
import type { BenchConfig, Case, MetricName } from './types.js';

const BENCH_FOLDER = fileURLToPath(new URL('../', import.meta.url));
const TYPESCRIPT = new URL('../micro/typescript.mjs', import.meta.url).href;
const DEFAULT_EXTRA_SECONDS = 20;
const SHOWN_CHARACTERS = 300;

/** How long a case may take at most, seconds. */
export function limitSeconds(item: Case, config: BenchConfig): number {
  return config.warmupSeconds + config.seconds + (item.extraSeconds ?? DEFAULT_EXTRA_SECONDS);
}

/** The file that a case runs; scripts are named as seen from bench/ or from the root. */
export function scriptPath(script: string): string {
  if (isAbsolute(script)) return script;
  return `${BENCH_FOLDER}${script.replace(/^bench\//, '')}`;
}

/** @param path the case's script, or a copy that needs no hooks */
function programOf(item: Case, path: string, config: BenchConfig): Program {
  const args = item.args ?? [];
  const env = { ...process.env, ...item.env, BENCH_CONFIG: JSON.stringify(config) };
  if (path.endsWith('.ts')) {
    return { command: process.execPath, args: ['--import', TYPESCRIPT, path, ...args], env };
  }
  if (/\.m?js$/.test(path)) return { command: process.execPath, args: [path, ...args], env };
  return { command: path, args, env };
}

/** @param wrap puts the program under another one, perf */
export async function runCase(
  children: Children,
  item: Case,
  config: BenchConfig,
  primary: MetricName,
  wrap: (program: Program) => Program = (program) => program,
): Promise<Outcome & { readonly hung?: true }> {
  const path = scriptPath(item.script);
  if (!existsSync(path)) return { failure: `there is no ${path}` };
  const limit = limitSeconds(item, config);
  const file = (path.endsWith('.ts') ? await plainCopyOf(path) : undefined) ?? path;
  const child = children.start(wrap(programOf(item, file, config)));
  child.closeInput();
  let hung = false;
  const timer = setTimeout(() => {
    hung = true;
    child.kill();
  }, limit * 1000);
  const stdout = await readAll(child);
  const exit = await child.ended();
  clearTimeout(timer);
  child.kill();
  if (hung) return { failure: `ended by us after ${limit.toFixed(1)} s: it hung`, hung };
  const outcome = parseMeasurement(stdout, primary);
  if (exit.code === 0 || 'told' in outcome) return outcome;
  return { failure: exitText(exit) };
}

async function readAll(child: Child): Promise<string> {
  let last = '';
  for (let line = await child.nextLine(); line !== null; line = await child.nextLine()) {
    if (line.trim() !== '') last = line;
  }
  return last;
}

function exitText(exit: Exit): string {
  const how = exit.signal === null ? `exit code ${exit.code}` : `ended by ${exit.signal}`;
  const lines = exit.stderr.trim().split('\n');
  const said = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return (said === '' ? how : `${how}: ${said}`).slice(0, SHOWN_CHARACTERS);
}
