/**
 * What the programs of the laboratory have in common: a task as the first argument, lines of JSON as answers, and an end
 * when the input is closed.
 *
 * Called by the programs. Invariant: a program whose parent has gone ends by itself.
 */

import { setPriority } from 'node:os';

/** Before what else the machine does: the kernel's TCP, beside which we are measured, does not wait for a CPU either. */
const NICENESS = -15;

/** Nanoseconds of CLOCK_MONOTONIC: the same clock in all processes of the machine. */
export const nowNs = (): bigint => process.hrtime.bigint();

/** Also makes this process one that is not kept waiting. */
export function readTask<T>(): T {
  setPriority(NICENESS);
  return JSON.parse(process.argv[2] ?? '{}') as T;
}

export function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Calls `finish` when the parent asks for the end, and ends when what was said has been written. */
export function onFinish(finish: () => void): void {
  process.stdin.resume();
  process.stdin.once('end', () => {
    finish();
    process.stdout.write('', () => process.exit(0));
  });
}
