/**
 * A cell of the matrix: a path or an application, and the gate that a controller claims there. Gates that many share.
 *
 * Cells are made in cells/, listed in cells.ts, run by matrix.test.ts.
 *
 * Invariant: a gate is what is claimed, not what was seen; its words say all that it asks for.
 */

import type { CongestionName } from '../../../lib/core/congestion/controller.js';
import { type Figures, measure, type Path } from './measure.js';

export interface Outcome {
  readonly isPassed: boolean;
  readonly figures: Partial<Figures>;
  /** What the figures of a bulk flow do not tell. */
  readonly note?: string;
}

export interface Cell {
  readonly group: string;
  readonly name: string;
  /** In words. */
  readonly gate: string;
  /** `npm test` runs it. */
  readonly isQuick: boolean;
  readonly run: () => Outcome;
}

export interface Gate {
  readonly gate: string;
  readonly passes: (figures: Figures) => boolean;
  /** The figure it judges, where the table has no column for it. */
  readonly note?: (figures: Figures) => string;
}

export const ALL: readonly CongestionName[] = ['cubic', 'bbr', 'newreno', 'ledbat'];
export const MAIN: readonly CongestionName[] = ['cubic', 'bbr'];

/** Bulk flows over one bottleneck. */
export function bulk(
  group: string,
  name: string,
  path: Path,
  { gate, passes, note }: Gate,
  isQuick = false,
): Cell {
  const run = (): Outcome => {
    const figures = measure(path);
    return { isPassed: passes(figures), figures, ...(note && { note: note(figures) }) };
  };
  return { group, name, gate, isQuick, run };
}

export const goodput = (least: number): Gate => ({
  gate: `goodput >= ${least}`,
  passes: (figures) => figures.goodput >= least,
});
export const use = (least: number): Gate => ({
  gate: `use >= ${least}`,
  passes: (figures) => figures.utilisation >= least,
});
export const queue = (most: number): Gate => ({
  gate: `queue p95 <= ${most}`,
  passes: (figures) => figures.queue95 <= most,
});
export const lost = (most: number): Gate => ({
  gate: `lost <= ${100 * most} %`,
  passes: (figures) => figures.lost <= most,
});
/** Not of the beginning, when a bucket that is full is emptied at the rate of the link before it. */
export const lostLater = (most: number): Gate => ({
  gate: `lost in the long run <= ${100 * most} %`,
  passes: (figures) => figures.lostLater <= most,
  note: (figures) => `lost later ${(100 * figures.lostLater).toFixed(2)} %`,
});
export const jain = (least: number): Gate => ({
  gate: `Jain >= ${least}`,
  passes: (figures) => figures.jain >= least,
});
export const share = (least: number, most: number): Gate => ({
  gate: `share ${least} to ${most}`,
  passes: ({ firstShare }) => firstShare >= least && firstShare <= most,
});
export const both = (one: Gate, other: Gate): Gate => ({
  gate: `${one.gate}, ${other.gate}`,
  passes: (figures) => one.passes(figures) && other.passes(figures),
  ...(other.note && { note: other.note }),
});

/** The larger of Reno's and CUBIC's response function (RFC 9438 section 5.1), of a link, where that is not the limit. */
export function response(p: number, roundTripMs: number, megabits: number): number {
  const rtt = roundTripMs / 1000;
  const window = Math.max(1.22 / Math.sqrt(p), 1.054 * (rtt / p) ** 0.75);
  return Math.min(1, (window * 1452 * 8) / rtt / (megabits * 1e6));
}
