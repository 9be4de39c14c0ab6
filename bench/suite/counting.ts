/**
 * What the kernel counts while a case runs: system calls, context switches, page faults, cache misses, of the whole
 * process tree, through `perf stat`.
 *
 * Called by run.ts, once a case, outside of the timed rounds, because counting slows a process down. Counts come in
 * slices of time; only the slices of the last `seconds` are used, and of these the middle half, so that neither the
 * start of Node nor the end of the processes is in the figure. Invariant: an event that this machine cannot count is
 * missing from the result.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Children, type Program, runToEnd } from '../../lib/cli/bench/children.js';
import { runCase } from './run-case.js';
import type { BenchConfig, Case, Measurement, MetricName } from './types.js';

const EVENTS = ['raw_syscalls:sys_enter', 'context-switches', 'page-faults', 'cache-misses'];
const PROBE_LIMIT_MS = 5000;
const SLICE_MS = 50;

export interface Counter {
  readonly events: readonly string[];
  readonly reason?: string;
}

/** Which events can be counted here: each is tried on a program that does nothing. */
export async function findCounter(children: Children): Promise<Counter> {
  const events: string[] = [];
  let reason = '';
  for (const event of EVENTS) {
    const args = ['stat', '-x', ',', '-e', event, '--', process.execPath, '--version'];
    const exit = await runToEnd(children, { command: 'perf', args }, PROBE_LIMIT_MS);
    const count = Number(exit.stderr.trim().split('\n').at(-1)?.split(',')[0]);
    if (exit.code === 0 && Number.isFinite(count)) events.push(event);
    else reason ||= `perf: ${exit.stderr.trim().split('\n')[0] || 'it counted nothing'}`;
  }
  return events.length > 0 ? { events } : { events, reason };
}

/** Runs the case once under perf; empty when it failed or nothing can be counted. */
export async function countCase(
  children: Children,
  counter: Counter,
  item: Case,
  config: BenchConfig,
  primary: MetricName,
): Promise<Partial<Record<MetricName, number>>> {
  if (counter.events.length === 0) return {};
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-bench-'));
  const file = join(folder, 'counts');
  try {
    const outcome = await runCase(children, item, config, primary, (program) =>
      counted(program, file, counter.events),
    );
    if (!('measurement' in outcome)) return {};
    const rates = steadyRates(readFileSync(file, 'utf8'), config.seconds);
    return metricsOf(rates, outcome.measurement);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function counted(program: Program, file: string, events: readonly string[]): Program {
  const options = ['stat', '-x', ',', '-I', String(SLICE_MS), '-o', file, '-e', events.join(',')];
  return {
    ...program,
    command: 'perf',
    args: [...options, '--', program.command, ...program.args],
  };
}

/** Events a second in the steady part: the mean of the middle half of the last slices. */
export function steadyRates(text: string, seconds: number): ReadonlyMap<string, number> {
  const slices = new Map<string, [at: number, count: number][]>();
  for (const line of text.split('\n')) {
    const [at, count, , event] = line.split(',');
    if (event === undefined || !/^\d+$/.test(count)) continue;
    const list = slices.get(event) ?? [];
    list.push([Number(at), Number(count)]);
    slices.set(event, list);
  }
  const rates = new Map<string, number>();
  for (const [event, list] of slices) {
    // The last slice is cut short by the end of the program.
    const whole = list.slice(0, -1);
    const end = whole.at(-1)?.[0] ?? 0;
    const lengths = whole.map(([at, count], i) => ({
      rate: count / (at - (whole[i - 1]?.[0] ?? 0)),
      at,
    }));
    const late = lengths.filter(({ at }) => at > end - seconds).map(({ rate }) => rate);
    if (late.length > 0) rates.set(event, middleMean(late));
  }
  return rates;
}

function middleMean(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const cut = Math.floor(sorted.length / 4);
  const middle = sorted.slice(cut, sorted.length - cut);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

function metricsOf(
  rates: ReadonlyMap<string, number>,
  measurement: Measurement,
): Partial<Record<MetricName, number>> {
  const metrics: Partial<Record<MetricName, number>> = {};
  const calls = rates.get('raw_syscalls:sys_enter');
  const switches = rates.get('context-switches');
  const faults = rates.get('page-faults');
  const misses = rates.get('cache-misses');
  const packets = measurement.packetsPerSec ?? 0;
  if (calls !== undefined) metrics.syscallsPerSec = calls;
  if (calls !== undefined && packets > 0) metrics.syscallsPerPacket = calls / packets;
  if (switches !== undefined) metrics.contextSwitchesPerSec = switches;
  if (faults !== undefined) metrics.pageFaultsPerSec = faults;
  if (misses !== undefined && packets > 0) metrics.cacheMissesPerPacket = misses / packets;
  return metrics;
}
