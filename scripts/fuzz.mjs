// `npm run fuzz [-- --seconds 30] [target ...]`: runs each libFuzzer target of native/fuzz for a while.
//
// The inputs found so far stay in build/fuzz/corpus/<target> and are the start of the next run; an input that fails
// is written to build/fuzz/artifacts and ends the run.

import { mkdirSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { listFiles } from './lib/files.mjs';
import { build, configure, haveAll } from './lib/native-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { capture, tail } from './lib/run.mjs';

const FOLDER = 'build/fuzz';

const { values, positionals } = parseArgs({
  options: { seconds: { type: 'string', default: '30' } },
  allowPositionals: true,
});

/** Runs one target; true when it found nothing. */
async function fuzz(target, seconds) {
  const corpus = inRoot(FOLDER, 'corpus', target);
  const artifacts = inRoot(FOLDER, 'artifacts');
  mkdirSync(corpus, { recursive: true });
  mkdirSync(artifacts, { recursive: true });
  console.log(`${target}: ${seconds} s`);
  const { code, output } = await capture(inRoot(FOLDER, target), [
    corpus,
    `-max_total_time=${seconds}`,
    `-artifact_prefix=${artifacts}/${target}-`,
    '-print_final_stats=1',
    // Of the wall clock: a machine that does other things as well holds an input up for long.
    '-timeout=60',
    '-rss_limit_mb=1024',
  ]);
  if (code !== 0) {
    console.error(`${tail(output, 60)}\n${target}: FAILED`);
    return false;
  }
  const runs = /number_of_executed_units:\s*(\d+)/.exec(output)?.[1] ?? '?';
  console.log(`${target}: nothing found in ${runs} inputs`);
  return true;
}

async function main() {
  const seconds = Number(values.seconds);
  if (!Number.isInteger(seconds) || seconds < 1) {
    console.error(`--seconds takes a whole number of seconds above 0, not ${values.seconds}`);
    return 1;
  }
  if (!haveAll({ cmake: 'cmake', 'clang++': 'clang libclang-rt-14-dev', make: 'make' })) return 1;
  const known = listFiles('native/fuzz', (name) => name.endsWith('_fuzz.cc')).map((path) =>
    basename(path, '.cc'),
  );
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0 || known.length === 0) {
    console.error(`no such fuzz target: ${unknown.join(', ')}; there are: ${known.join(', ')}`);
    return 1;
  }
  const options = { BURSTWIRE_FUZZ: 'ON', BURSTWIRE_SANITIZE: 'ON' };
  if (!(await configure(FOLDER, options, { CC: 'clang', CXX: 'clang++' }))) return 1;
  if (!(await build(FOLDER))) return 1;
  for (const target of positionals.length > 0 ? positionals : known) {
    if (!(await fuzz(target, seconds))) return 1;
  }
  return 0;
}

process.exitCode = await main();
