// The runtimes that burstwire is tried on, and how to have them: registry packages, installed below build/runtimes, outside
// the tree of dependencies. Decides nothing about results.
//
// Invariant: a runtime that cannot be had is a reason in words, never an exception.

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inRoot } from './paths.mjs';
import { capture, tail } from './run.mjs';

const DENO_ARCH = { x64: 'linux-x64-glibc', arm64: 'linux-arm64-glibc' };
const BUN_ARCH = { x64: 'linux-x64', arm64: 'linux-aarch64' };

/** `suite`: the tests run on it; all of them run the smoke. docs/runtimes.md lists them, and a test compares. */
export const RUNTIMES = [
  ...['20', '22', '24', '26'].map((major) => ({
    name: `Node ${major}`,
    alias: `node${major}`,
    package: `node-linux-${process.arch}@${major}`,
    program: 'bin/node',
    args: [],
    suite: true,
  })),
  {
    name: 'Bun 1.4',
    alias: 'bun',
    package: `@oven/bun-${BUN_ARCH[process.arch]}@1.4`,
    program: 'bin/bun',
    args: [],
    suite: false,
  },
  {
    name: 'Deno 2.9',
    alias: 'deno',
    package: `@deno/${DENO_ARCH[process.arch]}@2.9`,
    program: 'deno',
    args: ['run', '--allow-all'],
    suite: false,
  },
];

/** The folder; BURSTWIRE_RUNTIMES names another one, e.g. to keep it between clones. */
const folder = process.env.BURSTWIRE_RUNTIMES ?? inRoot('build/runtimes');

const programOf = (runtime) => join(folder, 'node_modules', runtime.alias, runtime.program);

/** This very Node is there already. */
const isOurs = (runtime) => runtime.name === `Node ${process.versions.node.split('.')[0]}`;

/** Installs what is missing. Resolves to { found: [{ ...runtime, command }], reason? }. */
export async function findRuntimes(wanted) {
  const missing = wanted.filter((one) => !isOurs(one) && !existsSync(programOf(one)));
  const reason = missing.length === 0 ? undefined : await install(missing);
  const found = wanted
    .filter((one) => isOurs(one) || existsSync(programOf(one)))
    .map((one) => ({ ...one, command: isOurs(one) ? process.execPath : programOf(one) }));
  return { found, reason };
}

/** Undefined, or why they are not there. */
async function install(missing) {
  if (process.platform !== 'linux' || DENO_ARCH[process.arch] === undefined) {
    return `there are no packages of them for ${process.platform}-${process.arch} here`;
  }
  mkdirSync(folder, { recursive: true });
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
  const specs = missing.map((one) => `${one.alias}@npm:${one.package}`);
  // Their binaries are in the packages: no script has anything to do.
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  // Without a network the answer should come soon.
  const patience = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const args = ['install', ...quiet, ...patience, '--prefix', folder, ...specs];
  const { code, output } = await capture('npm', args, {
    cwd: folder,
  });
  return code === 0 ? undefined : `npm could not install them: ${tail(output, 1)}`;
}
