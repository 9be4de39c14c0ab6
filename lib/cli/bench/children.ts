/**
 * The benchmark's child processes: started, read line by line, and ended by their id when the run is cut short.
 *
 * Used by everything in the benchmark that starts a program. Each child leads a process group of its own, so that
 * what it starts itself (perf its program, the compiler its passes) ends with it. Invariant: a child is in the list
 * as long as it lives, so that `endAll` leaves none behind.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** In place of our own environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** A child whose stdout is read as lines; stderr is kept for the error message. */
export interface Child {
  /** The next line of stdout, null when there is none any more. */
  nextLine(): Promise<string | null>;
  /** Tells a receiver that the sender has ended. */
  closeInput(): void;
  /** Resolves when the process has ended. */
  ended(): Promise<Exit>;
  kill(): void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const STDERR_LIMIT = 4000;

export class Children {
  private readonly alive = new Set<ChildProcess>();
  private stopped = false;

  /** Starts a program. After `endAll` it refuses, so that a run that is ending starts nothing new. */
  start(program: Program): Child {
    if (this.stopped) throw new Error('the benchmark is ending');
    const child = spawn(program.command, program.args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(program.env === undefined ? {} : { env: program.env }),
    });
    this.alive.add(child);
    let stderr = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_LIMIT);
    });
    // A child that ends first closes the pipe under us; that it ended is all that matters.
    child.stdin.on('error', () => {});
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ended = new Promise<Exit>((resolve) => {
      child.once('error', (error) => {
        this.alive.delete(child);
        resolve({ code: null, signal: null, stderr: error.message });
      });
      child.once('close', (code, signal) => {
        this.alive.delete(child);
        resolve({ code, signal, stderr });
      });
    });
    return {
      nextLine: async () => {
        const line = await lines.next();
        return line.done === true ? null : line.value;
      },
      closeInput: () => child.stdin.end(),
      ended: () => ended,
      kill: () => killGroup(child),
    };
  }

  /** Ends every child by its id and waits for them. */
  async endAll(): Promise<void> {
    this.stopped = true;
    const waits = [...this.alive].map((child) => once(child, 'close').catch(() => {}));
    for (const child of this.alive) killGroup(child);
    await Promise.all(waits);
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}

/** Runs a program to its end, within a time. */
export async function runToEnd(
  children: Children,
  program: Program,
  limitMs: number,
): Promise<Exit & { stdout: string }> {
  const child = children.start(program);
  child.closeInput();
  const timer = setTimeout(() => child.kill(), limitMs);
  let stdout = '';
  for (let line = await child.nextLine(); line !== null; line = await child.nextLine()) {
    stdout += `${line}\n`;
  }
  const exit = await child.ended();
  clearTimeout(timer);
  return { ...exit, stdout };
}
