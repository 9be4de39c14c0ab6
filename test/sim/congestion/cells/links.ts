/**
 * Clean links of many rates, lengths and queues.
 *
 * Invariant: a queue below four datagrams is four datagrams long, so short paths have several cells alike.
 */

import type { CongestionName } from '../../../../lib/core/congestion/controller.js';
import {
  ALL,
  both,
  bulk,
  type Cell,
  type Gate,
  goodput,
  lostLater,
  MAIN,
  queue,
  use,
} from '../cell.js';

const LARGE_DATAGRAM_BYTES = 8952;

/** LEDBAT++ claims 85 % where its target fits. */
const clean = (name: CongestionName): Gate => use(name === 'ledbat' ? 0.85 : 0.9);

function cell(name: CongestionName, megabits: number, roundTripMs: number, products: number): Cell {
  return bulk(
    'clean link',
    `${name}, ${megabits} Mbit/s, ${roundTripMs} ms, queue ${products}`,
    {
      megabits,
      roundTripMs,
      queue: products,
      flows: [name],
      // Slowdowns come every hundred round trips: less time would count one or none.
      ...(name === 'ledbat' && { seconds: 8 + (200 * roundTripMs) / 1000 }),
    },
    clean(name),
    megabits === 10 && roundTripMs === 100 && products === 1,
  );
}

/** By a queue of half a product they are left with half a window at times. */
const needsQueue = (name: CongestionName): boolean => name === 'newreno' || name === 'ledbat';

function grid(): Cell[] {
  const cells: Cell[] = [];
  for (const megabits of [1, 10, 50]) {
    for (const roundTripMs of [10, 100, 300]) {
      for (const products of [0.5, 1, 4]) {
        for (const name of ALL) {
          if (products >= 1 || !needsQueue(name))
            cells.push(cell(name, megabits, roundTripMs, products));
        }
      }
    }
  }
  for (const megabits of [1, 10, 50]) {
    for (const roundTripMs of [1, 30, 600]) {
      cells.push(...MAIN.map((name) => cell(name, megabits, roundTripMs, 1)));
    }
  }
  return cells;
}

/** A tenth of a product: CUBIC claims what is left after a reduction and some time to grow. */
function shallow(): Cell[] {
  return [10, 50].flatMap((megabits) =>
    [100, 300].flatMap((roundTripMs) =>
      MAIN.map((name) =>
        bulk(
          'shallow queue',
          `${name}, ${megabits} Mbit/s, ${roundTripMs} ms, queue 0.1`,
          { megabits, roundTripMs, queue: 0.1, flows: [name], seconds: 30 },
          use(name === 'bbr' ? 0.9 : 0.7),
          false,
        ),
      ),
    ),
  );
}

function fast(): Cell[] {
  return [10, 100].flatMap((roundTripMs) =>
    MAIN.map((name) =>
      bulk(
        'gigabit',
        `${name}, 1000 Mbit/s, ${roundTripMs} ms, queue 1`,
        {
          megabits: 1000,
          roundTripMs,
          queue: 1,
          flows: [name],
          datagramBytes: LARGE_DATAGRAM_BYTES,
        },
        use(0.9),
      ),
    ),
  );
}

/** Less than the smallest window of two or four datagrams fits in. */
function small(): Cell[] {
  return MAIN.map((name) =>
    bulk(
      'small product',
      `${name}, 64 kbit/s, 500 ms`,
      { megabits: 0.064, roundTripMs: 500, queue: 1, flows: [name], seconds: 60 },
      goodput(0.8),
      true,
    ),
  );
}

function long(): Cell[] {
  const path = { megabits: 10, roundTripMs: 40, queue: 10, seconds: 20 };
  const name = '10 Mbit/s, 40 ms, queue 10';
  const policer = (congestion: CongestionName, kilobytes: number): Cell =>
    bulk(
      'policer',
      `${congestion}, 10 Mbit/s, 40 ms, burst ${kilobytes} KB`,
      {
        megabits: 10,
        roundTripMs: 40,
        queue: 1,
        flows: [congestion],
        policerBytes: 1000 * kilobytes,
        warmSeconds: 10,
        seconds: 20,
      },
      // BBR claims few losses in the long run; CUBIC, that it does not collapse.
      congestion === 'bbr' ? both(goodput(0.5), lostLater(0.03)) : goodput(0.5),
    );
  return [
    bulk('bufferbloat', `bbr, ${name}`, { ...path, flows: ['bbr'] }, queue(1.25), true),
    // 60 ms are one and a half products here, and slow start goes a quarter beyond.
    bulk('bufferbloat', `ledbat, ${name}`, { ...path, flows: ['ledbat'] }, queue(2), true),
    ...MAIN.flatMap((congestion) =>
      [16, 100, 1000].map((kilobytes) => policer(congestion, kilobytes)),
    ),
  ];
}

export const LINKS: readonly Cell[] = [...long(), ...small(), ...grid(), ...shallow(), ...fast()];
