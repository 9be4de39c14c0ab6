/**
 * What `npm run bench -- --json FILE` writes: format 'burstwire-suite', version 1. Documented in docs/benchmarks.md;
 * fields are added, never renamed. Types only.
 *
 * Invariant: everything that a report shows comes from here, so that a page can be made of a file as of a run.
 */

import type { Environment } from '../../lib/cli/bench/result.js';
import type { Estimate } from '../../lib/cli/bench/statistics.js';
import type { Group, Measurement, MetricName, Role } from './types.js';

export const FORMAT = 'burstwire-suite';
export const VERSION = 1;

export interface SuiteResult {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationSeconds: number;
  readonly environment: Environment;
  readonly config: SuiteConfig;
  readonly benchmarks: readonly BenchmarkResult[];
}

export interface SuiteConfig {
  /** Ids, when not all were asked for. */
  readonly only: readonly string[];
  readonly quick: boolean;
  /** What --seconds and --rounds said; null: each benchmark has its own. */
  readonly seconds: number | null;
  readonly rounds: number | null;
  /** Events of the kernel that were counted, by perf's names; empty when none could be, and then why. */
  readonly counted: readonly string[];
  readonly countedReason?: string;
}

export interface BenchmarkResult {
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  readonly about: string;
  readonly primary: MetricName;
  readonly better: 'more' | 'less';
  readonly axis?: string;
  readonly rounds: number;
  /** Measured time of a round, unless a case says otherwise. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly cases: readonly CaseResult[];
}

export interface CaseResult {
  readonly name: string;
  readonly role: Role;
  readonly about?: string;
  readonly at?: number;
  readonly series?: string;
  /** Case that `ratio` is against, null when there is none. */
  readonly baseline: string | null;
  /** One a round, in order; null where the round failed. Empty when the case could not run here. */
  readonly samples: readonly (Measurement | null)[];
  readonly estimates: Estimates;
  /** How many times better than the baseline, round by round, in the primary metric; above 1 is better. */
  readonly ratio: Estimate | null;
  /** The same against the first case with role `limit` and the same place: 1 is the limit. */
  readonly ofLimit: Estimate | null;
  /** Medians over the rounds, percentile by percentile. */
  readonly latencyCurve?: readonly (readonly [number, number])[];
  /** From the counting run, whole process tree; these are in `estimates` too. */
  readonly counted: Partial<Record<MetricName, number>>;
  readonly notes: readonly string[];
  /** Why it could not run here: something it needs is missing. */
  readonly missing?: string;
  /** What went wrong in rounds that failed, each thing once. */
  readonly failures: readonly string[];
}

export type Estimates = Partial<Record<MetricName, Estimate>>;
export type { Estimate };
