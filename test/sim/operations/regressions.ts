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

export const OPERATION_REGRESSIONS: readonly OperationRegression[] = [
  {
    was: 'the only packet with a reset token and the close were lost: the idle timeout took more steps than the test gave it',
    given: {
      seed: 0,
      congestion: 'cubic',
      maxStreams: 1,
      initialStreamData: 1024,
      maxDatagramSize: 1200,
      operations: [
        { kind: 'close', side: 0, isGraceful: false },
        { kind: 'drive', side: 0 },
        { kind: 'dropInbound', side: 1, count: 1 },
      ],
    },
  },
];
