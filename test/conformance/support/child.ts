/**
 * Programs in a process of their own, on the compiled package: for what only the end of a process shows.
 *
 * Called with source text; `{{udp}}` in it becomes the place of the package.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import type { Variant } from './variants.js';
import { until } from './waiting.js';

const UDP = new URL('../../../dist/udp.js', import.meta.url).href;

export class Program {
  stdout = '';
  stderr = '';
  /** Undefined while it runs; a signal's name when one ended it. */
  exit: number | string | undefined;
  readonly #process: ChildProcess;

  constructor(source: string, env: Readonly<Record<string, string>>, flags: readonly string[]) {
    const text = source.replaceAll('{{udp}}', UDP);
    this.#process = spawn(process.execPath, [...flags, '--input-type=module', '-e', text], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.#process.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.#process.on('close', (code, signal) => {
      this.exit = code ?? signal ?? 'no reason';
    });
    onTestFinished(() => {
      if (this.exit === undefined) this.#process.kill('SIGKILL');
    });
  }

  /** Waits for the end; returns what it printed, line by line. */
  async lines(): Promise<string[]> {
    await until(
      () => this.exit !== undefined,
      () => `the end of a program that printed ${this.stdout} ${this.stderr}`,
    );
    return this.stdout.split('\n').filter((line) => line !== '');
  }

  /** Waits for a line that matches; returns the match. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null;
    await until(
      () => {
        match = pattern.exec(this.stdout);
        return match !== null || this.exit !== undefined;
      },
      () => `${pattern} of a program that printed ${this.stdout} ${this.stderr}`,
    );
    if (match === null)
      throw new Error(`it ended without ${pattern}: ${this.stdout} ${this.stderr}`);
    return match;
  }
}

/** Starts a program. `{{options}}` in its source becomes the variant's, on 127.0.0.1. */
export function start(
  source: string,
  variant?: Variant,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Program {
  const options = JSON.stringify({ address: '127.0.0.1', ...variant?.options });
  return new Program(source.replaceAll('{{options}}', options), env, flags);
}
