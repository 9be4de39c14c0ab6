/**
 * Coverage-guided fuzzing of one target: what reaches new code is kept, and changed again.
 *
 * It writes no files. Called by main.ts. Invariant: it ends when the time is over, or with the first input that fails,
 * made as short as cutting it can make it.
 */

import type { Rng } from '../sim/rng.js';
import type { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import type { Target } from './target.js';

/** Inputs between two questions to V8. */
const BATCH = 64;

export interface Outcome {
  readonly runs: number;
  /** Inputs that reached something new, the given ones among them. */
  readonly kept: readonly Uint8Array[];
  readonly failure: { readonly input: Uint8Array; readonly error: unknown } | undefined;
}

function errorOf(target: Target, input: Uint8Array): unknown {
  try {
    target.run(input);
    return undefined;
  } catch (error) {
    return error ?? new Error('something that is nothing was thrown');
  }
}

/** Cuts pieces out as long as it still fails. */
function shorten(target: Target, failing: Uint8Array): Uint8Array {
  let input = failing;
  for (let size = input.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= input.length; ) {
      const cut = Uint8Array.from([...input.subarray(0, at), ...input.subarray(at + size)]);
      if (errorOf(target, cut) === undefined) at += size;
      else input = cut;
    }
  }
  return input;
}

/** @param known inputs to begin with @param untilMs of `performance.now()` */
export function fuzz(
  target: Target,
  known: readonly Uint8Array[],
  coverage: Coverage,
  rng: Rng,
  untilMs: number,
): Outcome {
  const kept: Uint8Array[] = [];
  let runs = 0;
  let failing: Uint8Array | undefined;
  const tryOne = (input: Uint8Array): boolean => {
    runs++;
    if (errorOf(target, input) === undefined) return true;
    failing = input;
    return false;
  };
  coverage.takeNew();
  for (const input of known) {
    if (!tryOne(input)) break;
    if (coverage.takeNew() > 0) kept.push(input);
  }
  if (kept.length === 0) kept.push(new Uint8Array(1));
  while (failing === undefined && performance.now() < untilMs) {
    const batch = Array.from({ length: BATCH }, () =>
      mutate(rng, rng.pick(kept), rng.pick(kept), target.maxBytes),
    );
    if (!batch.every(tryOne)) break;
    if (!coverage.hasNew()) continue;
    for (const input of batch) {
      if (errorOf(target, input) === undefined && coverage.takeNew() > 0) kept.push(input);
    }
  }
  if (failing === undefined) return { runs, kept, failure: undefined };
  const input = shorten(target, failing);
  return { runs, kept, failure: { input, error: errorOf(target, input) } };
}
