/**
 * Paths that lose, reorder and mark datagrams, and what happens to acknowledgements on their way back.
 *
 * Invariant: each disturbance has dice of its own, with a seed that stays.
 */

import type { CongestionName } from '../../../../lib/core/congestion/controller.js';
import { JitterLink, SwapLink } from '../../links/delay.js';
import { HeapLink, ThinLink } from '../../links/heap.js';
import type { Link } from '../../links/link.js';
import { BurstLossLink, LossLink } from '../../links/loss.js';
import { RateLink } from '../../links/rate.js';
import type { Network } from '../../network.js';
import { Rng } from '../../rng.js';
import { both, bulk, type Cell, type Gate, goodput, lost, MAIN, response, use } from '../cell.js';

/** Of a datagram with nothing but an acknowledgement, at most. */
const ACK_BYTES = 200;

function alone(make: (network: Network) => Link): (network: Network) => Link[] {
  return (network) => [make(network)];
}

/** 25 % to both sides of the response function. */
function formula(p: number, roundTripMs: number, megabits: number): Gate {
  const expected = response(p, roundTripMs, megabits);
  const [least, most] = [0.75 * expected, 1.25 * expected];
  return {
    gate: `use ${least.toFixed(2)} to ${most.toFixed(2)}`,
    passes: ({ utilisation }) => utilisation >= Math.min(least, 0.9) && utilisation <= most,
  };
}

function random(name: CongestionName, percent: number, roundTripMs: number): Cell {
  const p = percent / 100;
  const megabits = 20;
  const behind = alone((network) => new LossLink(network.context, new Rng(11), p));
  // Beyond 2 % BBR takes losses for congestion by design; then it claims no more than CUBIC does.
  const bbr =
    percent <= 1
      ? goodput(0.8)
      : use(Number((0.75 * response(p, roundTripMs, megabits)).toFixed(3)));
  return bulk(
    'random loss',
    `${name}, 20 Mbit/s, ${roundTripMs} ms, ${percent} % lost`,
    { megabits, roundTripMs, queue: 1, flows: [name], behind, seconds: 30 },
    name === 'bbr' ? bbr : formula(p, roundTripMs, megabits),
    name === 'bbr' && percent === 0.1 && roundTripMs === 50,
  );
}

function loss(): Cell[] {
  const cells: Cell[] = [];
  for (const percent of [0.01, 0.1, 1, 2, 5, 10]) {
    for (const roundTripMs of [10, 50, 200]) {
      cells.push(...MAIN.map((name) => random(name, percent, roundTripMs)));
    }
  }
  for (const name of MAIN) {
    for (const burst of [3, 5, 8]) {
      const behind = alone(
        (network) => new BurstLossLink(network.context, new Rng(5), 0.02, burst),
      );
      const path = { megabits: 10, roundTripMs: 30, queue: 1, flows: [name], behind };
      const title = `${name}, 10 Mbit/s, 30 ms, 2 % in bursts of ${burst}`;
      cells.push(bulk('burst loss', title, path, goodput(0.1), burst === 5));
    }
  }
  return cells;
}

function reordering(): Cell[] {
  const cells: Cell[] = [];
  const path = { megabits: 10, roundTripMs: 50, queue: 1 };
  for (const name of MAIN) {
    const add = (title: string, behind: (network: Network) => Link[], isQuick: boolean): void => {
      const flows = [name];
      cells.push(
        bulk('reordering', `${name}, ${title}`, { ...path, flows, behind }, goodput(0.7), isQuick),
      );
    };
    for (const by of [4, 16, 64]) {
      const swap = alone((network) => new SwapLink(network.context, 100, by, 1e6));
      add(`every 100th overtaken by ${by}`, swap, by === 64);
    }
    for (const rounds of [0.25, 0.5, 1, 1.5, 2]) {
      const jitter = alone(
        (network) => new JitterLink(network.context, new Rng(7), rounds * 50_000, false),
      );
      add(`jitter of ${rounds} round trips`, jitter, rounds === 1 && name === 'cubic');
    }
  }
  return cells;
}

/** Acknowledgements in heaps, thinned out, or over a slow way back. */
function acknowledgements(): Cell[] {
  const cells: Cell[] = [];
  for (const name of MAIN) {
    const path = { megabits: 20, roundTripMs: 40, queue: 1, flows: [name] };
    const heaps = alone((network) => new HeapLink(network.context, 10_000));
    const title = `${name}, 20 Mbit/s, 40 ms`;
    const both10 = { ...path, behind: heaps, back: heaps };
    cells.push(
      bulk(
        'acknowledgements',
        `${title}, back in heaps of 10 ms`,
        { ...path, back: heaps },
        use(0.9),
        true,
      ),
      bulk('acknowledgements', `${title}, both ways in heaps of 10 ms`, both10, use(0.9)),
    );
    // Each stands for ten datagrams already.
    for (const every of [2, 5]) {
      const thin = alone((network) => new ThinLink(network.context, every, ACK_BYTES, 2_000_000));
      cells.push(
        bulk(
          'acknowledgements',
          `${title}, one of ${every} arrives`,
          { ...path, back: thin },
          use(0.9),
        ),
      );
    }
  }
  return cells;
}

function asymmetric(): Cell[] {
  const back = (megabits: number, bytes: number) =>
    alone(
      (network) =>
        new RateLink(network.context, { bitsPerSecond: megabits * 1e6, queueBytes: bytes }),
    );
  return MAIN.flatMap((name) => [
    bulk(
      'asymmetric',
      `${name}, 250 Mbit/s there, 3 back, 300 ms`,
      { megabits: 250, roundTripMs: 300, queue: 1, flows: [name], back: back(3, 112_500) },
      use(0.9),
    ),
    bulk(
      'asymmetric',
      `${name}, 20 Mbit/s there, 0.1 back, 50 ms`,
      { megabits: 20, roundTripMs: 50, queue: 1, flows: [name], back: back(0.1, 10_000) },
      use(0.9),
    ),
  ]);
}

function ecn(): Cell[] {
  return MAIN.map((name) =>
    bulk(
      'ECN',
      `${name}, marks above half a product`,
      { megabits: 10, roundTripMs: 50, queue: 2, mark: 0.5, flows: [name] },
      both(use(0.9), lost(0.001)),
      name === 'cubic',
    ),
  );
}

export const DISTURBANCES: readonly Cell[] = [
  ...loss(),
  ...reordering(),
  ...acknowledgements(),
  ...asymmetric(),
  ...ecn(),
];
