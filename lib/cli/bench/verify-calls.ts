/**
 * Counts system calls by the kernel's own means, in a short pass of its own, to confirm what the engine counts and to
 * know it for `node:dgram`, which counts nothing.
 *
 * `perf stat` on the system-call tracepoints when it works here, `strace -c` otherwise, nothing when neither does: a
 * number is measured or absent, never guessed. Called by the harness after the timed rounds, because both tools slow
 * a process down.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Children, type Program, runToEnd } from './children.js';
import type { SideReport } from './plan.js';
import type { Verification } from './result.js';
import type { RowInfo, RunConfig } from './rows.js';
import { runCase, type Starter } from './run-case.js';

export type CallCounter = 'perf stat' | 'strace -c';

/** Calls by name, `all` among them. */
export type CallCounts = ReadonlyMap<string, number>;

const SEND_CALLS = ['sendto', 'sendmsg', 'sendmmsg'];
const RECEIVE_CALLS = ['recvfrom', 'recvmsg', 'recvmmsg'];
const ALL = 'all';
const PROBE_LIMIT_MS = 5000;
/** Start-up and the end of a process can add a few calls to what the engine saw. */
const TOLERANCE = 0.01;
const TOLERATED_CALLS = 8;

const PERF_EVENTS = [
  'raw_syscalls:sys_enter',
  ...[...SEND_CALLS, ...RECEIVE_CALLS].map((name) => `syscalls:sys_enter_${name}`),
];

/** Which tool works here: tried on a program that does nothing. */
export async function findCallCounter(
  children: Children,
): Promise<{ tool: CallCounter } | { reason: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-bench-'));
  const reasons: string[] = [];
  try {
    for (const tool of ['perf stat', 'strace -c'] as const) {
      const file = join(folder, 'probe');
      const program = counted(tool, file, { command: 'true', args: [] });
      const exit = await runToEnd(children, program, PROBE_LIMIT_MS);
      if (exit.code === 0 && (readCounts(tool, file).get(ALL) ?? 0) > 0) return { tool };
      const why = exit.stderr.trim().split('\n')[0] || 'it counted nothing';
      reasons.push(`${tool.split(' ')[0]}: ${why}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { reason: reasons.join('; ') };
}

/** Runs a case once with both processes under the counter. Null when the case failed. */
export async function verifyCalls(
  starter: Starter,
  tool: CallCounter,
  row: RowInfo,
  config: RunConfig,
): Promise<Verification | null> {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-bench-'));
  try {
    const files = { send: join(folder, 'send'), receive: join(folder, 'receive') };
    const counting: Starter = {
      ...starter,
      wrap: (program, role) => counted(tool, files[role], program),
    };
    const outcome = await runCase(counting, row, config);
    if (!('sent' in outcome)) return null;
    const counts = { send: readCounts(tool, files.send), receive: readCounts(tool, files.receive) };
    return compare(tool, outcome, counts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts reports and counts side by side. */
export function compare(
  tool: CallCounter,
  reports: { readonly sent: SideReport; readonly received: SideReport },
  counts: { readonly send: CallCounts; readonly receive: CallCounts },
): Verification | null {
  const { sent, received } = reports;
  const sendCalls = sum(counts.send, SEND_CALLS);
  const receiveCalls = sum(counts.receive, RECEIVE_CALLS);
  if (sendCalls === 0 || receiveCalls === 0) return null;
  const sides: [number | null, number][] = [
    [sent.totalCalls, sendCalls],
    [received.totalCalls, receiveCalls],
  ];
  const compared = sides.filter(([own]) => own !== null);
  return {
    tool,
    sendCallsPerDatagram: sendCalls / sent.totalDatagrams,
    receiveCallsPerDatagram: receiveCalls / received.totalDatagrams,
    allSendSidePerDatagram: (counts.send.get(ALL) ?? 0) / sent.totalDatagrams,
    allReceiveSidePerDatagram: (counts.receive.get(ALL) ?? 0) / received.totalDatagrams,
    countedSendCalls: sent.totalCalls,
    countedReceiveCalls: received.totalCalls,
    agrees:
      compared.length === 0
        ? null
        : compared.every(
            ([own, kernel]) =>
              Math.abs((own ?? 0) - kernel) <= Math.max(kernel * TOLERANCE, TOLERATED_CALLS),
          ),
  };
}

function counted(tool: CallCounter, file: string, program: Program): Program {
  const rest = [program.command, ...program.args];
  if (tool === 'perf stat') {
    const options = ['stat', '-x', ',', '-o', file, '-e', PERF_EVENTS.join(','), '--'];
    return { command: 'perf', args: [...options, ...rest] };
  }
  return { command: 'strace', args: ['-f', '-c', '-o', file, ...rest] };
}

function readCounts(tool: CallCounter, file: string): CallCounts {
  try {
    const text = readFileSync(file, 'utf8');
    return tool === 'perf stat' ? parsePerf(text) : parseStrace(text);
  } catch {
    return new Map();
  }
}

/** `perf stat -x ,`: value,unit,event,... one event a line. */
export function parsePerf(text: string): CallCounts {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [value, , event] = line.split(',');
    const number = Number(value);
    if (event === undefined || value === '' || !Number.isFinite(number)) continue;
    const name = event.startsWith('raw_syscalls:') ? ALL : event.replace('syscalls:sys_enter_', '');
    counts.set(name, number);
  }
  return counts;
}

/** `strace -c`: % time, seconds, usecs/call, calls, [errors,] syscall; the last line is the total. */
export function parseStrace(text: string): CallCounts {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields.length < 5 || !/^\d+(\.\d+)?$/.test(fields[0])) continue;
    const name = fields[fields.length - 1];
    counts.set(name === 'total' ? ALL : name, Number(fields[3]));
  }
  return counts;
}

function sum(counts: CallCounts, names: readonly string[]): number {
  return names.reduce((total, name) => total + (counts.get(name) ?? 0), 0);
}
