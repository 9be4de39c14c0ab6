/**
 * Values of an arbitrary of fast-check that are the same in each run: what targets begin with.
 */

import fc from 'fast-check';

export function sampled<T>(arbitrary: fc.Arbitrary<T>, numRuns: number): readonly T[] {
  return fc.sample(arbitrary, { numRuns, seed: 1 });
}
