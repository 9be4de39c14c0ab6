/**
 * Builds the secure ceiling (bench/ceiling/secure) on demand with CMake, and says why not where that cannot be.
 *
 * Called by e2e/cases/ceiling.ts and by the catalogue, which asks for obstacles. The binary is kept in build/ under a name
 * made of its sources, so that a changed source is compiled and an unchanged one is not.
 *
 * Invariant: a name in build/ appears only when its binary is whole.
 */

import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILD = join(ROOT, 'build');
/** Of CMake's own files; not that of the developers' build, whose options are theirs. */
const CMAKE_FOLDER = join(BUILD, 'secure-ceiling');
const TARGET = 'secure_ceiling';
const SOURCE_FOLDERS = ['bench/ceiling', 'bench/ceiling/secure', 'native/crypto', 'native/batch'];
const LIMIT_MS = 180_000;

/** Why it can be neither run nor built here; undefined when it can. */
export function secureCeilingObstacle(): string | undefined {
  if (process.platform !== 'linux') return `needs Linux, this is ${process.platform}`;
  if (!hasLibcrypto()) return 'needs libcrypto: apt-get install libssl3';
  if (existsSync(programPath())) return undefined;
  if (!isInPath('cmake')) return 'needs cmake to be built: apt-get install cmake';
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++'];
  const hasCompiler = compilers.some((name) => name !== undefined && isInPath(name));
  return hasCompiler ? undefined : 'needs a C++20 compiler to be built: apt-get install g++';
}

/**
 * The program, built if it is not there already.
 *
 * @throws Error with the compiler's first complaint
 */
export async function buildSecureCeiling(): Promise<string> {
  const path = programPath();
  if (existsSync(path)) return path;
  mkdirSync(BUILD, { recursive: true });
  const options = ['-DCMAKE_BUILD_TYPE=Release', '-DBURSTWIRE_MICRO=ON'];
  await runCmake(['-S', ROOT, '-B', CMAKE_FOLDER, ...options]);
  await runCmake(['--build', CMAKE_FOLDER, '--target', TARGET, '--parallel', '2']);
  const unfinished = `${path}.${process.pid}`;
  copyFileSync(join(CMAKE_FOLDER, TARGET), unfinished);
  renameSync(unfinished, path);
  return path;
}

async function runCmake(args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('cmake', args, { timeout: LIMIT_MS });
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & Record<string, string>;
    const lines = `${stderr}\n${stdout}`.split('\n');
    throw new Error(`it cannot be built: ${lines.find((line) => /error/i.test(line)) ?? message}`);
  }
}

function programPath(): string {
  const hash = createHash('sha256').update(process.arch);
  const files = ['CMakeLists.txt', 'native/sources.txt'];
  for (const folder of SOURCE_FOLDERS) {
    const names = readdirSync(join(ROOT, folder)).filter((name) => /\.(cc|h|asm|S)$/.test(name));
    files.push(...names.sort().map((name) => `${folder}/${name}`));
  }
  for (const file of files) hash.update(file).update(readFileSync(join(ROOT, file)));
  return join(BUILD, `secure-ceiling-${hash.digest('hex').slice(0, 16)}`);
}

function isInPath(name: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return name.includes('/') ? existsSync(name) : folders.some((at) => existsSync(join(at, name)));
}

/** The program looks for it when it starts. Where nobody can tell, it is left to the program to complain. */
function hasLibcrypto(): boolean {
  try {
    const env = {
      ...process.env,
      PATH: `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`,
    };
    return /libcrypto\.so/.test(execFileSync('ldconfig', ['-p'], { encoding: 'utf8', env }));
  } catch {
    return true;
  }
}
