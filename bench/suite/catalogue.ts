/**
 * All benchmarks there are, and the choice among them.
 *
 * Called by main.ts, docs and tests. A new benchmark belongs into the catalogue of its group; this file only joins them.
 * Invariant: what `selectBenchmarks` returns is in the order of the catalogue, however it was asked for.
 */

import { existsSync } from 'node:fs';
import type { Benchmark } from './types.js';

const GROUPS = {
  micro: 'MICRO',
  components: 'COMPONENTS',
  e2e: 'E2E',
  stress: 'STRESS',
  ablation: 'ABLATION',
};

export async function loadCatalogue(): Promise<readonly Benchmark[]> {
  const all: Benchmark[] = [];
  for (const [folder, name] of Object.entries(GROUPS)) {
    const url = new URL(`../${folder}/catalogue.ts`, import.meta.url);
    if (!existsSync(url)) continue;
    const loaded = (await import(url.href)) as Record<string, readonly Benchmark[]>;
    all.push(...loaded[name]);
  }
  return all;
}

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
