/**
 * The replay window, against a Set that forgets nothing.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPLAY_WINDOW, STATUS_REPLAYED, STATUS_TOO_OLD } from '../../../lib/batch/layout.js';
import { ReplayWindow } from '../../../lib/crypto/replay-window.js';

/** What the window should say, by brute force. */
class Model {
  readonly #seen = new Set<number>();
  #largest = -1;

  accept(number: number): number {
    if (this.#largest - number > REPLAY_WINDOW) return STATUS_TOO_OLD;
    if (this.#seen.has(number)) return STATUS_REPLAYED;
    this.#seen.add(number);
    this.#largest = Math.max(this.#largest, number);
    return 0;
  }
}

/** Steps from the largest so far: mostly near, some at the edges of the window, some far beyond it. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: -REPLAY_WINDOW - 40, max: -REPLAY_WINDOW + 40 }) },
  { weight: 2, arbitrary: fc.integer({ min: -REPLAY_WINDOW, max: REPLAY_WINDOW }) },
  { weight: 1, arbitrary: fc.integer({ min: REPLAY_WINDOW - 40, max: 3 * REPLAY_WINDOW }) },
);

describe('ReplayWindow', () => {
  it('agrees with a Set over 100,000 numbers', () => {
    let numbers = 0;
    const runs = fc.array(step, { minLength: 1000, maxLength: 1000 });
    const start = fc.oneof(
      fc.constant(0),
      fc.maxSafeNat().map((n) => Math.floor(n / 2)),
    );
    fc.assert(
      fc.property(start, runs, (first, steps) => {
        const window = new ReplayWindow();
        const model = new Model();
        let largest = first;
        for (const delta of steps) {
          const number = Math.max(0, largest + delta);
          expect(window.accept(number)).toBe(model.accept(number));
          largest = Math.max(largest, number);
          numbers++;
        }
        return window.largest <= largest;
      }),
      { numRuns: 100 },
    );
    expect(numbers).toBe(1e5);
  });

  it('takes each number of a long run once, in order and then again in reverse', () => {
    const window = new ReplayWindow();
    const count = 3 * REPLAY_WINDOW;
    for (let number = 0; number < count; number++) expect(window.accept(number)).toBe(0);
    for (let number = count - 1; number >= 0; number--) {
      const old = count - 1 - number > REPLAY_WINDOW;
      expect(window.accept(number)).toBe(old ? STATUS_TOO_OLD : STATUS_REPLAYED);
    }
  });

  it('reaches exactly REPLAY_WINDOW numbers back', () => {
    for (const largest of [REPLAY_WINDOW, REPLAY_WINDOW + 1, REPLAY_WINDOW + 31, 2 ** 53 - 1]) {
      const window = new ReplayWindow();
      expect(window.accept(largest)).toBe(0);
      expect(window.accept(largest - REPLAY_WINDOW)).toBe(0);
      expect(window.accept(largest - REPLAY_WINDOW)).toBe(STATUS_REPLAYED);
      if (largest > REPLAY_WINDOW) {
        expect(window.accept(largest - REPLAY_WINDOW - 1)).toBe(STATUS_TOO_OLD);
      }
    }
  });

  it('forgets nothing when it jumps by multiples of its ring', () => {
    const ring = REPLAY_WINDOW + 32;
    for (const jump of [ring - 1, ring, ring + 1, 2 * ring, 1000 * ring]) {
      const window = new ReplayWindow();
      for (let number = 0; number < 64; number++) window.accept(number);
      expect(window.accept(63 + jump)).toBe(0);
      expect(window.accept(62 + jump)).toBe(0);
      expect(window.accept(63 + jump)).toBe(STATUS_REPLAYED);
      expect(window.accept(63 + jump - REPLAY_WINDOW)).toBe(
        jump < REPLAY_WINDOW ? STATUS_REPLAYED : 0,
      );
    }
  });

  it('is not moved by a number that it refuses', () => {
    const window = new ReplayWindow();
    window.accept(20_000);
    expect(window.accept(1)).toBe(STATUS_TOO_OLD);
    expect(window.accept(20_000)).toBe(STATUS_REPLAYED);
    expect(window.largest).toBe(20_000);
    expect(window.accept(19_999)).toBe(0);
  });
});
