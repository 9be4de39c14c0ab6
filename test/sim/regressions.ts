/**
 * Seeds of random scenarios that failed once, each with what was wrong. They run in every test.
 *
 * A seed means the scenario that `randomScenario` makes of it today: when that changes, a seed may lose its point. What
 * was mended has a test of its own besides.
 *
 * Invariant: a seed that was found is written down here before it is mended.
 */

export interface Regression {
  readonly seed: number;
  /** What happened, and why. */
  readonly was: string;
}

export const REGRESSIONS: readonly Regression[] = [
  { seed: 4, was: 'a stream that was reset while it waited to send had no chunk to send from' },
  { seed: 70, was: 'the end of a connection was told that the application had never heard of' },
  {
    seed: 679,
    was: 'what lay behind the first byte of a stream was forgotten when that came alone',
  },
];
