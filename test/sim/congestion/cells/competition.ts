/**
 * Several flows on one bottleneck: of one controller, of two, over ways of different length.
 *
 * Invariant: what is measured begins when all have been there for half a minute.
 */

import type { CongestionName } from '../../../../lib/core/congestion/controller.js';
import { ALL, bulk, type Cell, jain, MAIN, share } from '../cell.js';

const PATH = { roundTripMs: 40, warmSeconds: 30, seconds: 30 };

function equals(): Cell[] {
  const least = (name: CongestionName): number =>
    name === 'cubic' || name === 'newreno' ? 0.95 : 0.9;
  const flows = (count: number, name: CongestionName) => Array<CongestionName>(count).fill(name);
  const few = ALL.flatMap((name) =>
    [2, 4].map((count) =>
      bulk(
        'fairness',
        `${count} x ${name}, 20 Mbit/s, 40 ms`,
        { ...PATH, megabits: 20, queue: 1, flows: flows(count, name), staggerMs: 5000 },
        jain(least(name)),
      ),
    ),
  );
  const many = ALL.map((name) =>
    bulk(
      'fairness',
      `16 x ${name}, 50 Mbit/s, 40 ms`,
      {
        ...PATH,
        megabits: 50,
        queue: 1,
        flows: flows(16, name),
        staggerMs: 1000,
        warmSeconds: 46,
      },
      jain(least(name)),
    ),
  );
  return [...few, ...many];
}

/** The first has the longer way. */
function lengths(): Cell[] {
  return MAIN.map((name) =>
    bulk(
      'round trips',
      `${name}, 100 ms beside 10 ms, 20 Mbit/s`,
      {
        megabits: 20,
        roundTripMs: 100,
        queue: 1,
        flows: [name, name],
        roundTripsMs: [100, 10],
        warmSeconds: 30,
        seconds: 30,
      },
      name === 'bbr' ? share(0.2, 0.8) : share(0.1, 0.9),
    ),
  );
}

function pairs(): Cell[] {
  const pair = (
    one: CongestionName,
    other: CongestionName,
    queue: number,
    [least, most]: readonly [number, number],
  ): Cell =>
    bulk(
      'coexistence',
      `${one} beside ${other}, queue ${queue}`,
      { ...PATH, megabits: 10, queue, flows: [one, other] },
      share(least, most),
      one === 'ledbat' && queue === 8,
    );
  return [
    ...[0.5, 1, 2, 8].map((queue) => pair('bbr', 'cubic', queue, [0.25, 0.8])),
    pair('cubic', 'newreno', 1, [0.4, 0.6]),
    ...[2, 8].map((queue) => pair('ledbat', 'cubic', queue, [0, 0.15])),
  ];
}

export const COMPETITION: readonly Cell[] = [...equals(), ...lengths(), ...pairs()];
