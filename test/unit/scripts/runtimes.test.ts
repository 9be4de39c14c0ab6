/** The page about runtimes lists those that are tried, with their packages, and what runs on each. */

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
// @ts-expect-error A script in plain JavaScript, without types.
import { RUNTIMES } from '../../../scripts/lib/runtimes.mjs';
import { root } from '../../support/run-program.js';

interface Runtime {
  readonly name: string;
  readonly package: string;
  readonly suite: boolean;
}

it.runIf(process.arch === 'x64')('lists what is tried', () => {
  const page = readFileSync(`${root}docs/runtimes.md`, 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => /^\| (Node|Bun|Deno)/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, name, pack, , , runs]) => [name, pack, runs]);
  expect(rows).toEqual(
    (RUNTIMES as readonly Runtime[]).map((one) => [
      one.name,
      one.package,
      one.suite ? 'suite, smoke' : 'smoke',
    ]),
  );
});
