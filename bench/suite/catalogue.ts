/**
 * All benchmarks there are, and the choice among them.
 *
 * Called by main.ts, docs and tests. A new benchmark belongs into the catalogue of its group; this file only joins them.
 * Invariant: what `selectBenchmarks` returns is in the order of the catalogue, however it was asked for.
 */

import { ABLATION } from '../ablation/catalogue.js';
import { COMPONENTS } from '../components/catalogue.js';
import { E2E } from '../e2e/catalogue.js';
import { MICRO } from '../micro/catalogue.js';
import { STRESS } from '../stress/catalogue.js';
import type { Benchmark } from './types.js';

export const CATALOGUE: readonly Benchmark[] = [
  ...MICRO,
  ...COMPONENTS,
  ...E2E,
  ...STRESS,
  ...ABLATION,
];

/** Ids and names of groups, in any case. Returns the name that nothing is called by, if there is one. */
export function selectBenchmarks(
  all: readonly Benchmark[],
  names: readonly string[],
): readonly Benchmark[] | string {
  const wanted = names.map((name) => name.toLowerCase());
  const isCalled = (benchmark: Benchmark, name: string) =>
    benchmark.id.toLowerCase() === name || benchmark.group === name;
  const unknown = wanted.findIndex((name) => !all.some((item) => isCalled(item, name)));
  if (unknown >= 0) return names[unknown];
  if (names.length === 0) return all;
  return all.filter((item) => wanted.some((name) => isCalled(item, name)));
}
