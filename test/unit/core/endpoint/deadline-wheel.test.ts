/** Deadlines by slot: against a model that looks at all of them, and each rule by itself. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineWheel } from '../../../../lib/core/endpoint/deadline-wheel.js';

/** All that expire until `nowUs`, in the order in which they come. */
function expired(wheel: DeadlineWheel, nowUs: number): number[] {
  const slots: number[] = [];
  for (let slot = wheel.expire(nowUs); slot >= 0; slot = wheel.expire(nowUs)) slots.push(slot);
  return slots;
}

describe('DeadlineWheel', () => {
  it('has nothing in the beginning', () => {
    const wheel = new DeadlineWheel();
    expect(wheel.nextUs).toBe(Number.POSITIVE_INFINITY);
    expect(wheel.expire(Number.MAX_VALUE)).toBe(-1);
  });

  it('expires a deadline at its time, not before, and once', () => {
    const wheel = new DeadlineWheel();
    wheel.set(3, 1000.5);
    expect(wheel.expire(1000.4)).toBe(-1);
    expect(wheel.expire(1000.5)).toBe(3);
    expect(wheel.expire(1e9)).toBe(-1);
  });

  it('expires in the order of deadlines', () => {
    const wheel = new DeadlineWheel();
    for (const slot of [5, 1, 4, 2, 3]) wheel.set(slot, slot * 100);
    expect(expired(wheel, 400)).toEqual([1, 2, 3, 4]);
    expect(wheel.nextUs).toBe(500);
  });

  it('follows a deadline that moves later', () => {
    const wheel = new DeadlineWheel();
    wheel.set(0, 100);
    wheel.set(1, 200);
    wheel.set(0, 300);
    expect(wheel.nextUs).toBe(200);
    expect(expired(wheel, 250)).toEqual([1]);
    expect(expired(wheel, 300)).toEqual([0]);
  });

  it('follows a deadline that moves earlier, also one that was later in between', () => {
    const wheel = new DeadlineWheel();
    wheel.set(0, 100);
    wheel.set(1, 200);
    wheel.set(1, 50);
    expect(wheel.nextUs).toBe(50);
    wheel.set(1, 500);
    wheel.set(1, 60);
    expect(expired(wheel, 60)).toEqual([1]);
  });

  it('forgets a deadline that is cleared or set to never', () => {
    const wheel = new DeadlineWheel();
    wheel.set(0, 100);
    wheel.set(1, 100);
    wheel.set(2, 300);
    wheel.clear(0);
    wheel.set(1, Number.POSITIVE_INFINITY);
    wheel.clear(9999);
    expect(wheel.nextUs).toBe(300);
    expect(expired(wheel, Number.POSITIVE_INFINITY)).toEqual([2]);
  });

  it('gives a cleared slot to the next connection, with an earlier or a later deadline', () => {
    const wheel = new DeadlineWheel();
    wheel.set(0, 100);
    wheel.set(1, 100);
    wheel.clear(0);
    wheel.clear(1);
    wheel.set(0, 50);
    wheel.set(1, 150);
    expect(expired(wheel, 100)).toEqual([0]);
    expect(expired(wheel, 150)).toEqual([1]);
  });

  it('lets a slot be set again while it expires', () => {
    const wheel = new DeadlineWheel();
    wheel.set(7, 10);
    expect(wheel.expire(10)).toBe(7);
    wheel.set(7, 10);
    expect(wheel.expire(10)).toBe(7);
    wheel.set(7, 20);
    expect(wheel.expire(10)).toBe(-1);
  });

  it('carries 16,384 connections', () => {
    const wheel = new DeadlineWheel();
    for (let slot = 0; slot < 16_384; slot++) wheel.set(slot, (slot * 7919) % 16_384);
    const order = expired(wheel, 16_384);
    expect(order).toHaveLength(16_384);
    expect(order.every((slot, index) => (slot * 7919) % 16_384 === index)).toBe(true);
  });

  it.each([
    [-1, 5],
    [1.5, 5],
    [Number.NaN, 5],
    [2 ** 24, 5],
    [Number.POSITIVE_INFINITY, 5],
    [0, Number.NaN],
  ])('refuses slot %d with deadline %d', (slot, deadlineUs) => {
    const wheel = new DeadlineWheel();
    expect(() => wheel.set(slot, deadlineUs)).toThrow(RangeError);
    expect(wheel.nextUs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('any order of calls', () => {
  const call = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('set' as const),
        slot: fc.nat(150),
        us: fc.oneof(fc.nat(200), fc.constant(Number.POSITIVE_INFINITY)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('clear' as const),
        slot: fc.nat(200),
        us: fc.nat(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('expire' as const),
        slot: fc.nat(),
        us: fc.nat(30),
      }),
    },
  );

  it('gives what a look at all deadlines gives', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 300 }), (calls) => {
        const wheel = new DeadlineWheel();
        const model = new Map<number, number>();
        let nowUs = 0;
        for (const { kind, slot, us } of calls) {
          if (kind === 'set') {
            wheel.set(slot, nowUs + us);
            model.set(slot, nowUs + us);
          } else if (kind === 'clear') {
            wheel.clear(slot);
            model.delete(slot);
          } else {
            nowUs += us;
            const due = [...model].filter(([, deadlineUs]) => deadlineUs <= nowUs);
            const slots = expired(wheel, nowUs);
            const times = slots.map((expiredSlot) => model.get(expiredSlot) ?? Number.NaN);
            expect(slots.toSorted((a, b) => a - b)).toEqual(
              due.map(([dueSlot]) => dueSlot).toSorted((a, b) => a - b),
            );
            expect(times).toEqual(times.toSorted((a, b) => a - b));
            for (const [dueSlot] of due) model.delete(dueSlot);
          }
          const earliest = Math.min(Number.POSITIVE_INFINITY, ...model.values());
          if (kind !== 'set') expect(wheel.nextUs).toBe(earliest);
        }
      }),
      { seed: 20260, numRuns: 300 },
    );
  });
});
