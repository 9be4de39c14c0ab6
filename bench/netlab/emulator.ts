/**
 * Builds the link emulator on demand, and says what a machine lacks for it.
 *
 * Called by the laboratory and by tests. Starts nothing that outlives the call. Invariant: the binary's name is made of
 * its sources and flags, so a changed source is compiled and an unchanged one is not.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const BUILD = fileURLToPath(new URL('../../build/', import.meta.url));
const FLAGS = [
  ...['-std=c++20', '-O2', '-fno-exceptions', '-fno-rtti'],
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion', '-Wsign-conversion'],
];
const COMPILE_LIMIT_MS = 60_000;

export interface Built {
  readonly path: string;
  /** What the compiler said when it made it. */
  readonly warnings: string;
}

/** Compiles the emulator into `folder`, unless it is there already. Throws with the compiler's first line. */
export function buildEmulator(folder = BUILD): Built {
  const files = readdirSync(SOURCES).filter((name) => /\.(cc|h)$/.test(name));
  const path = join(folder, `netlab-${fingerprint(files.sort())}`);
  if (existsSync(path)) return { path, warnings: readFileSync(`${path}.log`, 'utf8') };
  mkdirSync(folder, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  const units = files.filter((name) => name.endsWith('.cc')).map((name) => join(SOURCES, name));
  const problems: string[] = [];
  for (const compiler of compilers()) {
    const args = [...FLAGS, '-o', unfinished, ...units];
    const { status, stderr, error } = spawnSync(compiler, args, {
      encoding: 'utf8',
      timeout: COMPILE_LIMIT_MS,
    });
    if (status === 0) {
      writeFileSync(`${path}.log`, stderr);
      renameSync(unfinished, path);
      return { path, warnings: stderr };
    }
    problems.push(`${compiler}: ${error?.message ?? stderr.split('\n')[0] ?? ''}`);
  }
  throw new Error(`the link emulator was not built (${problems.join('; ')})`);
}

/** Why there can be no laboratory here, with the remedy in the same line; undefined when there can. */
export function obstacle(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'it needs root: run it with sudo';
  try {
    closeSync(openSync('/dev/net/tun', 'r+'));
  } catch (error) {
    return `it needs /dev/net/tun (${(error as NodeJS.ErrnoException).code}): modprobe tun`;
  }
  const probe = `netlab-${process.pid}-probe`;
  const added = spawnSync('ip', ['netns', 'add', probe], { encoding: 'utf8' });
  if (added.error !== undefined) return 'it needs iproute2: apt-get install iproute2';
  if (added.status !== 0) {
    const said = added.stderr.trim().split('\n')[0];
    return `it needs network namespaces (${said}): a container wants CAP_SYS_ADMIN and CAP_NET_ADMIN`;
  }
  spawnSync('ip', ['netns', 'del', probe]);
  const found = compilers().some((name) => spawnSync(name, ['--version']).status === 0);
  return found ? undefined : 'it needs a C++20 compiler: apt-get install g++';
}

function compilers(): readonly string[] {
  const own = process.env.CXX;
  return own ? [own, 'g++', 'clang++', 'c++'] : ['g++', 'clang++', 'c++'];
}

function fingerprint(files: readonly string[]): string {
  const hash = createHash('sha256').update(FLAGS.join(' ')).update(process.arch);
  for (const file of files) hash.update(file).update(readFileSync(join(SOURCES, file)));
  return hash.digest('hex').slice(0, 16);
}
