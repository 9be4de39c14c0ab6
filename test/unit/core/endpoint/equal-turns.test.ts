/**
 * Turns of equal bytes, by slot.
 */

import { describe, expect, it } from 'vitest';
import { EqualTurns } from '../../../../lib/core/endpoint/equal-turns.js';

const TURN = 10_000;

describe('a turn', () => {
  it('is a quarter of a millisecond of the limit, between a few packets and two trains', () => {
    expect(new EqualTurns(40_000_000).turnBytes).toBe(TURN);
    expect(new EqualTurns(1).turnBytes).toBe(4096);
    expect(new EqualTurns(1e12).turnBytes).toBe(128 << 10);
  });

  it('goes on where it was cut short', () => {
    const turns = new EqualTurns(4000 * TURN);
    expect(turns.begin(3)).toBe(TURN);
    expect(turns.spend(3, 4000, true)).toBe(true);
    expect(turns.begin(3)).toBe(TURN - 4000);
    expect(turns.spend(3, 6000, true)).toBe(false);
    expect(turns.begin(3)).toBe(TURN);
  });

  it('pays for what the one before has sent too much', () => {
    const turns = new EqualTurns(4000 * TURN);
    turns.begin(0);
    expect(turns.spend(0, 3.5 * TURN, true)).toBe(false);
    expect([turns.begin(0), turns.begin(0), turns.begin(0)]).toEqual([0, 0, TURN / 2]);
  });

  it('is not saved up by who wants no more, and a debt is not forgotten', () => {
    const turns = new EqualTurns(4000 * TURN);
    turns.begin(0);
    expect(turns.spend(0, 1, false)).toBe(false);
    expect(turns.begin(0)).toBe(TURN);
    turns.spend(0, 1.5 * TURN, false);
    expect(turns.begin(0)).toBe(TURN / 2);
  });

  it('owes nothing for the connection that had the slot before', () => {
    const turns = new EqualTurns(4000 * TURN);
    turns.begin(9999);
    turns.spend(9999, 2 * TURN, true);
    turns.forget(9999);
    expect(turns.begin(9999)).toBe(TURN);
  });
});
