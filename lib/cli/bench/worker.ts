/**
 * Entry of the benchmark's child process: takes one plan (JSON) as its argument, carries it out, prints its lines
 * (see plan.ts) and ends. Started by the harness, one process a side; never imported.
 */

import { receiveWithBurstwire, sendWithBurstwire } from './burstwire-roles.js';
import { receiveWithDgram, sendWithDgram } from './dgram-roles.js';
import type { ReceiverPlan, SenderPlan, SideReport, Unavailable, WorkerPlan } from './plan.js';
import { type ReceivingSide, reportAtEnd } from './receiving.js';

async function runSender(plan: SenderPlan): Promise<SideReport | Unavailable> {
  const usesDgram = plan.kind === 'dgram' || plan.kind === 'dgram-fanout';
  const window = usesDgram ? await sendWithDgram(plan) : await sendWithBurstwire(plan);
  return 'unavailable' in window ? window : window.report(null);
}

async function runReceiver(plan: ReceiverPlan): Promise<SideReport | Unavailable> {
  const side: ReceivingSide | Unavailable =
    plan.kind === 'dgram' ? await receiveWithDgram(plan) : await receiveWithBurstwire(plan);
  if ('unavailable' in side) return side;
  printLine({ ports: side.ports });
  return reportAtEnd(side);
}

function printLine(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

const plan = JSON.parse(process.argv[2]) as WorkerPlan;
printLine(plan.role === 'send' ? await runSender(plan) : await runReceiver(plan));
process.stdin.destroy();
