/**
 * `npm run test:fuzz [-- --seconds 30] [--seed 1] [--save] [target ...]`: fuzzes each target for a while.
 *
 * Inputs found so far stay in build/fuzz-ts and are the start of the next run; with `--save` those that matter become the
 * corpus in the repository. An input that fails is added to test/fuzz/found, where `npm test` runs it from then on, and
 * ends the run. Started by scripts/test-fuzz.mjs.
 */

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Rng } from '../sim/rng.js';
import { Coverage } from './coverage.js';

// Before anything that is measured is loaded: V8 knows blocks only of what it compiles afterwards.
const coverage = new Coverage();
coverage.start();
const { TARGETS } = await import('./targets.js');
const { fuzz } = await import('./fuzzer.js');
const { inputsPath, lineOf, readInputs } = await import('./target.js');

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_007) },
    save: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

function workingPath(target: string): string {
  return fileURLToPath(new URL(`../../build/fuzz-ts/${target}.txt`, import.meta.url));
}

/** Runs one target; true when it found nothing. */
function fuzzOne(target: (typeof TARGETS)[number], seconds: number, seed: number): boolean {
  console.log(`${target.name}: ${seconds} s, seed ${seed}`);
  const { name } = target;
  const known = [
    ...readInputs(inputsPath('corpus', name)),
    ...readInputs(workingPath(name)),
    ...target.seeds(),
  ];
  const untilMs = performance.now() + seconds * 1000;
  const { runs, kept, failure } = fuzz(target, known, coverage, new Rng(seed), untilMs);
  mkdirSync(dirname(workingPath(name)), { recursive: true });
  writeFileSync(workingPath(name), kept.map(lineOf).join(''));
  if (failure !== undefined) {
    const path = inputsPath('found', name);
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, lineOf(failure.input));
    console.error(failure.error);
    console.error(`${name}: FAILED with ${lineOf(failure.input).trim()}, added to ${path}`);
    return false;
  }
  if (values.save) writeFileSync(inputsPath('corpus', name), kept.map(lineOf).join(''));
  console.log(
    `${name}: nothing found in ${runs} inputs; ${kept.length} reach all that was reached`,
  );
  return true;
}

function main(): number {
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!Number.isInteger(seconds) || seconds < 1 || !Number.isSafeInteger(seed) || seed < 0) {
    console.error('--seconds takes a whole number above 0, --seed one that is not below 0');
    return 1;
  }
  const names = TARGETS.map(({ name }) => name);
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    console.error(`no such fuzz target: ${unknown.join(', ')}; there are: ${names.join(', ')}`);
    return 1;
  }
  const chosen = TARGETS.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  return chosen.every((target) => fuzzOne(target, seconds, seed)) ? 0 : 1;
}

process.exitCode = main();
