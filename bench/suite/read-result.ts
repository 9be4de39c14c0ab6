/**
 * Reads a result file of the suite, or says in one line why it is none.
 *
 * Called by main.ts for --compare and by docs.mjs. Invariant: what it returns has the parts that reports and
 * comparisons look at.
 */

import { readFileSync } from 'node:fs';
import { FORMAT, type SuiteResult, VERSION } from './result.js';

export function readResult(file: string): SuiteResult | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const what = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
    return { problem: `cannot read '${file}': ${what}` };
  }
  return isResult(value)
    ? value
    : {
        problem: `'${file}' is no result of 'npm run bench -- --json' (${FORMAT}, version ${VERSION})`,
      };
}

function isResult(value: unknown): value is SuiteResult {
  if (typeof value !== 'object' || value === null) return false;
  const { format, version, benchmarks, environment } = value as Partial<SuiteResult>;
  return (
    format === FORMAT &&
    version === VERSION &&
    typeof environment === 'object' &&
    environment !== null &&
    Array.isArray(benchmarks) &&
    benchmarks.every(isBenchmark)
  );
}

function isBenchmark(value: unknown): boolean {
  const { id, primary, cases } = (value ?? {}) as Partial<SuiteResult['benchmarks'][number]>;
  if (typeof id !== 'string' || typeof primary !== 'string' || !Array.isArray(cases)) return false;
  return cases.every(
    (item) =>
      typeof item?.name === 'string' &&
      typeof item.estimates === 'object' &&
      item.estimates !== null,
  );
}
