/**
 * The matrix: on which path which controller has to reach what (docs/congestion.md).
 *
 * A gate is what a controller claims, not what it was seen to do: a cell that is not passed stays, and the page says so.
 * Run by matrix.test.ts.
 *
 * Invariant: names are unique; `isQuick` ones pass, and take less than a minute together.
 */

import type { CongestionName } from '../../../lib/core/congestion/controller.js';
import { JitterLink, SwapLink } from '../links/delay.js';
import type { Link } from '../links/link.js';
import { BurstLossLink, LossLink } from '../links/loss.js';
import type { Network } from '../network.js';
import { Rng } from '../rng.js';
import type { Figures, Path } from './measure.js';

export interface Cell {
  readonly group: string;
  readonly name: string;
  readonly path: Path;
  /** In words, and whether it is passed. */
  readonly gate: string;
  readonly passes: (figures: Figures) => boolean;
  readonly isQuick: boolean;
}

const ALL: readonly CongestionName[] = ['cubic', 'bbr', 'newreno', 'ledbat'];
const MAIN: readonly CongestionName[] = ['cubic', 'bbr'];

type Gate = Pick<Cell, 'gate' | 'passes'>;
const goodput = (least: number): Gate => ({
  gate: `goodput >= ${least}`,
  passes: (figures) => figures.goodput >= least,
});
const use = (least: number): Gate => ({
  gate: `use >= ${least}`,
  passes: (figures) => figures.utilisation >= least,
});
const jain = (least: number): Gate => ({
  gate: `Jain >= ${least}`,
  passes: (figures) => figures.jain >= least,
});
const share = (least: number, most: number): Gate => ({
  gate: `share ${least} to ${most}`,
  passes: ({ firstShare }) => firstShare >= least && firstShare <= most,
});

function clean(): Cell[] {
  const cells: Cell[] = [];
  for (const megabits of [1, 10, 50]) {
    for (const roundTripMs of [10, 100, 300]) {
      for (const queue of [0.5, 1, 4]) {
        for (const name of ALL) {
          // Half the window is all that is left to Reno; LEDBAT++ claims 85 % where its target fits.
          if (queue < 1 && (name === 'newreno' || name === 'ledbat')) continue;
          cells.push({
            group: 'clean link',
            name: `${name}, ${megabits} Mbit/s, ${roundTripMs} ms, queue ${queue}`,
            path: { megabits, roundTripMs, queue, flows: [name] },
            ...use(name === 'ledbat' ? 0.85 : 0.9),
            isQuick: megabits === 10 && roundTripMs === 100 && queue === 1,
          });
        }
      }
    }
  }
  return cells;
}

function bufferbloat(): Cell[] {
  return ['bbr' as const, 'ledbat' as const].map((name) => ({
    group: 'bufferbloat',
    name: `${name}, 10 Mbit/s, 40 ms, queue 10`,
    path: { megabits: 10, roundTripMs: 40, queue: 10, flows: [name], seconds: 20 },
    gate: name === 'bbr' ? 'queue p95 <= 1.25' : 'queue p95 <= 2',
    // 60 ms are one and a half products here, and slow start goes a quarter beyond.
    passes: ({ queue95 }: Figures) => queue95 <= (name === 'bbr' ? 1.25 : 2),
    isQuick: name === 'ledbat',
  }));
}

function behind(make: (network: Network) => Link): (network: Network) => Link[] {
  return (network) => [make(network)];
}

function loss(): Cell[] {
  const cells: Cell[] = [];
  for (const percent of [0.1, 1, 2]) {
    for (const roundTripMs of [10, 50, 200]) {
      const p = percent / 100;
      const link = behind((network) => new LossLink(network.context, new Rng(11), p));
      const path = { megabits: 20, roundTripMs, queue: 1, behind: link, seconds: 30 };
      const name = `20 Mbit/s, ${roundTripMs} ms, ${percent} % lost`;
      if (percent <= 1) {
        const isQuick = percent === 0.1 && roundTripMs === 50;
        cells.push({
          group: 'random loss',
          name: `bbr, ${name}`,
          path: { ...path, flows: ['bbr'] },
          ...goodput(0.8),
          isQuick,
        });
      }
      cells.push({
        group: 'random loss',
        name: `cubic, ${name}`,
        path: { ...path, flows: ['cubic'] },
        ...formula(p, roundTripMs, 20),
        isQuick: false,
      });
    }
  }
  for (const name of MAIN) {
    cells.push({
      group: 'burst loss',
      name: `${name}, 10 Mbit/s, 30 ms, 2 % in bursts of 5`,
      path: {
        megabits: 10,
        roundTripMs: 30,
        queue: 1,
        flows: [name],
        behind: behind((network) => new BurstLossLink(network.context, new Rng(5), 0.02, 5)),
      },
      ...goodput(0.1),
      isQuick: true,
    });
  }
  return cells;
}

