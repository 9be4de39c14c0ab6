/** The table of connection ids: against a Map, and with ids that meet in one place. */

import { describe, expect, it } from 'vitest';
import { ConnectionIndex } from '../../../../lib/core/endpoint/connection-index.js';
import { seededRandom } from '../../../support/test-primitives.js';

const SEED = 0x1234_5678;

function randomIds(count: number, seed: number): Uint8Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const id = new Uint8Array(8);
    random.fill(id);
    return id;
  });
}

const key = (id: Uint8Array): string => Buffer.from(id).toString('hex');

describe('ConnectionIndex', () => {
  it('finds an id in the middle of a slab', () => {
    const index = new ConnectionIndex(SEED);
    const id = Uint8Array.of(1, 2, 3, 4, 250, 251, 252, 253);
    index.add(id, 42);
    const slab = new Uint8Array(100);
    slab.set(id, 37);
    expect(index.find(slab, 37)).toBe(42);
    expect(index.find(slab, 36)).toBe(-1);
  });

  it('copies the id', () => {
    const index = new ConnectionIndex(SEED);
    const id = new Uint8Array(8).fill(9);
    index.add(id, 1);
    id.fill(0);
    expect(index.find(new Uint8Array(8).fill(9), 0)).toBe(1);
    expect(index.find(id, 0)).toBe(-1);
  });

  it('tells ids apart that differ in one bit', () => {
    const index = new ConnectionIndex(SEED);
    const [id] = randomIds(1, 5);
    index.add(id, 0);
    for (let bit = 0; bit < 64; bit++) {
      const other = id.slice();
      other[bit >> 3] ^= 1 << (bit & 7);
      expect(index.find(other, 0)).toBe(-1);
    }
  });

  it('takes the id of zeros and the slot 0 like any other', () => {
    const index = new ConnectionIndex(SEED);
    const zeros = new Uint8Array(8);
    expect(index.find(zeros, 0)).toBe(-1);
    index.add(zeros, 0);
    expect(index.find(zeros, 0)).toBe(0);
    expect(index.remove(zeros)).toBe(true);
    expect(index.find(zeros, 0)).toBe(-1);
  });

  it('leads an id that is added again to its new slot', () => {
    const index = new ConnectionIndex(SEED);
    const [id] = randomIds(1, 6);
    index.add(id, 1);
    index.add(id, 2);
    expect(index.find(id, 0)).toBe(2);
    expect(index.size).toBe(1);
    expect(index.remove(id)).toBe(true);
    expect(index.find(id, 0)).toBe(-1);
  });

  it('says whether there was something to remove', () => {
    const index = new ConnectionIndex(SEED);
    const [id, other] = randomIds(2, 7);
    index.add(id, 1);
    expect(index.remove(other)).toBe(false);
    expect(index.remove(id)).toBe(true);
    expect(index.remove(id)).toBe(false);
    expect(index.size).toBe(0);
  });

  it('carries eight ids for each of 16,384 connections', () => {
    const index = new ConnectionIndex(SEED);
    const ids = randomIds(131_072, 8);
    ids.forEach((id, at) => {
      index.add(id, at >> 3);
    });
    expect(index.size).toBe(ids.length);
    expect(ids.every((id, at) => index.find(id, 0) === at >> 3)).toBe(true);
    expect(randomIds(10_000, 9).every((id) => index.find(id, 0) === -1)).toBe(true);
  });

  it.each([0, 1, 0xffff_ffff])('agrees with a Map in any order of calls, seed %d', (seed) => {
    const index = new ConnectionIndex(seed);
    const model = new Map<string, number>();
    const ids = randomIds(600, 10);
    const dice = new Uint8Array(4);
    const random = seededRandom(seed);
    for (let step = 0; step < 6000; step++) {
      random.fill(dice);
      const id = ids[((dice[0] << 8) | dice[1]) % ids.length];
      // Grows in the first half, shrinks in the second.
      if (dice[2] < (step < 3000 ? 160 : 96)) {
        index.add(id, step);
        model.set(key(id), step);
      } else {
        expect(index.remove(id)).toBe(model.delete(key(id)));
      }
      const asked = ids[dice[3]];
      expect(index.find(asked, 0)).toBe(model.get(key(asked)) ?? -1);
    }
    expect(index.size).toBe(model.size);
    for (const id of ids) expect(index.find(id, 0)).toBe(model.get(key(id)) ?? -1);
  });

  it('closes every gap in a cluster that goes over the end of the table', () => {
    // 32 ids are the most that the first table of 64 places holds: of 200 seeds, many give such a cluster.
    for (let round = 0; round < 200; round++) {
      const index = new ConnectionIndex(round);
      const ids = randomIds(32, 1000 + round);
      ids.forEach((id, at) => {
        index.add(id, at);
      });
      for (let removed = 0; removed < ids.length; removed++) {
        const at = (removed * 13 + round) % ids.length;
        expect(index.remove(ids[at])).toBe(true);
        for (let later = removed + 1; later < ids.length; later++) {
          const left = (later * 13 + round) % ids.length;
          if (index.find(ids[left], 0) !== left) expect.fail(`round ${round}: ${left} is lost`);
        }
      }
    }
  });

  it.each([0, 7, 9])('refuses an id of %d bytes', (length) => {
    const index = new ConnectionIndex(SEED);
    expect(() => index.add(new Uint8Array(length), 1)).toThrow(RangeError);
    expect(() => index.remove(new Uint8Array(length))).toThrow(RangeError);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 31 - 1])('refuses slot %d', (slot) => {
    const index = new ConnectionIndex(SEED);
    expect(() => index.add(new Uint8Array(8), slot)).toThrow(RangeError);
    expect(index.size).toBe(0);
  });
});
