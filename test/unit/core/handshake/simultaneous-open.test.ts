/**
 * Simultaneous open, model-checked: two peers connect to each other while the network loses, repeats and overtakes.
 *
 * Every order of steps is walked through: both connects, timers, each packet delivered at any later moment, twice, or
 * never; up to so many timers on each side and so many repetitions, and then wholly. In every state the network becomes
 * perfect, once with what is still under way and once without it; both sides must end with exactly one connection, the
 * same one, and never have seen two. BURSTWIRE_MODEL=long raises the bounds: minutes.
 */

import { describe, expect, it } from 'vitest';
import { type Scenario, World } from '../../../support/handshake-model.js';

/** Timers on each side, repetitions in all: each pair is walked through to its end. */
const BOUNDS =
  process.env.BURSTWIRE_MODEL === 'long'
    ? ([
        [1, 1],
        [2, 0],
      ] as const)
    : ([
        [1, 0],
        [0, 1],
      ] as const);

function rebuild(scenario: Scenario, steps: readonly string[]): World {
  const world = new World(scenario);
  for (const step of steps) world.step(step);
  return world;
}

function verdict(world: World, keepFlight: boolean): string {
  try {
    world.complete(keepFlight);
    const [left, right] = world.sides.map((side) => side.visible.map(({ hash }) => hash));
    if (!world.isSettled()) return 'not settled';
    if (left.length !== 1 || right.length !== 1) return `${left.length} and ${right.length}`;
    return left[0] === right[0] ? 'one' : 'different ones';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Breadth first: the first failure is the shortest. Returns how many states there are. */
function explore(scenario: Scenario, timers: number, repeats: number): number {
  const seen = new Set<string>();
  let layer: (readonly string[])[] = [[]];
  while (layer.length > 0) {
    const next: (readonly string[])[] = [];
    for (const steps of layer) {
      const world = rebuild(scenario, steps);
      const key = world.key();
      if (seen.has(key)) continue;
      seen.add(key);
      for (const choice of world.choices(timers, repeats)) next.push([...steps, choice]);
      for (const keepFlight of [true, false]) {
        // Completing a world uses it up.
        const result = verdict(keepFlight ? world : rebuild(scenario, steps), keepFlight);
        if (result !== 'one') {
          throw new Error(`${result}: ${steps.join(' ')} (kept: ${keepFlight})`);
        }
      }
    }
    layer = next;
  }
  return seen.size;
}

const scenarios: readonly (readonly [string, Scenario])[] = [
  ['IK and IK, the first has the smaller key', { keys: [1, 2], known: [true, true] }],
  ['IK and IK, the first has the larger key', { keys: [2, 1], known: [true, true] }],
  ['IK and IK, equal keys', { keys: [1, 1], known: [true, true], allowOwnKey: true }],
  ['XX and XX', { keys: [1, 2], known: [false, false] }],
  ['IK with the smaller key and XX', { keys: [1, 2], known: [true, false] }],
  ['IK with the larger key and XX', { keys: [2, 1], known: [true, false] }],
];

describe('exactly one connection', () => {
  it.each(scenarios)(
    '%s',
    (_, scenario) => {
      for (const [timers, repeats] of BOUNDS) {
        expect(explore(scenario, timers, repeats)).toBeGreaterThan(200);
      }
    },
    1_800_000,
  );
});
