// `npm run test:runtimes [-- NAME...]`: burstwire on other runtimes than the one at hand. A part of the tests on each Node,
// a smoke of examples and command line on all of them. Names: as in docs/runtimes.md, e.g. "Node 24", Bun.
//
// `--full`: all tests instead of that part; `--brief`: some of it; `--others`: no tests on the Node at hand, which `npm test`
// has run them on; `--smoke`: no tests at all. `--summary FILE` also writes { passed, failed } as JSON; `--install-only` leaves out
// everything but the installation. Runtimes that cannot be installed are one line and no failure. Invariant: what did not
// run is never counted as passed.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inRoot, tools } from './lib/paths.mjs';
import { capture, pool, tail } from './lib/run.mjs';
import { findRuntimes, RUNTIMES } from './lib/runtimes.mjs';
import { setup } from './lib/setup.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    summary: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
    others: { type: 'boolean', default: false },
    'install-only': { type: 'boolean', default: false },
  },
});

/**
 * What another V8, libuv or OpenSSL could break: the addon and its ends (lifecycle, faults), Buffers, streams and events
 * (API, transport, dgram), workers (shards), both engines on real sockets (conformance), ciphers and what they make
 * (crypto, vectors), numbers (random scenarios). Without those that only compute, and those that measure.
 */
const PART = [
  ...['api', 'io', 'native'].map((folder) => `test/unit/${folder}/`),
  ...files('test/unit/crypto', 'native-primitives native-protection primitives protection-damage'),
  ...files('test/faults', 'receiving sending trains'),
  ...files('test/lifecycle', 'native'),
  ...files('test/sim', 'random'),
  ...files('test/vectors', 'answers wire wire-0.1'),
  ...files('test/dgram', 'batching engines misuse'),
  ...files('test/conformance', 'bind close delivery kernel-errors receiving trains'),
  ...files('test/transport', 'closing connect datagrams duplex messages migration shards'),
  ...files('test/transport', 'shared-slab streams'),
];
/** Of each kind the files that say most for their time: for whoever has tested much else already, as CI has. */
const BRIEF = [
  ...files('test/unit/api', 'stream transport'),
  ...files('test/unit/crypto', 'native-primitives native-protection'),
  ...files('test/vectors', 'answers'),
  ...files('test/dgram', 'engines'),
  ...files('test/conformance', 'trains'),
  ...files('test/transport', 'duplex messages shards streams'),
];
/** A file at a time, since the Nodes run side by side: most of the tests wait, each of them for its own socket. */
const PART_ARGUMENTS = ['--no-file-parallelism', '--testTimeout=60000'];
const PART_ENVIRONMENT = { BURSTWIRE_SIM_SEEDS: '20' };
const PART_LIMIT_MS = 400_000;
const FULL_LIMIT_MS = 3_600_000;
const SMOKE_LIMIT_MS = 60_000;
const SIDE_BY_SIDE = 3;

/** Each: arguments, and what stdout must be. Lines may come in any order: they are datagrams. */
const SMOKE = [
  ['echo', ['examples/echo.mjs'], lines('echo: one', 'echo: three', 'echo: two')],
  ['secure-echo', ['examples/secure-echo.mjs'], lines('echo: one', 'echo: three', 'echo: two')],
  ['telemetry', ['examples/telemetry.mjs'], (out) => out.match(/^alarm: /gm)?.length === 4],
  ['doctor', ['dist/cli/main.js', 'doctor', '--json'], (out) => isContent(JSON.parse(out))],
];

function files(folder, names) {
  return names.split(' ').map((name) => `${folder}/${name}.test.ts`);
}

function isContent({ usable, checks }) {
  return usable === true && checks.find(({ name }) => name === 'engine').state !== 'missing';
}

function lines(...expected) {
  return (out) => out.trim().split('\n').sort().join('\n') === expected.join('\n');
}

