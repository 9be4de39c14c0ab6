/**
 * `npm run bench -- --list`: benchmarks, their cases, and what keeps a case from running here. Runs nothing.
 */

import type { Benchmark, Case } from './types.js';

export function listText(benchmarks: readonly Benchmark[]): string {
  return benchmarks.map(benchmarkText).join('\n');
}

function benchmarkText({ id, group, title, cases }: Benchmark): string {
  const width = Math.max(...cases.map(({ name }) => name.length));
  const lines = cases.map((item) =>
    `  ${item.role.padEnd(6)}  ${item.name.padEnd(width)}  ${remark(item)}`.trimEnd(),
  );
  return [`${id}  ${title} (${group})`, ...lines, ''].join('\n');
}

function remark(item: Case): string {
  const obstacle = item.obstacle?.();
  return obstacle === undefined ? '' : `cannot run here: ${obstacle}`;
}
