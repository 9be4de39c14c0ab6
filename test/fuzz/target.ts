/**
 * What a fuzz target is, and how inputs are kept: text files with one input a line, in hexadecimal.
 *
 * Called by the targets, by main.ts and by fuzz.test.ts. Invariant: an input that was kept is read back as it was.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Target {
  readonly name: string;
  /** The longest input that makes sense, bytes. */
  readonly maxBytes: number;
  /** Inputs to begin with where nobody has found better ones. */
  readonly seeds: () => readonly Uint8Array[];
  /** Throws when the code does what it must never do. Whatever the input is, it is no reason to throw. */
  readonly run: (input: Uint8Array) => void;
}

/** Where inputs are: `corpus` reaches much of the code, `found` made it fail once. */
export function inputsPath(kind: 'corpus' | 'found', target: string): string {
  return fileURLToPath(new URL(`./${kind}/${target}.txt`, import.meta.url));
}

export function readInputs(path: string): Uint8Array[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => Uint8Array.from(Buffer.from(line, 'hex')));
}

export function lineOf(input: Uint8Array): string {
  return `${Buffer.from(input).toString('hex')}\n`;
}

/** Fails with what was expected. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
