/**
 * RangeSet: each way in which ranges meet, and random histories against a Set of numbers.
 */

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RangeSet } from '../../../lib/core/range-set.js';

type Range = readonly [number, number];

/** `10-20 30-40`, the ends excluded. */
function textOf(set: RangeSet): string {
  const ranges = Array.from(
    { length: set.count },
    (_, at) => `${set.startOf(at)}-${set.endOf(at)}`,
  );
  return ranges.join(' ');
}

function setOf(...ranges: readonly Range[]): RangeSet {
  const set = new RangeSet();
  for (const [start, end] of ranges) set.add(start, end);
  return set;
}

describe('add', () => {
  it.each<[string, Range, string, number]>([
    ['before all', [0, 5], '0-5 10-20 30-40 50-60', 5],
    ['touching the first', [0, 10], '0-20 30-40 50-60', 10],
    ['between two', [22, 25], '10-20 22-25 30-40 50-60', 3],
    ['touching the one before', [20, 25], '10-25 30-40 50-60', 5],
    ['touching the one behind', [25, 30], '10-20 25-40 50-60', 5],
    ['closing a hole exactly', [20, 30], '10-40 50-60', 10],
    ['over a hole and both sides', [15, 35], '10-40 50-60', 10],
    ['within a range', [32, 38], '10-20 30-40 50-60', 0],
    ['a whole range', [30, 40], '10-20 30-40 50-60', 0],
    ['around a range', [28, 42], '10-20 28-42 50-60', 4],
    ['over everything', [0, 100], '0-100', 70],
    ['extending the last', [60, 61], '10-20 30-40 50-61', 1],
    ['overlapping the last', [55, 70], '10-20 30-40 50-70', 10],
    ['behind all', [62, 63], '10-20 30-40 50-60 62-63', 1],
    ['nothing', [45, 45], '10-20 30-40 50-60', 0],
  ])('%s', (_what, [start, end], expected, added) => {
    const set = setOf([10, 20], [30, 40], [50, 60]);
    expect(set.add(start, end)).toBe(added);
    expect(textOf(set)).toBe(expected);
    expect(set.covered).toBe(30 + added);
  });
});

describe('remove', () => {
  it.each<[string, Range, string, number]>([
    ['what is not there', [20, 30], '10-20 30-40 50-60', 0],
    ['from the front', [0, 15], '15-20 30-40 50-60', 5],
    ['the first', [10, 20], '30-40 50-60', 10],
    ['the first and a part', [0, 35], '35-40 50-60', 15],
    ['a hole', [32, 35], '10-20 30-32 35-40 50-60', 3],
    ['a tail', [35, 45], '10-20 30-35 50-60', 5],
    ['a tail, a whole one and a front', [15, 55], '10-15 55-60', 20],
    ['the middle one', [30, 40], '10-20 50-60', 10],
    ['the last', [50, 70], '10-20 30-40', 10],
    ['everything', [0, 100], '', 30],
    ['nothing', [35, 35], '10-20 30-40 50-60', 0],
  ])('%s', (_what, [start, end], expected, removed) => {
    const set = setOf([10, 20], [30, 40], [50, 60]);
    expect(set.remove(start, end)).toBe(removed);
    expect(textOf(set)).toBe(expected);
    expect(set.covered).toBe(30 - removed);
  });
});

it.each<Range>([
  [-1, 5],
  [6, 5],
  [0, 2 ** 53 + 2],
  [Number.NaN, 5],
  [0, Number.NaN],
])('add and remove throw for [%d, %d) and change nothing', (start, end) => {
  const set = setOf([0, 10]);
  expect(() => set.add(start, end)).toThrow(RangeError);
  expect(() => set.remove(start, end)).toThrow(RangeError);
  expect(textOf(set)).toBe('0-10');
});

it('goes up to 2^53 without losing one', () => {
  const set = setOf([2 ** 53 - 1, 2 ** 53]);
  expect(set.add(2 ** 53 - 3, 2 ** 53 - 2)).toBe(1);
  expect([set.count, set.covered, set.contains(2 ** 53 - 2)]).toEqual([2, 2, false]);
  expect(set.add(0, 2 ** 53)).toBe(2 ** 53 - 2);
});

it('firstAtOrAfter is the range that contains a value, else the next, else count', () => {
  const set = setOf([10, 20], [30, 40], [50, 60]);
  expect([0, 10, 19, 20, 30, 39, 40, 59, 60].map((value) => set.firstAtOrAfter(value))).toEqual([
    0, 0, 0, 1, 1, 1, 2, 2, 3,
  ]);
  expect(new RangeSet().firstAtOrAfter(0)).toBe(0);
});

it('clear empties it, and it can be filled again', () => {
  const set = setOf([10, 20], [30, 40]);
  set.clear();
  expect([set.count, set.covered, set.contains(10)]).toEqual([0, 0, false]);
  expect(set.add(5, 15)).toBe(10);
  expect(textOf(set)).toBe('5-15');
});

it('a window that moves for ever allocates nothing once it has its size', () => {
  const set = new RangeSet();
  const move = (from: number, to: number): void => {
    for (let start = from; start < to; start += 3) {
      set.add(start, start + 2);
      if (start >= 30) set.remove(start - 30, start - 27);
    }
  };
  move(0, 300);
  let allocated = 0;
  vi.stubGlobal(
    'Float64Array',
    class extends Float64Array {
      constructor(length: number) {
        super(length);
        allocated++;
      }
    },
  );
  move(300, 30_000);
  expect([allocated, set.count, set.startOf(0)]).toEqual([0, 10, 29_970]);
  // The counter counts: twice as many ranges need more room.
  for (let start = 30_000; start < 30_090; start += 3) set.add(start, start + 2);
  expect(allocated).toBeGreaterThan(0);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('any history', () => {
  const SPAN = 120;
  const operation = fc.record({
    isAdd: fc.boolean(),
    start: fc.nat({ max: SPAN - 1 }),
    length: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 30 })),
  });

  function textOfModel(model: ReadonlySet<number>): string {
    const ranges: [number, number][] = [];
    for (const value of [...model].sort((left, right) => left - right)) {
      if (ranges.at(-1)?.[1] === value) ranges[ranges.length - 1][1]++;
      else ranges.push([value, value + 1]);
    }
    return ranges.map(([start, end]) => `${start}-${end}`).join(' ');
  }

  it('leaves what it leaves in a Set of numbers', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 150, size: 'max' }), (operations) => {
        const set = new RangeSet();
        const model = new Set<number>();
        for (const { isAdd, start, length } of operations) {
          const before = model.size;
          for (let value = start; value < start + length; value++) {
            if (isAdd) model.add(value);
            else model.delete(value);
          }
          const changed = isAdd
            ? set.add(start, start + length)
            : set.remove(start, start + length);
          expect(changed).toBe(Math.abs(model.size - before));
          expect(set.covered).toBe(model.size);
          expect(set.contains(start)).toBe(model.has(start));
        }
        expect(textOf(set)).toBe(textOfModel(model));
      }),
      { numRuns: Number(process.env.BURSTWIRE_PROPERTY_RUNS ?? 300) },
    );
  });
});
