/**
 * Runs one case once: a receiver process, then a sender process, on real loopback sockets, and what both report.
 *
 * Used by the harness and by the verification pass. Knows how children speak (plan.ts), not what they do. Invariant:
 * when it returns, both processes have ended.
 */

import { fileURLToPath } from 'node:url';

import type { Child, Children, Exit, Program } from './children.js';
import type { Listening, SideReport, Unavailable } from './plan.js';
import type { RowInfo, RunConfig, Side } from './rows.js';

/** How the two programs of a case are started. */
export interface Starter {
  readonly children: Children;
  /** Path of the compiled ceiling program, null when there is none. */
  readonly ceilingPath: string | null;
  /** Why there is none. */
  readonly ceilingReason: string;
  /** Puts something around a program (taskset, perf stat). */
  wrap(program: Program, role: 'send' | 'receive'): Program;
}

export type CaseOutcome =
  | { readonly sent: SideReport; readonly received: SideReport }
  /** The row cannot be run on this machine; trying again will not help. */
  | { readonly unavailable: string }
  /** This round went wrong. */
  | { readonly failed: string };

const WORKER = fileURLToPath(new URL('./worker.js', import.meta.url));
/** Start-up and shut-down of two processes, generously. */
const PATIENCE_MS = 15_000;

export async function runCase(
  starter: Starter,
  row: RowInfo,
  config: RunConfig,
): Promise<CaseOutcome> {
  const receiverProgram = programOf(row.receiver(config), starter);
  if (receiverProgram === null) return { unavailable: starter.ceilingReason };
  const limitMs = (config.warmup + config.seconds + config.tail) * 1000 + PATIENCE_MS;
  const receiver = starter.children.start(starter.wrap(receiverProgram, 'receive'));
  const timer = setTimeout(() => receiver.kill(), limitMs * 2);
  try {
    const first = await readLine<Listening>(receiver);
    if (!('ports' in first)) return first;
    const senderProgram = programOf(row.sender(config, first.ports), starter);
    if (senderProgram === null) return { unavailable: starter.ceilingReason };
    const sent = await runSender(starter, senderProgram, limitMs);
    receiver.closeInput();
    const received = await readLine<SideReport>(receiver);
    return judge(sent, received);
  } finally {
    clearTimeout(timer);
    receiver.closeInput();
    await endOf(receiver);
  }
}

type Line<T> = T | Unavailable | { readonly failed: string };

async function runSender(
  starter: Starter,
  program: Program,
  limitMs: number,
): Promise<Line<SideReport>> {
  const sender = starter.children.start(starter.wrap(program, 'send'));
  const timer = setTimeout(() => sender.kill(), limitMs);
  const report = await readLine<SideReport>(sender);
  sender.closeInput();
  await sender.ended();
  clearTimeout(timer);
  return report;
}

/** The next line as an object; how the process ended when there is none. */
async function readLine<T extends object>(child: Child): Promise<Line<T>> {
  const line = await child.nextLine();
  if (line !== null) {
    try {
      return JSON.parse(line) as T | Unavailable;
    } catch {
      child.kill();
      return { failed: `unexpected output: ${line.slice(0, 200)}` };
    }
  }
  return { failed: describeExit(await child.ended()) };
}

/** A receiver that was asked to end and does not is ended by force. */
async function endOf(receiver: Child): Promise<void> {
  const timer = setTimeout(() => receiver.kill(), PATIENCE_MS);
  await receiver.ended();
  clearTimeout(timer);
}

function judge(sent: Line<SideReport>, received: Line<SideReport>): CaseOutcome {
  if (!('datagrams' in sent)) return sent;
  if (!('datagrams' in received)) return received;
  if (received.totalDatagrams === 0) return { failed: 'the receiver got nothing' };
  if (sent.seconds <= 0 || received.seconds <= 0) {
    return { failed: 'a measured window did not close' };
  }
  if (sent.datagrams === 0 || received.datagrams === 0) {
    return { failed: 'nothing moved in a measured window' };
  }
  return { sent, received };
}

function programOf<Plan>(side: Side<Plan>, starter: Starter): Program | null {
  if ('node' in side) {
    return { command: process.execPath, args: [WORKER, JSON.stringify(side.node)] };
  }
  if (starter.ceilingPath === null) return null;
  return { command: starter.ceilingPath, args: side.ceiling };
}

function describeExit(exit: Exit): string {
  const how = exit.signal ? `ended by ${exit.signal}` : `exit code ${exit.code ?? 'none'}`;
  const why = exit.stderr.trim().split('\n').slice(-3).join(' | ');
  return why === '' ? how : `${how}: ${why}`;
}
