/**
 * Every metric that a case may report: what its column is called, how its figures are written, and what a reader who
 * has never seen it should know. Pure.
 *
 * Used by whatever writes a report. Invariant: a metric of types.ts that is not described here does not compile.
 */

import {
  formatBytes,
  formatCompact,
  formatInteger,
  significant,
} from '../../lib/cli/bench/format.js';
import type { MetricName } from './types.js';

export interface MetricInfo {
  /** Head of a column. */
  readonly head: string;
  /** What stands behind the figure where it stands alone, with its space: ` MB/s`. */
  readonly unit: string;
  readonly show: (value: number) => string;
}

const compact = (head: string, unit: string): MetricInfo => ({ head, unit, show: formatSigned });
const percent = (head: string): MetricInfo => ({ head, unit: ' %', show: significantSigned });
const bytes = (head: string, unit = ''): MetricInfo => ({ head, unit, show: bytesSigned });

/** In the order of columns. */
export const METRICS = {
  throughputMBps: compact('MB/s', ' MB/s'),
  packetsPerSec: compact('packets/s', ' packets/s'),
  opsPerSec: compact('operations/s', ' op/s'),
  nsPerOp: compact('ns per operation', ' ns'),
  connectionsPerSec: compact('connections/s', ' connections/s'),
  durationMs: compact('duration, ms', ' ms'),
  latencyP50Us: compact('p50, µs', ' µs'),
  latencyP95Us: compact('p95, µs', ' µs'),
  latencyP99Us: compact('p99, µs', ' µs'),
  latencyP999Us: compact('p99.9, µs', ' µs'),
  lostPercent: percent('lost'),
  errorPercent: percent('off target'),
  cpuPercent: percent('CPU (100 %: one core)'),
  cpuNsPerPacket: compact('CPU ns per packet', ' ns'),
  syscallsPerSec: compact('system calls/s', ' calls/s'),
  syscallsPerPacket: compact('system calls per packet', ' calls'),
  contextSwitchesPerSec: compact('context switches/s', ' switches/s'),
  pageFaultsPerSec: compact('page faults/s', ' faults/s'),
  cacheMissesPerPacket: compact('cache misses per packet', ' misses'),
  allocatedBytesPerPacket: bytes('heap allocated per packet'),
  overheadBytesPerPacket: bytes('overhead per packet'),
  heapBytes: bytes('heap'),
  heapSlopeBytesPerSec: bytes('heap growth', '/s'),
  residentBytes: bytes('resident memory'),
} as const satisfies Record<MetricName, MetricInfo>;

export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[];

/** Lost packets are told even where nobody measured them: a rate without its losses says nothing. */
export const ALWAYS_SHOWN: readonly MetricName[] = ['lostPercent'];

export const NOT_AVAILABLE = 'not available';

/** 1.2 k MB/s, 34 %: the figure with its unit. */
export function withUnit(metric: MetricName, value: number): string {
  const { show, unit } = METRICS[metric];
  return `${show(value)}${unit}`;
}

/** In a column of its own: the head names the unit, unless it is a percentage or a growth. */
export function inColumn(metric: MetricName, value: number): string {
  const { show, unit } = METRICS[metric];
  return unit === ' %' || unit === '/s' ? `${show(value)}${unit}` : show(value);
}

/** 12.3, 1,230, 123 k, 1.23 M: thousands are written out while they are short. */
function formatSigned(value: number): string {
  const size = Math.abs(value);
  const isShort = size >= 999.5 && size < 99_950;
  const text = isShort ? formatInteger(Number(size.toPrecision(3))) : formatCompact(size);
  return value < 0 ? `-${text}` : text;
}

/** Below a thousandth it is as good as nothing, and said so. */
function significantSigned(value: number): string {
  if (value !== 0 && Math.abs(value) < 0.001) return '<0.001';
  return significant(value);
}

function bytesSigned(value: number): string {
  const size = Math.abs(value);
  const text = size < 1024 ? `${significant(size)} B` : formatBytes(size);
  return value < 0 ? `-${text}` : text;
}
