/**
 * Cases of random operations that failed once, each with what was wrong. They run in every test.
 *
 * What was mended has a test of its own besides. Invariant: a case that was found is written down here before it is
 * mended, as fast-check has made it small.
 */

import type { OperationCase } from './operation.js';

export interface OperationRegression {
  /** What happened, and why. */
  readonly was: string;
  readonly given: OperationCase;
}

export const OPERATION_REGRESSIONS: readonly OperationRegression[] = [];
