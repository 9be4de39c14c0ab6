/**
 * Runs benchmarks: round by round, each case a process of its own, in an order that favours none.
 *
 * Called by main.ts and the tests. Writes nothing but progress. A case that cannot run, fails, hangs or prints nonsense
 * is a row of the result like any other; a case that hung is not started again. Invariant: one case runs at a time.
 */

import type { Children } from '../../lib/cli/bench/children.js';
import type { Progress } from '../../lib/cli/bench/progress.js';
import { orderOfRound } from '../../lib/cli/bench/schedule.js';
import { type Counter, countCase } from './counting.js';
import { countingConfig, type PlannedBenchmark, type PlannedCase } from './plan.js';
import type { BenchmarkResult } from './result.js';
import { runCase } from './run-case.js';
import { type Gathered, summarize } from './summarize.js';
import type { TimeLeft } from './time-left.js';

export interface Surroundings {
  readonly children: Children;
  readonly progress: Progress;
  readonly timeLeft: TimeLeft;
  readonly counter: Counter;
}

interface Slot extends PlannedCase {
  readonly gathered: Gathered;
  hung: boolean;
}

export async function runBenchmark(
  around: Surroundings,
  planned: PlannedBenchmark,
): Promise<BenchmarkResult> {
  const slots = planned.cases.map(makeSlot);
  for (let round = 0; round < planned.pace.rounds; round++) {
    for (const slot of orderOfRound(slots, round)) {
      await measureOnce(around, planned, slot, round);
    }
  }
  if (planned.isCounted) {
    for (const slot of slots) await countOnce(around, planned, slot);
  }
  return summarize(
    planned,
    slots.map((slot) => slot.gathered),
  );
}

function makeSlot({ item, config }: PlannedCase): Slot {
  const missing = item.obstacle?.();
  const gathered: Gathered = { item, samples: [], failures: [], counted: {} };
  if (missing !== undefined) gathered.missing = missing;
  return { item, config, gathered, hung: false };
}

async function measureOnce(
  around: Surroundings,
  { benchmark, pace }: PlannedBenchmark,
  slot: Slot,
  round: number,
): Promise<void> {
  const { item, config, gathered } = slot;
  const seconds = config.warmupSeconds + config.seconds;
  const what = `${benchmark.id} ${item.name}, round ${round + 1} of ${pace.rounds}`;
  around.progress.step(`${what}${around.timeLeft.text()}`);
  if (gathered.missing !== undefined) return around.timeLeft.skip(seconds);
  if (slot.hung) {
    gathered.samples.push(null);
    return around.timeLeft.skip(seconds);
  }
  const startedAt = performance.now();
  const outcome = await runCase(around.children, item, config, benchmark.primary);
  around.timeLeft.did(seconds, (performance.now() - startedAt) / 1000);
  if ('measurement' in outcome) {
    gathered.samples.push(outcome.measurement);
    return;
  }
  gathered.samples.push(null);
  gathered.failures.push(outcome.failure);
  slot.hung = outcome.hung === true;
  around.progress.note(`  ${benchmark.id} ${item.name}: ${outcome.failure}`);
}

async function countOnce(
  around: Surroundings,
  { benchmark }: PlannedBenchmark,
  { item, config, gathered }: Slot,
): Promise<void> {
  const counting = countingConfig(config);
  const seconds = counting.warmupSeconds + counting.seconds;
  around.progress.step(`${benchmark.id} ${item.name}, counting${around.timeLeft.text()}`);
  const hasRun = gathered.samples.some((sample) => sample !== null);
  if (!hasRun || around.counter.events.length === 0) return around.timeLeft.skip(seconds);
  const startedAt = performance.now();
  const { children, counter } = around;
  gathered.counted = await countCase(children, counter, item, counting, benchmark.primary);
  around.timeLeft.did(seconds, (performance.now() - startedAt) / 1000);
}
