/** Budget: full at first, a burst at most, debts that are paid by time, and a clock that goes back. */

import { expect, it } from 'vitest';
import { Budget } from '../../../lib/core/budget.js';

it('is full at first and never above its burst', () => {
  const budget = new Budget(8, 2, 1_000_000);
  expect(budget.credit).toBe(8);
  budget.refill(60_000_000);
  expect(budget.credit).toBe(8);
});

it('earns by time, and pays debts with it', () => {
  const budget = new Budget(8, 2, 0);
  budget.credit -= 11;
  budget.refill(1_000_000);
  expect(budget.credit).toBe(-1);
  budget.refill(2_250_000);
  expect(budget.credit).toBe(1.5);
});

it('earns nothing twice when the clock goes back', () => {
  const budget = new Budget(8, 2, 0);
  budget.credit = 0;
  budget.refill(1_000_000);
  budget.refill(500_000);
  budget.refill(1_000_000);
  expect(budget.credit).toBe(2);
});