async function smoke(runtime) {
  const failures = [];
  let engine = '?';
  let crypto = '?';
  for (const [name, args, holds] of SMOKE) {
    const { code, output } = await capture(runtime.command, [...runtime.args, ...args], {
      timeout: SMOKE_LIMIT_MS,
    });
    let isRight = false;
    try {
      isRight = code === 0 && holds(output);
    } catch {
      // Doctor's JSON was none.
    }
    if (!isRight) failures.push(`${name} (code ${code}): ${tail(output, 5)}`);
    if (name !== 'doctor' || !isRight) continue;
    const report = JSON.parse(output);
    engine = report.engine;
    crypto = report.crypto.engine;
  }
  return { passed: SMOKE.length - failures.length, failures, engine, crypto };
}

async function suite(runtime) {
  mkdirSync(inRoot('build/runtimes'), { recursive: true });
  const file = inRoot(`build/runtimes/${runtime.alias}.json`);
  writeFileSync(file, '{}');
  const which = values.full ? [] : [...PART_ARGUMENTS, ...(values.brief ? BRIEF : PART)];
  const args = [tools.vitest, 'run', '--reporter=json', `--outputFile=${file}`, ...which];
  const { code, output } = await capture(runtime.command, args, {
    env: { ...process.env, ...(values.full ? {} : PART_ENVIRONMENT) },
    timeout: values.full ? FULL_LIMIT_MS : PART_LIMIT_MS,
  });
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const bad = (report.testResults ?? []).flatMap((one) => [
    ...one.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${test.fullName}: ${test.failureMessages[0]?.split('\n')[0]}`),
    ...(one.status === 'failed' && one.assertionResults.length === 0 ? [one.message] : []),
  ]);
  if (code !== 0 && bad.length === 0) bad.push(`the tests ended with ${code}: ${tail(output, 5)}`);
  const passed = report.numPassedTests ?? 0;
  if (passed === 0 && bad.length === 0) bad.push('no test ran');
  return { passed, failures: bad };
}

async function versionOf(runtime) {
  const { output } = await capture(runtime.command, ['--version']);
  return /\d+\.\d+\.\d+/.exec(output)?.[0] ?? '?';
}

if (!values['install-only']) await setup();
const wanted = RUNTIMES.filter(
  (one) => positionals.length === 0 || positionals.some((name) => one.name.startsWith(name)),
);
const { found, reason } = await findRuntimes(wanted);
if (reason !== undefined) {
  const absent = wanted.filter((one) => !found.some(({ name }) => name === one.name));
  console.log(`left out ${absent.map(({ name }) => name).join(', ')}: ${reason}`);
}
if (values['install-only']) process.exit(0);
/** One runtime, whole; prints nothing. */
async function tryRuntime(runtime) {
  const version = await versionOf(runtime);
  const tried = await smoke(runtime);
  const isLeftOut = values.smoke || (values.others && runtime.command === process.execPath);
  const hasSuite = runtime.suite && !isLeftOut;
  const tested = hasSuite ? await suite(runtime) : { passed: 0, failures: [] };
  return { version, tried, tested, hasSuite };
}

let passed = 0;
let failed = 0;
const width = values.full ? 1 : SIDE_BY_SIDE;
const results = await pool(found, width, tryRuntime);
for (const [index, { version, tried, tested, hasSuite }] of results.entries()) {
  const failures = [...tried.failures, ...tested.failures];
  passed += tried.passed + tested.passed;
  failed += failures.length;
  const tests = hasSuite ? `${tested.passed} tests, ` : '';
  console.log(
    `${found[index].name} (${version}): ${tests}smoke ${tried.passed} of ${SMOKE.length}; ` +
      `${tried.engine} engine, ${tried.crypto} crypto`,
  );
  for (const failure of failures) console.log(`  FAILED ${failure}`);
}
if (values.summary) writeFileSync(values.summary, JSON.stringify({ passed, failed }));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
