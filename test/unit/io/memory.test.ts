/**
 * The core's memory, with and without the addon: the same bytes, and nothing at all when a piece does not fit.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatherViews, openMemory } from '../../../lib/io/memory.js';
import { loadBinding } from '../../../lib/native/load.js';

const { binding, reason } = loadBinding();
if (binding === undefined) console.log(`without the addon: ${reason}`);

type Gather = (
  target: Uint8Array,
  source: Uint8Array,
  pieces: Int32Array,
  count: number,
) => unknown;

const ways: { name: string; gather: Gather }[] = [{ name: 'views', gather: gatherViews }];
if (binding !== undefined) {
  // The addon below the number of pieces from which on it is asked.
  ways.push({
    name: 'the addon',
    gather(...args) {
      if (binding.gather(...args) < 0) throw new RangeError('pieces do not fit');
    },
  });
  ways.push({ name: 'a memory with the addon', gather: openMemory(binding).gather });
}

function counting(byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, index) => (index * 7 + 1) & 0xff);
}

function transferAway(array: Uint8Array | Int32Array): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
}

describe('a memory', () => {
  it('allocates arrays of any size', () => {
    const { allocate } = openMemory();
    for (const size of [0, 1, 16_383, 16_384, 131_072, 524_288, 524_289, 1_000_000]) {
      const bytes = allocate(size);
      expect(bytes).toBeInstanceOf(Uint8Array);
      expect(bytes.byteLength).toBe(size);
    }
  });

  it('gives no two arrays the same byte', () => {
    const { allocate } = openMemory();
    const other = openMemory();
    const sizes = [40_000, 16_384, 131_072, 20, 300_000, 524_288, 16_385, 600_000, 100_000];
    const arrays = sizes.flatMap((size) => [allocate(size), other.allocate(size)]);
    arrays.forEach((bytes, index) => {
      bytes.fill(index + 1);
    });
    arrays.forEach((bytes, index) => {
      expect(bytes.every((byte) => byte === index + 1)).toBe(true);
    });
  });

  it('gives a small array memory of its own, so that keeping it keeps nothing else', () => {
    const { allocate } = openMemory();
    for (const size of [1, 1000, 16_383]) expect(allocate(size).buffer.byteLength).toBe(size);
  });

  it('goes on when the memory behind an array was taken away', () => {
    const { allocate } = openMemory();
    const first = allocate(20_000);
    try {
      transferAway(first);
    } catch {
      // Slabs of the addon cannot be transferred.
    }
    const second = allocate(20_000);
    expect(second.fill(7).every((byte) => byte === 7)).toBe(true);
    expect(second.byteLength).toBe(20_000);
  });
});

describe.each(ways)('gather by $name', ({ gather }) => {
  it('puts the pieces one behind the other, in their order', () => {
    const target = new Uint8Array(9).fill(0xee);
    gather(target, counting(20), Int32Array.of(18, 2, 0, 3, 5, 0, 4, 1, 9, 9), 4);
    const source = counting(20);
    expect([...target]).toEqual([
      source[18],
      source[19],
      source[0],
      source[1],
      source[2],
      source[4],
      0xee,
      0xee,
      0xee,
    ]);
  });

  it('copies nothing for no pieces', () => {
    const target = Uint8Array.of(9);
    gather(target, counting(4), Int32Array.of(0, 2), 0);
    gather(target, counting(4), Int32Array.of(4, 0, 0, 0, 2, 0), 3);
    expect(target[0]).toBe(9);
  });

  it('reads views where they lie in their buffer', () => {
    const memory = counting(64);
    const pieces = Int32Array.of(-1, -1, 2, 3, 0, 1, 5, 2).subarray(2);
    const target = new Uint8Array(64).subarray(10, 16);
    gather(target, memory.subarray(20, 30), pieces, 3);
    expect([...target]).toEqual([22, 23, 24, 20, 25, 26].map((at) => memory[at]));
  });

  it.each([
    ['a negative offset', [-1, 1]],
    ['a negative length', [0, -1]],
    ['the most negative numbers', [-(2 ** 31), -(2 ** 31)]],
    ['an offset behind the end', [11, 0]],
    ['a length beyond the end', [9, 2]],
    ['the largest numbers', [2 ** 31 - 1, 2 ** 31 - 1]],
    ['more than the target takes', [0, 10]],
  ])('throws and copies nothing for %s', (_, bad) => {
    const pieces = Int32Array.of(0, 4, ...bad, 4, 4);
    const target = new Uint8Array(12).fill(0xee);
    expect(() => gather(target, counting(10), pieces, 3)).toThrow(RangeError);
    expect(target.every((byte) => byte === 0xee)).toBe(true);
  });

  it('throws for more pieces than there are, and for fewer than none', () => {
    const target = new Uint8Array(12).fill(0xee);
    for (const count of [2, 3, 2 ** 30, 2 ** 31 - 1, -1]) {
      expect(() => gather(target, counting(10), Int32Array.of(0, 1, 2), count)).toThrow(RangeError);
    }
    expect(target.every((byte) => byte === 0xee)).toBe(true);
  });

  it('throws when an array was transferred away', () => {
    for (const gone of [0, 1, 2]) {
      const arrays = [new Uint8Array(12), counting(10), Int32Array.of(0, 1, 1, 1, 2, 1)] as const;
      transferAway(arrays[gone]);
      expect(() => gather(...arrays, 3)).toThrow(RangeError);
    }
  });

  it('does what a loop over bytes would do', () => {
    const source = counting(500);
    const piece = fc.tuple(fc.nat(400), fc.nat(100));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (plan) => {
        const wanted = plan.flatMap(([at, size]) => [...source.subarray(at, at + size)]);
        const target = new Uint8Array(wanted.length);
        gather(target, source, Int32Array.from(plan.flat()), plan.length);
        expect([...target]).toEqual(wanted);
      }),
    );
  });
});