/** The larger of Reno's and CUBIC's response function, 25 % to both sides, where the link is not the limit. */
function formula(p: number, roundTripMs: number, megabits: number): Gate {
  const rtt = roundTripMs / 1000;
  const window = Math.max(1.22 / Math.sqrt(p), 1.054 * (rtt / p) ** 0.75);
  const expected = Math.min(1, (window * 1452 * 8) / rtt / (megabits * 1e6));
  const [least, most] = [0.75 * expected, 1.25 * expected];
  return {
    gate: `use ${least.toFixed(2)} to ${most.toFixed(2)}`,
    passes: ({ utilisation }) => utilisation >= Math.min(least, 0.9) && utilisation <= most,
  };
}

function reordering(): Cell[] {
  const cells: Cell[] = [];
  const path = { megabits: 10, roundTripMs: 50, queue: 1 };
  for (const name of MAIN) {
    for (const behindBy of [4, 16, 64]) {
      const link = behind((network) => new SwapLink(network.context, 100, behindBy, 1e6));
      cells.push({
        group: 'reordering',
        name: `${name}, every 100th overtaken by ${behindBy}`,
        path: { ...path, flows: [name], behind: link },
        ...goodput(0.7),
        isQuick: behindBy === 64,
      });
    }
    for (const rounds of [0.25, 0.5, 1, 1.5, 2]) {
      const link = behind(
        (network) => new JitterLink(network.context, new Rng(7), rounds * 50_000, false),
      );
      cells.push({
        group: 'reordering',
        name: `${name}, jitter of ${rounds} round trips`,
        path: { ...path, flows: [name], behind: link },
        ...goodput(0.7),
        isQuick: rounds === 0.5 || (rounds === 1 && name === 'cubic'),
      });
    }
  }
  return cells;
}

function steps(): Cell[] {
  return MAIN.flatMap((name) =>
    [
      [20, 2],
      [2, 20],
    ].map(([megabits, thenMegabits]) => ({
      group: 'rate step',
      name: `${name}, ${megabits} to ${thenMegabits} Mbit/s, 40 ms`,
      path: { megabits, thenMegabits, roundTripMs: 40, queue: 1, flows: [name], seconds: 10 },
      ...use(0.8),
      isQuick: thenMegabits === 2,
    })),
  );
}

function together(): Cell[] {
  const cells: Cell[] = [];
  const path = { roundTripMs: 40, warmSeconds: 30, seconds: 30 };
  for (const name of ALL) {
    for (const count of [2, 4]) {
      cells.push({
        group: 'fairness',
        name: `${count} x ${name}, 20 Mbit/s, 40 ms`,
        path: {
          ...path,
          megabits: 20,
          queue: 1,
          flows: Array<CongestionName>(count).fill(name),
          staggerMs: 5000,
        },
        ...jain(name === 'cubic' || name === 'newreno' ? 0.95 : 0.9),
        isQuick: false,
      });
    }
  }
  for (const queue of [0.5, 1, 2, 8]) {
    cells.push({
      group: 'coexistence',
      name: `bbr beside cubic, queue ${queue}`,
      path: { ...path, megabits: 10, queue, flows: ['bbr', 'cubic'] },
      ...share(0.25, 0.8),
      isQuick: false,
    });
  }
  cells.push({
    group: 'coexistence',
    name: 'cubic beside newreno, queue 1',
    path: { ...path, megabits: 10, queue: 1, flows: ['cubic', 'newreno'] },
    ...share(0.4, 0.6),
    isQuick: false,
  });
  for (const queue of [2, 8]) {
    cells.push({
      group: 'coexistence',
      name: `ledbat beside cubic, queue ${queue}`,
      path: { ...path, megabits: 10, queue, flows: ['ledbat', 'cubic'] },
      ...share(0, 0.15),
      isQuick: queue === 8,
    });
  }
  return cells;
}

function hosts(): Cell[] {
  return MAIN.flatMap((name) => [
    ...[5, 50, 500].map((stallMs) => ({
      group: 'loop stalls',
      name: `${name}, ${stallMs} ms each second`,
      path: { megabits: 10, roundTripMs: 50, queue: 1, flows: [name], stallMs },
      ...goodput(0.83),
      isQuick: stallMs === 50,
    })),
    {
      group: 'ECN',
      name: `${name}, marks above half a product`,
      path: { megabits: 10, roundTripMs: 50, queue: 2, mark: 0.5, flows: [name] },
      gate: 'use >= 0.9, loss <= 0.001',
      passes: ({ utilisation, lost }: Figures) => utilisation >= 0.9 && lost <= 0.001,
      isQuick: name === 'cubic',
    },
  ]);
}

export const CELLS: readonly Cell[] = [
  ...bufferbloat(),
  ...reordering(),
  ...hosts(),
  ...steps(),
  ...together(),
  ...loss(),
  ...clean(),
];
