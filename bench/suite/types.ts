/**
 * The words of the performance suite: what a benchmark is, what its cases are, and what a measurement says.
 *
 * Types only. A benchmark is a list of cases; a case is a process that measures itself and prints one line of JSON, a
 * `Measurement`. The runner (run.ts) starts them, interleaved, and knows nothing else of them.
 *
 * Invariant: whatever could not be measured is missing, never zero and never a guess.
 */

export type Group = 'micro' | 'components' | 'e2e' | 'stress' | 'ablation';

/** `limit`: the C++ ceiling; `before` and `after`: one of the original's problems switched on, and ours as it is. */
export type Role = 'ours' | 'peer' | 'limit' | 'before' | 'after';

/** Everything a case may report. Units are in the names; MB is 10^6 bytes. */
export interface Metrics {
  throughputMBps?: number;
  packetsPerSec?: number;
  opsPerSec?: number;
  nsPerOp?: number;
  latencyP50Us?: number;
  latencyP95Us?: number;
  latencyP99Us?: number;
  latencyP999Us?: number;
  /** User and system time of the measured processes; 100 is one core. */
  cpuPercent?: number;
  cpuNsPerPacket?: number;
  syscallsPerSec?: number;
  syscallsPerPacket?: number;
  /** Bytes of heap (V8's, garbage included) for each packet or operation. */
  allocatedBytesPerPacket?: number;
  overheadBytesPerPacket?: number;
  contextSwitchesPerSec?: number;
  cacheMissesPerPacket?: number;
  pageFaultsPerSec?: number;
  /** What was lost on the way, percent of what was sent; shown even when it is 0. */
  lostPercent?: number;
  /** How far something is off what was asked for, percent. */
  errorPercent?: number;
  heapBytes?: number;
  heapSlopeBytesPerSec?: number;
  residentBytes?: number;
  connectionsPerSec?: number;
  durationMs?: number;
}

export type MetricName = keyof Metrics;

/** The line that a case prints last on its standard output. Everything before it goes unread. */
export interface Measurement extends Metrics {
  /** Percentiles of a latency distribution, [percent, microseconds], for a curve. */
  readonly latencyCurve?: readonly (readonly [number, number])[];
  /** One sentence that the reader of this row has to know. */
  readonly note?: string;
  /** Instead of everything else: why there is no measurement. */
  readonly error?: string;
}

/** What each case is given, as JSON, in the environment variable BENCH_CONFIG. */
export interface BenchConfig {
  /** Measured time of one case in one round. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Bytes of a message, where the benchmark has no sizes of its own. */
  readonly messageSize: number;
  readonly connections: number;
  /** Bytes a second; undefined: none. */
  readonly bandwidthLimit?: number;
  /** Packets lost on a simulated path, 0 to 1. */
  readonly packetLoss: number;
}

export interface Case {
  /** Unique in its benchmark: `burstwire`, `node:tls`, `seal aes-128-gcm native 1400`. */
  readonly name: string;
  readonly role: Role;
  /** One line: how this case does it. */
  readonly about?: string;
  /** Place on the horizontal axis of a chart (bytes, percent, ...), and the line that it belongs to. */
  readonly at?: number;
  readonly series?: string;
  /** Name of the case that this one's ratio is against; default: the first `peer` or `before` with the same `at`. */
  readonly baseline?: string;
  /** A script under bench/; a `.ts` is run from source. Or a program, when it is an absolute path. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Overrides parts of the configuration. */
  readonly config?: Partial<BenchConfig>;
  /** Why this case cannot run here (a missing peer, tool or right); undefined when it can. Asked once. */
  readonly obstacle?: () => string | undefined;
  /** Longest that the process may take beyond warm-up and measured time; default 20 s. */
  readonly extraSeconds?: number;
}

export interface Benchmark {
  /** `P1` ... `S4`, `A1` ... */
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  /** One to three sentences for somebody who has never seen the project. */
  readonly about: string;
  /** What bars show, ratios are made of, and `--compare` looks at. */
  readonly primary: MetricName;
  readonly better: 'more' | 'less';
  /** Horizontal axis, when cases have `at`. */
  readonly axis?: string;
  readonly cases: readonly Case[];
  /** Rounds that a full run makes of it; default that of the run. */
  readonly rounds?: number;
  /** Measured seconds of each case in a full run; default that of the run. */
  readonly seconds?: number;
  /** False: the kernel's counts are not worth a run of each case, in a group that has them. */
  readonly isCounted?: false;
}
