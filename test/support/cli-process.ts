/**
 * A process of the command line that goes on while the test talks to it: its output so far, its end, signals by its id.
 *
 * Called by the integration tests of `perf`, `send` and `receive`. Invariant: `endAll` leaves none alive.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { root } from './run-program.js';

const WAIT_MS = 15_000;

export class CliProcess {
  stdout = '';
  stderr = '';
  /** With the exit code, or the signal's name. */
  readonly ended: Promise<number | string | null>;
  readonly #child: ChildProcess;
  #onOutput: () => void = () => {};

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (bytes) => {
      this.stdout += bytes;
      this.#onOutput();
    });
    this.#child.stderr?.on('data', (bytes) => {
      this.stderr += bytes;
      this.#onOutput();
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        resolve(signal ?? code);
        this.#onOutput();
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Until it has said so on either output; else an error with what it has said. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
      if (match !== null) return match;
      const left = deadline - performance.now();
      if (left <= 0 || this.#child.exitCode !== null) {
        throw new Error(`it has not said ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        this.#onOutput = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** HOST:PORT and KEY of a `perf server` or a `receive` that was told to take any port. */
  async place(): Promise<{ host: string; key: string }> {
    const [, port, key] = await this.says(/listening on \S+:(\d+)(?:, .*)?\nkey (\S+)\n/);
    return { host: `127.0.0.1:${port}`, key };
  }
}

export class CliProcesses {
  readonly #all: CliProcess[] = [];

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
    const started = new CliProcess(args, env);
    this.#all.push(started);
    return started;
  }

  async endAll(): Promise<void> {
    for (const one of this.#all) one.kill('SIGKILL');
    await Promise.all(this.#all.splice(0).map((one) => one.ended));
  }
}
