/**
 * The result of a benchmark run, as written by `--json`. This is a documented format (docs/benchmarks.md): fields are
 * added, never renamed. Types only.
 */

import type { TableId } from './rows.js';
import type { Estimate } from './statistics.js';

export type { Estimate };

export interface BenchmarkResult {
  readonly format: 'burstwire-benchmark';
  readonly version: 1;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  /** Of the whole run, seconds. */
  readonly durationSeconds: number;
  readonly environment: Environment;
  readonly config: ResultConfig;
  /** Sentences that say the outcome. */
  readonly headline: readonly string[];
  readonly tables: readonly ResultTable[];
  readonly rows: readonly ResultRow[];
  /** What was left out or looked odd, one sentence each. */
  readonly notes: readonly string[];
}

export interface ResultConfig {
  readonly sizeBytes: number;
  readonly smallSizeBytes: number;
  readonly destinations: number;
  readonly offeredRate: number;
  readonly seconds: number;
  readonly warmup: number;
  readonly rounds: number;
  readonly trains: number;
  /** Cores that sender and receiver were bound to, null when the scheduler was free. */
  readonly pinned: readonly [number, number] | null;
  /** What counted system calls in the verification pass, or why nothing did. */
  readonly verifiedBy: 'perf stat' | 'strace -c' | null;
  readonly verifiedByReason?: string;
}

export interface ResultTable {
  readonly id: TableId;
  readonly title: string;
  readonly about: string;
}

export interface ResultRow {
  readonly id: string;
  readonly table: TableId;
  readonly name: string;
  readonly about: string;
  readonly group: 'baseline' | 'burstwire' | 'ceiling';
  /** Id of the `node:dgram` row that `ratio` is formed with. */
  readonly baseline: string;
  /** Id of the C++ row that `ofCeiling` is formed with. */
  readonly ceiling?: string;
  /** Why there are no samples. */
  readonly unavailable?: string;
  /** One a round, in order; null where the round failed. */
  readonly samples: readonly (Sample | null)[];
  /** Null where nothing was measured. */
  readonly figures: Figures | null;
  /** System calls as the kernel counted them in a separate short pass. */
  readonly verification: Verification | null;
}

/** One round of one row. Rates by each side's own clock; everything "per datagram" over the same window. */
export interface Sample {
  readonly sentPerSecond: number;
  readonly receivedPerSecond: number;
  /** Payload bits received, 10^9 a second. */
  readonly gbitPerSecond: number;
  readonly sendCallsPerDatagram: number | null;
  readonly receiveCallsPerDatagram: number | null;
  readonly sendCpuUs: number;
  readonly receiveCpuUs: number;
  /** From the first datagram to the last, warm-up included. */
  readonly sentTotal: number;
  readonly receivedTotal: number;
  /** Part of all sent datagrams that never arrived, 0 to 1. */
  readonly lost: number;
  /** As the kernel counts: a train that found no room is one. */
  readonly kernelDrops: number | null;
}

export interface Figures {
  readonly sentPerSecond: Estimate;
  readonly receivedPerSecond: Estimate;
  readonly gbitPerSecond: Estimate;
  readonly sendCallsPerDatagram: Estimate | null;
  readonly receiveCallsPerDatagram: Estimate | null;
  readonly sendCpuUs: Estimate;
  readonly receiveCpuUs: Estimate;
  readonly lost: Estimate;
  /**
   * Against the table's `node:dgram` row, round by round: received datagrams in the first table, sent ones in the
   * second, receiver's CPU time in the third (above 1: less CPU). Null for the row itself.
   */
  readonly ratio: Estimate | null;
  /** The same against the C++ row that does the same. Null where there is none. */
  readonly ofCeiling: Estimate | null;
}

export interface Verification {
  readonly tool: 'perf stat' | 'strace -c';
  /** Sending system calls (sendto, sendmsg, sendmmsg) per datagram, whole life of the process. */
  readonly sendCallsPerDatagram: number;
  readonly receiveCallsPerDatagram: number;
  /** All system calls of the process, start-up included, per datagram. */
  readonly allSendSidePerDatagram: number;
  readonly allReceiveSidePerDatagram: number;
  /** The engine's own counts over the same life, null where nothing else counts. */
  readonly countedSendCalls: number | null;
  readonly countedReceiveCalls: number | null;
  /** Kernel's and engine's counts differ by a hundredth (or 8 calls) at most; null where there is nothing to compare. */
  readonly agrees: boolean | null;
}

export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly platform: string;
  readonly kernel: string;
  readonly node: string;
  readonly burstwire: string;
  readonly engine: string;
  readonly engineReasons: readonly string[];
  readonly compiler: string | null;
  readonly governor: string | null;
  readonly virtualized: boolean | null;
  /** Load average of the last minute when the run began. */
  readonly loadAverage: number;
  /** Values of net.core.* and the like, by name; null where unreadable. */
  readonly sysctls: Readonly<Record<string, string | null>>;
  readonly commit: string | null;
  readonly command: string;
}
