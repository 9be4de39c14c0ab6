/**
 * The command line of the laboratory: runs scenarios, prints a line for each, and writes them as JSON if asked to.
 *
 * Called by run.mjs. Invariant: exit code 0 only if every transfer that ended had the bytes that were sent.
 */

import { parseArgs } from 'node:util';
import { obstacle } from './emulator.js';
import { describeLine, writeResult } from './result.js';
import { hasCongestion, type LabResult, SCENARIOS } from './scenarios.js';

const USAGE = `usage: node bench/netlab/run.mjs [--only ${Object.keys(SCENARIOS).join(',')}] [--json FILE]`;

interface Wanted {
  readonly names: readonly string[];
  readonly json: string | undefined;
}

/** Returns the exit code: 2 for wrong arguments, 1 for a failure. */
export async function main(args: readonly string[]): Promise<number> {
  const wanted = readArguments(args);
  if (wanted === undefined) {
    console.error(USAGE);
    return 2;
  }
  const reason = obstacle();
  if (reason !== undefined) {
    console.log(`skipped: netlab: ${reason}`);
    return 0;
  }
  const results: LabResult[] = [];
  for (const name of wanted.names) {
    const result = await runOne(name);
    if (result !== undefined) results.push(result);
  }
  if (wanted.json !== undefined) writeResult(wanted.json, results);
  return results.every((result) => result.isEqual !== false) ? 0 : 1;
}

async function runOne(name: string): Promise<LabResult | undefined> {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) return undefined;
  const { needs } = scenario;
  if (needs !== undefined && !hasCongestion(needs)) {
    console.log(`skipped: ${name}: the kernel has no TCP ${needs}: modprobe tcp_${needs}`);
    return undefined;
  }
  const result = await scenario.run();
  console.log(describeLine(result));
  return result;
}

function readArguments(args: readonly string[]): Wanted | undefined {
  try {
    const options = { only: { type: 'string' }, json: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const names = values.only?.split(',') ?? Object.keys(SCENARIOS);
    if (names.some((name) => !Object.hasOwn(SCENARIOS, name))) return undefined;
    return { names, json: values.json };
  } catch {
    return undefined;
  }
}
