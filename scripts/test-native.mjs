// `npm run test:native`: the C++ unit tests, plain C++ without Node, under AddressSanitizer and UBSan, run by ctest.
//
// `--summary FILE` also writes { passed, failed } as JSON, read from ctest's own report.
// Arguments behind `--` go to ctest: `npm run test:native -- -- -R trains`.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build, configure, haveAll } from './lib/native-build.mjs';
import { inRoot } from './lib/paths.mjs';
import { passThrough } from './lib/run.mjs';

const FOLDER = 'build/native-test';
const REPORT = inRoot(FOLDER, 'ctest.xml');

const { values, positionals } = parseArgs({
  options: { summary: { type: 'string' } },
  allowPositionals: true,
});

/** Counts from ctest's JUnit report. */
function countResults() {
  const suite = /<testsuite\b[^>]*>/.exec(readFileSync(REPORT, 'utf8'))?.[0] ?? '';
  const count = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const failed = count('failures') + count('errors');
  return { passed: count('tests') - failed - count('skipped') - count('disabled'), failed };
}

async function runTests() {
  if (!haveAll({ cmake: 'cmake', ctest: 'cmake', 'g++': 'g++', make: 'make' })) return 1;
  const options = {
    BURSTWIRE_SANITIZE: 'ON',
    CMAKE_BUILD_TYPE: 'RelWithDebInfo',
    // Half of the time that -O2 takes to compile with sanitizers; the tests themselves run as long.
    CMAKE_CXX_FLAGS_RELWITHDEBINFO: '-O1 -g1',
  };
  if (!(await configure(FOLDER, options)) || !(await build(FOLDER))) return 1;
  const env = {
    ...process.env,
    ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
  };
  const args = [
    ...['--output-on-failure', '--no-tests=error', '--output-junit', REPORT],
    ...['--parallel', '2'],
  ];
  return passThrough('ctest', [...args, ...positionals], { cwd: inRoot(FOLDER), env });
}

const code = await runTests();
process.exitCode = code;
if (values.summary) {
  let summary = { passed: 0, failed: 1 };
  try {
    summary = countResults();
  } catch {
    // No report: the build failed, which is one failure.
  }
  if (code !== 0 && summary.failed === 0) summary.failed = 1;
  writeFileSync(values.summary, JSON.stringify(summary));
}
