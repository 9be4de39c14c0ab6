/**
 * The outcome of a run in a few sentences, and the figures that the page shows largest. Pure.
 *
 * Invariant: a sentence appears only when its figures were measured in this run.
 */

import { formatInteger, formatRatio } from './format.js';
import type { ResultConfig, ResultRow } from './result.js';

/** One figure and what it means. */
export interface Highlight {
  readonly figure: string;
  /** Continues the figure: "24.1x" + "the datagrams of node:dgram received...". */
  readonly text: string;
}

export function highlights(rows: readonly ResultRow[], config: ResultConfig): Highlight[] {
  const figuresOf = (id: string) => rows.find((row) => row.id === id)?.figures ?? null;
  const found: Highlight[] = [];
  const add = (figure: string | undefined, text: string) => {
    if (figure !== undefined) found.push({ figure, text });
  };
  const bulk = figuresOf('gso-gro');
  const size = `${formatInteger(config.sizeBytes)}-byte`;
  add(
    ratioText(bulk?.ratio?.median),
    `as many ${size} datagrams received per second as with node:dgram (GSO -> GRO)`,
  );
  add(
    bulk?.ofCeiling?.median.toFixed(2),
    'of what a C++ program without Node receives on this machine, by the same means',
  );
  const calls = [bulk?.sendCallsPerDatagram?.median, bulk?.receiveCallsPerDatagram?.median];
  if (calls[0] !== undefined && calls[1] !== undefined) {
    const text = 'system calls per datagram at most, sending and receiving in trains';
    add(Math.max(calls[0], calls[1]).toFixed(3), text);
  }
  const small = `${formatInteger(config.smallSizeBytes)}-byte`;
  add(
    ratioText(figuresOf('many-batch')?.ratio?.median),
    `as many ${small} datagrams sent per second to ${config.destinations} destinations, where no trains can form`,
  );
  add(
    ratioText(figuresOf('receive-batch-bursts')?.ratio?.median),
    "less CPU per datagram received in bursts from an ordinary sender, by 'batch' events",
  );
  return found;
}

/** The same as sentences for the terminal and the JSON. */
export function headline(rows: readonly ResultRow[], config: ResultConfig): string[] {
  const figuresOf = (id: string) => rows.find((row) => row.id === id)?.figures ?? null;
  const lines: string[] = [];
  const bulk = figuresOf('gso-gro');
  if (bulk?.ratio) {
    const times = formatRatio(bulk.ratio.median);
    lines.push(`GSO -> GRO receives ${times} the datagrams of node:dgram${ofCeiling(bulk)}.`);
  }
  const many = figuresOf('many-batch');
  if (many?.ratio) {
    const times = formatRatio(many.ratio.median);
    const what = `${config.smallSizeBytes}-byte datagrams to ${config.destinations} destinations`;
    lines.push(`${what}: ${times} the datagrams of node:dgram${ofCeiling(many)}.`);
  }
  const [even, bursts] = [
    figuresOf('receive-batch')?.ratio,
    figuresOf('receive-batch-bursts')?.ratio,
  ];
  if (even && bursts) {
    lines.push(
      `Receiving from an ordinary sender: node:dgram takes ${formatRatio(bursts.median)} the CPU per datagram ` +
        `when they come in bursts, ${formatRatio(even.median)} when evenly spaced.`,
    );
  }
  return lines;
}

function ratioText(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatRatio(value);
}

function ofCeiling(figures: NonNullable<ResultRow['figures']>): string {
  return figures.ofCeiling ? `, ${figures.ofCeiling.median.toFixed(2)} of C++` : '';
}
