/**
 * What the micro-benchmarks share: one measurement, and a table on the screen.
 *
 * mitata does the sampling. Each sample times one batch alone, with the preparation outside of it; the median over all
 * samples counts, because a shared machine disturbs the mean.
 */

import { measure } from 'mitata';

/** A batch to be timed. */
export interface Timed {
  /** Before each sample, not timed. */
  prepare(): void;
  run(): void;
}

/** Median nanoseconds of `run`. @param budgetMs how long the samples may take together */
export async function medianNs(timed: Timed, budgetMs: number): Promise<number> {
  const stats = await measure(
    function* () {
      yield {
        // Reports its own time; mitata then leaves the batch as it is.
        manual() {
          timed.prepare();
          const start = process.hrtime.bigint();
          timed.run();
          return Number(process.hrtime.bigint() - start);
        },
      };
    },
    { min_cpu_time: budgetMs * 1e6, min_samples: 12, gc: false },
  );
  return stats.p50;
}

/** Prints rows under headings, numbers to the right. */
export function printTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        /^[\d–]/.test(cell) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd();
  console.log([line(headings), ...rows.map(line)].join('\n'));
}

/** 1234.5 -> "1,235"; small numbers keep one decimal. */
export function showNs(ns: number): string {
  return ns < 100 ? ns.toFixed(1) : Math.round(ns).toLocaleString('en');
}

/** How many times longer `other` takes than `own`. */
export function showRatio(own: number, other: number | undefined): string {
  return other === undefined ? '–' : `${(other / own).toFixed(1)}x`;
}
