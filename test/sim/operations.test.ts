/**
 * Random operations on two endpoints: whatever applications and network do, in whatever order, everything comes to rest,
 * nothing is lost, doubled or out of order, and both sides count what happened.
 *
 * Unlike the random scenarios (random.test.ts), nothing is a plan that leads somewhere: each step is one call, and
 * fast-check makes the steps of a failure few. BURSTWIRE_CASES=20000 runs more, BURSTWIRE_CASES_SEED=2 runs others; what
 * failed is printed as a case for operations/regressions.ts.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Duet } from './operations/duet.js';
import { anyCase } from './operations/operation.js';
import { OPERATION_REGRESSIONS } from './operations/regressions.js';
import { PATIENCE } from './patience.js';

const numRuns = Number(process.env.BURSTWIRE_CASES ?? 300);
const seed = Number(process.env.BURSTWIRE_CASES_SEED ?? 1);

/** Many more cases than usual may take as much longer. */
const timeout = PATIENCE.timeout + 200 * numRuns;

describe('random operations', { timeout }, () => {
  it('come to rest, and lose, double and swap nothing', () => {
    fc.assert(
      fc.property(anyCase, (given) => new Duet(given).run()),
      { numRuns, seed },
    );
  });

  it.each(OPERATION_REGRESSIONS)('that failed once do not fail again: $was', ({ given }) => {
    const duet = new Duet(given);
    duet.run();
    expect(duet.players.every(({ isClosed }) => isClosed)).toBe(true);
  });
});
