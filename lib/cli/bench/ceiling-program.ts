/**
 * Builds the C++ ceiling program (bench/ceiling) on demand, with whatever C++20 compiler is there.
 *
 * The harness calls it once before the first round. The binary is kept in `build/` under a name made of its sources,
 * so a changed source is compiled and an unchanged one is not. Where it cannot be built the rows that need it are
 * left out, with the reason.
 */

import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Children, runToEnd } from './children.js';

export type CeilingProgram = { readonly path: string } | { readonly reason: string };

/** Where and with what to build; tests bring their own. */
export interface CeilingBuild {
  readonly compilers: readonly string[];
  readonly folder: string;
}

const PACKAGE_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FLAGS = ['-std=c++20', '-O2', '-Wall', '-Wextra'];
const COMPILE_LIMIT_MS = 60_000;

/** The program, built if it is not there already, or why there is none. */
export async function buildCeiling(
  children: Children,
  build: CeilingBuild = { compilers: compilerNames(), folder: join(PACKAGE_ROOT, 'build') },
): Promise<CeilingProgram> {
  if (process.platform !== 'linux')
    return { reason: `it needs Linux, this is ${process.platform}` };
  const folder = join(PACKAGE_ROOT, 'bench', 'ceiling');
  let sources: string[];
  try {
    sources = readdirSync(folder)
      .filter((name) => name.endsWith('.cc') || name.endsWith('.h'))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return { reason: 'its sources (bench/ceiling) are not here' };
  }
  const path = join(build.folder, `ceiling-${fingerprint(sources)}`);
  if (isExecutable(path)) return { path };
  try {
    mkdirSync(build.folder, { recursive: true });
  } catch (error) {
    return { reason: `its folder cannot be made (${(error as Error).message})` };
  }
  return compile(children, build.compilers, sources, path);
}

async function compile(
  children: Children,
  compilers: readonly string[],
  sources: readonly string[],
  path: string,
): Promise<CeilingProgram> {
  const unfinished = `${path}.${process.pid}`;
  const inputs = sources.filter((name) => name.endsWith('.cc'));
  let reason = '';
  for (const command of compilers) {
    const args = [...FLAGS, '-o', unfinished, ...inputs];
    const exit = await runToEnd(children, { command, args }, COMPILE_LIMIT_MS);
    if (exit.code === 0) {
      renameSync(unfinished, path);
      return { path };
    }
    // A compiler that is not there has no exit code; one that fails says why in its first line.
    const what = exit.stderr.split('\n')[0] ?? '';
    if (exit.code !== null || reason === '') reason = `${command}: ${what}`;
  }
  return { reason: `no C++20 compiler built it (${reason})` };
}

function compilerNames(): readonly string[] {
  const own = process.env.CXX;
  return own ? [own, 'g++', 'clang++', 'c++'] : ['g++', 'clang++', 'c++'];
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256').update(FLAGS.join(' ')).update(process.arch);
  for (const file of files)
    hash.update(file.slice(file.lastIndexOf('/'))).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
