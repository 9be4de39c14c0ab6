/**
 * From a piece of work that can be repeated to the measurement of a case: time, rates, garbage.
 *
 * Warms up for as long as the configuration says, then measures; mitata takes the samples (harness.ts) where the work
 * is synchronous. Called by the scripts under cases/ and under bench/components.
 *
 * Invariant: whatever a run prepares is neither in the time nor in the garbage; a median counts, because a shared machine
 * disturbs the mean.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { median } from '../../lib/cli/bench/statistics.js';
import type { BenchConfig, Measurement } from '../suite/types.js';
import { medianNs, type Timed } from './harness.js';

/** What one run does. */
export interface Work {
  /** Operations: packets, frames, handshakes, whatever the case counts. */
  readonly operations: number;
  /** Bytes that went through, where that means something. */
  readonly bytes?: number;
  /** An operation is a packet. */
  readonly arePackets?: boolean;
}

const GARBAGE_SAMPLES = 31;
const nothing: Timed = { prepare() {}, run() {} };

/** The rates that follow from the time of one run. */
export function rates(ns: number, work: Work): Measurement {
  const nsPerOp = ns / work.operations;
  return {
    nsPerOp,
    opsPerSec: 1e9 / nsPerOp,
    ...(work.arePackets ? { packetsPerSec: 1e9 / nsPerOp } : {}),
    ...(work.bytes === undefined ? {} : { throughputMBps: (work.bytes * 1000) / ns }),
  };
}

/** Measures synchronous work. */
export async function measureTimed(
  timed: Timed,
  work: Work,
  config: BenchConfig,
): Promise<Measurement> {
  await medianNs(timed, config.warmupSeconds * 1000);
  const ns = await medianNs(timed, config.seconds * 1000);
  return {
    ...rates(ns, work),
    allocatedBytesPerPacket: garbageOf(timed) / work.operations,
  };
}

/** Measures work that waits for something: the median over its runs. */
export async function measureAsync(
  run: () => Promise<void>,
  work: Work,
  config: BenchConfig,
): Promise<Measurement> {
  await samplesOf(run, config.warmupSeconds);
  const samples = await samplesOf(run, config.seconds);
  return rates(median(samples), work);
}

async function samplesOf(run: () => Promise<void>, seconds: number): Promise<number[]> {
  const samples: number[] = [];
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  let now = process.hrtime.bigint();
  do {
    const start = now;
    await run();
    now = process.hrtime.bigint();
    samples.push(Number(now - start));
  } while (now < end);
  return samples;
}

/**
 * Bytes of V8's heap that one run takes, garbage included: the median over single runs, so that the few in which a
 * collection happened do not count. What asking takes itself is found out the same way and left out.
 */
export function garbageOf(timed: Timed): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const sample = (each: Timed): number => {
    const grown: number[] = [];
    collect();
    for (let index = 0; index < GARBAGE_SAMPLES; index++) {
      each.prepare();
      const before = process.memoryUsage().heapUsed;
      each.run();
      grown.push(process.memoryUsage().heapUsed - before);
    }
    return median(grown);
  };
  sample(nothing);
  const asking = sample(nothing);
  return Math.max(0, sample(timed) - asking);
}
