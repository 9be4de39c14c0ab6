/**
 * Paths whose rate changes, and hosts that stand still.
 *
 * Invariant: what is measured begins ten round trips after the last change.
 */

import type { CongestionName } from '../../../../lib/core/congestion/controller.js';
import { bulk, type Cell, type Gate, goodput, MAIN, use } from '../cell.js';
import type { Path } from '../measure.js';

/** Goodput on the same path without stalls is 0.98: 85 % of it. */
const OF_CLEAN = 0.83;

function step(
  name: CongestionName,
  title: string,
  steps: NonNullable<Path['steps']>,
  gate: Gate,
): Cell {
  const isDown = steps.length === 1 && steps[0].megabits < 20;
  const path = { megabits: 20, roundTripMs: 40, queue: 1, flows: [name], steps, seconds: 10 };
  return bulk('rate step', `${name}, 40 ms, ${title}`, path, gate, isDown);
}

/**
 * A rise of ten; the queue stays as it was, a tenth of a product. BBR claims to find it by its probes. A window that grows by
 * CUBIC's curve is at 14 datagrams when it begins and needs seven seconds to 69: a mean of 0.53 of the ten seconds.
 */
function rise(name: CongestionName): Cell {
  return bulk(
    'rate step',
    `${name}, 40 ms, 2 to 20 Mbit/s`,
    {
      megabits: 2,
      roundTripMs: 40,
      queue: 1,
      flows: [name],
      steps: [{ megabits: 20, ms: 0 }],
      seconds: 10,
    },
    use(name === 'bbr' ? 0.8 : 0.5),
  );
}

function steps(): Cell[] {
  return MAIN.flatMap((name) => [
    step(name, '20 to 2 Mbit/s', [{ megabits: 2, ms: 0 }], use(0.8)),
    rise(name),
    step(
      name,
      '20 to 2 Mbit/s and back after 3 s',
      [
        { megabits: 2, ms: 3000 },
        { megabits: 20, ms: 0 },
      ],
      use(0.8),
    ),
    step(
      name,
      '20 to 40 Mbit/s and back after 3 s',
      [
        { megabits: 40, ms: 3000 },
        { megabits: 20, ms: 0 },
      ],
      use(0.8),
    ),
    // A wireless network that sleeps: one datagram in a second.
    step(
      name,
      'nearly nothing for a second',
      [
        { megabits: 0.012, ms: 1000 },
        { megabits: 20, ms: 0 },
      ],
      use(0.8),
    ),
  ]);
}

function stalls(): Cell[] {
  return MAIN.flatMap((name) =>
    [5, 50, 500].map((stallMs) => {
      // Only while the host runs it can send.
      const least = OF_CLEAN * (stallMs < 500 ? 1 : 0.5);
      return bulk(
        'loop stalls',
        `${name}, ${stallMs} ms each second`,
        { megabits: 10, roundTripMs: 50, queue: 1, flows: [name], stallMs },
        goodput(Number(least.toFixed(2))),
        stallMs === 50,
      );
    }),
  );
}

export const CHANGES: readonly Cell[] = [...steps(), ...stalls()];
