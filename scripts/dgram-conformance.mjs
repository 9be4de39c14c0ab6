// `npm run test:dgram`: Node's own tests of dgram, with `burstwire/dgram` in its place, on both engines.
//
//     node scripts/dgram-conformance.mjs [--source FOLDER] [--engine native|dgram] [--only NAME] [--write] [--summary FILE]
//
// FOLDER is a source tree of Node; without it, Debian's source package is fetched into ~/.cache/burstwire, and where that is
// out of reach nothing is run, and said so. `--write` writes docs/dgram-conformance.md. What cannot pass is listed with its
// reason in test/foreign/dgram-expected.mjs; a file that fails and is not listed is a failure, and so is one that is listed
// and passes.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { expectedFailures, unreachable } from '../test/foreign/dgram-expected.mjs';
import { conformanceDocument } from './lib/dgram-document.mjs';
import { NODE_VERSION, nodeSource } from './lib/node-source.mjs';
import { inRoot } from './lib/paths.mjs';
import { capture, pool, tail } from './lib/run.mjs';

const LIMIT_SECONDS = 90;
/** Folder of Node's tests, which of its files, and how many at a time. */
const SETS = [
  ['parallel', /dgram|udp/, 2],
  ['async-hooks', /^test-.*(dgram|udp)/, 2],
  ['sequential', /dgram/, 1],
  ['internet', /dgram/, 1],
];

function filesOf(source, only) {
  return SETS.flatMap(([folder, pattern, width]) =>
    readdirSync(join(source, 'test', folder))
      .filter((name) => pattern.test(name) && /\.m?js$/.test(name) && name.includes(only))
      .map((name) => ({ folder, name, width })),
  );
}

/** What a test wants to be started with: its `// Flags:` line. */
function flagsOf(path) {
  const line = /^\/\/ Flags:(.*)$/m.exec(readFileSync(path, 'utf8'));
  return line ? line[1].trim().split(/\s+/) : [];
}

async function runFile(source, engine, { folder, name }) {
  const path = join(source, 'test', folder, name);
  const env = {
    ...process.env,
    BURSTWIRE_DGRAM: inRoot('dist/dgram.js'),
    BURSTWIRE_ENGINE: engine,
    NODE_OPTIONS: `--require ${inRoot('test/foreign/dgram-hook.cjs')}`,
    // The test frame of Node looks for globals that leaked; ours are its own business.
    NODE_TEST_KNOWN_GLOBALS: '0',
  };
  const args = ['--kill-after=5', String(LIMIT_SECONDS), process.execPath, ...flagsOf(path), path];
  const { code, output } = await capture('timeout', args, { env, cwd: join(source, 'test') });
  const skipped = code === 0 && /^1\.\.0 # Skipped:/m.test(output);
  return { file: `${folder}/${name}`, passed: code === 0, skipped, code, output };
}

async function runEngine(source, engine, only) {
  const files = filesOf(source, only);
  const results = [];
  for (const width of [2, 1]) {
    const some = files.filter((file) => file.width === width);
    results.push(...(await pool(some, width, (file) => runFile(source, engine, file))));
  }
  // Some have limits of their own that a busy machine breaks: what should have passed is tried again, alone.
  for (const [index, { file, passed }] of results.entries()) {
    if (passed || expectedFailures(engine, file) !== undefined) continue;
    const [folder, name] = file.split('/');
    results[index] = await runFile(source, engine, { folder, name });
  }
  return results;
}

/** Compares with what is expected; prints what differs. */
function judge(engine, results) {
  const wrong = results.filter((result) => {
    if (unreachable(result.file) !== undefined) return false;
    const expected = expectedFailures(engine, result.file);
    return result.passed === (expected !== undefined);
  });
  for (const { file, passed, code, output } of wrong) {
    const what = passed ? 'passes, but is listed as one that cannot' : `failed with ${code}`;
    console.log(`\n${engine}: ${file} ${what}`);
    if (!passed) console.log(tail(output, 15));
  }
  const passed = results.filter((result) => result.passed).length;
  const skipped = results.filter((result) => result.skipped).length;
  const skips = skipped > 0 ? ` (${skipped} of them skipped themselves)` : '';
  console.log(`${engine}: ${passed} of ${results.length} files pass${skips}`);
  return { passed: results.length - wrong.length, failed: wrong.length };
}

const { values } = parseArgs({
  options: {
    source: { type: 'string' },
    engine: { type: 'string' },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    summary: { type: 'string' },
  },
});

const { folder, reason } = values.source ? { folder: values.source } : await nodeSource();
const summary = { passed: 0, failed: 0 };
if (folder === undefined) {
  console.log(`dgram conformance: skipped: ${reason}`);
  // Said, counted as nothing: a machine without the source has proved nothing and broken nothing.
  summary.skipped = reason;
} else {
  const engines = values.engine ? [values.engine] : ['native', 'dgram'];
  const all = {};
  for (const engine of engines) {
    all[engine] = await runEngine(folder, engine, values.only);
    const { passed, failed } = judge(engine, all[engine]);
    summary.passed += passed;
    summary.failed += failed;
  }
  if (values.write) {
    writeFileSync(inRoot('docs/dgram-conformance.md'), conformanceDocument(NODE_VERSION, all));
  }
}
if (values.summary) writeFileSync(values.summary, JSON.stringify(summary));
process.exitCode = summary.failed > 0 ? 1 : 0;
