// `node scripts/ci-report.mjs FOLDER`: the last line of .ci/run, from the reports and exit codes that the steps left
// in FOLDER. Runs nothing. Invariant: a step without a report, or with an exit code that its report does not explain,
// is one failure; so the sum cannot say 0 failed when a step failed.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];

function readJson(name) {
  const path = join(folder, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** Counts of a vitest JSON report: its tests, and each file that failed before it had any. */
function countVitest(report) {
  const brokenFiles = report.testResults.filter(
    (file) =>
      file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length };
}

/** What a step counted, made honest by its exit code. */
function stepResult(name, count) {
  const codePath = join(folder, `${name}.code`);
  const code = existsSync(codePath) ? Number(readFileSync(codePath, 'utf8')) : 1;
  const report = readJson(`${name}.json`);
  // It has said why, and proves nothing.
  if (report?.skipped && code === 0) return { passed: 0, failed: 0 };
  const { passed, failed } = report ? count(report) : { passed: 0, failed: 0 };
  const unexplained = failed === 0 && (code !== 0 || !report || passed === 0);
  return { passed, failed: unexplained ? 1 : failed };
}

const asIs = (report) => report;
const results = [
  stepResult('test', countVitest),
  stepResult('check', asIs),
  stepResult('docs', asIs),
  stepResult('native', asIs),
  stepResult('kernel', asIs),
  stepResult('dgram', asIs),
  stepResult('runtimes', asIs),
];
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
