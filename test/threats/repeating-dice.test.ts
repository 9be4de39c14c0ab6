/**
 * T99: ids that collide. Dice that repeat themselves, or stand still, and ids that were made to meet in one place of a table.
 *
 * Invariant of the code under test: an id leads to one connection; who cannot get an id of its own ends, alone.
 */

import { describe, expect, it } from 'vitest';
import { hashOfId } from '../../lib/core/endpoint/connection-index.js';
import { INTERNAL_ERROR } from '../../lib/core/error-codes.js';
import type { Random } from '../../lib/core/ports.js';
import { Rng } from '../sim/rng.js';
import { FaultWorld } from '../support/fault-world.js';

const BYTES = 20_000;
const ID_BYTES = 8;

/** Dice that give each id so many times; Infinity: for ever the same. */
class RepeatingDice implements Random {
  times = 1;
  readonly #good = new Rng(5).asRandom();
  readonly #last = new Uint8Array(ID_BYTES);
  #given = 0;

  fill(bytes: Uint8Array): void {
    if (bytes.length !== ID_BYTES) {
      this.#good.fill(bytes);
      return;
    }
    if (this.#given % this.times === 0) this.#good.fill(this.#last);
    this.#given++;
    bytes.set(this.#last);
  }
}

/** Connects a client and lets it transfer. */
function transfer(world: FaultWorld): number {
  const place = world.add(BYTES);
  world.step(10);
  world.begin(place);
  return place;
}

describe('dice that repeat themselves', () => {
  it.each([2, 5, 16])('%i times give each id to one connection', (times) => {
    const dice = new RepeatingDice();
    dice.times = times;
    const world = new FaultWorld(dice);
    const places = [transfer(world), transfer(world), transfer(world), transfer(world)];
    world.step(60);
    expect(places.map((place) => world.isWhole(place))).toEqual([true, true, true, true]);
    expect(world.server.endpoint.counts.droppedForged).toBe(0);
    expect(world.faults).toEqual([]);
    world.end();
    expect(world.server.endpoint.connectionCount).toBe(0);
  });

  it('for ever end the connection that gets no id, and no other one', () => {
    const dice = new RepeatingDice();
    const world = new FaultWorld(dice);
    const early = transfer(world);
    dice.times = Number.POSITIVE_INFINITY;
    world.add(BYTES);
    world.add(BYTES);
    world.step(60);
    expect(world.isWhole(early)).toBe(true);
    expect(world.server.endpoint.counts.faults).toBeGreaterThan(0);
    expect(world.ends.every((end) => end?.code === INTERNAL_ERROR)).toBe(true);
    dice.times = 1;
    const late = transfer(world);
    world.step(60);
    expect(world.isWhole(late)).toBe(true);
    world.end();
    expect(world.server.endpoint.connectionCount).toBe(0);
    expect(world.objections).toEqual([]);
  });
});

describe('ids that meet in one place without a seed', () => {
  /** The ids whose hash under the seed 0 is 0: for each first word there is one. */
  const ids = Array.from({ length: 20_000 }, (_, low) => {
    const mixed = Math.imul(low, 0x9e37_79b1);
    return [low, mixed ^ (mixed >>> 15)] as const;
  });
  /** Places of a table that is half full. */
  const mask = 0xffff;
  const placesUnder = (seed: number): number =>
    new Set(ids.map(([low, high]) => hashOfId(low, high, seed) & mask)).size;

  it('lie as far apart under a seed as ids of chance do', () => {
    expect(placesUnder(0)).toBe(1);
    const rng = new Rng(9);
    // Of 20,000 at random, 65,536 * (1 - (1 - 1/65,536) ** 20,000) = 17,236 places are expected.
    for (let round = 0; round < 50; round++) {
      expect(placesUnder(rng.next() | 0)).toBeGreaterThan(17_000);
    }
  });
});
