/**
 * What every case's script needs: its configuration, and the last line that says what it has measured.
 *
 * Called by the scripts under bench/ that cases name; not by the runner.
 */

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { BenchConfig, Measurement } from './types.js';

const CONFIG: BenchConfig = {
  seconds: 1,
  warmupSeconds: 0.25,
  messageSize: 1024,
  connections: 1,
  packetLoss: 0,
};

/** The configuration that the runner gave, with defaults when the script is run by hand. */
export function benchConfig(): BenchConfig {
  return { ...CONFIG, ...JSON.parse(process.env.BENCH_CONFIG ?? '{}') };
}

/** Prints the measurement. Ends nothing: the script does that itself. */
export function report(measurement: Measurement): void {
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
}

/** HDR histogram of nanoseconds, three digits, up to a minute. */
export function latencyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 60e9, figures: 3 });
}

const CURVE = [50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99];

/** The latency metrics of such a histogram. */
export function latencyMetrics(histogram: RecordableHistogram): Measurement {
  const at = (percent: number): number => histogram.percentile(percent) / 1000;
  return {
    latencyP50Us: at(50),
    latencyP95Us: at(95),
    latencyP99Us: at(99),
    latencyP999Us: at(99.9),
    latencyCurve: CURVE.map((percent) => [percent, at(percent)] as const),
  };
}

/** CPU time, context switches and page faults of this process since the call, for `seconds` and `packets`. */
export function startUsage(): (seconds: number, packets: number) => Measurement {
  const before = process.resourceUsage();
  return (seconds, packets) => {
    const after = process.resourceUsage();
    const cpuUs =
      after.userCPUTime - before.userCPUTime + after.systemCPUTime - before.systemCPUTime;
    const switches =
      after.voluntaryContextSwitches -
      before.voluntaryContextSwitches +
      after.involuntaryContextSwitches -
      before.involuntaryContextSwitches;
    return {
      cpuPercent: cpuUs / seconds / 1e4,
      contextSwitchesPerSec: switches / seconds,
      ...(packets > 0 ? { cpuNsPerPacket: (cpuUs * 1000) / packets } : {}),
    };
  };
}
