/**
 * What the tests of the tarball share: packing it, an empty project with nothing on PATH but Node, running programs.
 *
 * Needs a C++ compiler, since packing builds the binaries; `whyNotPackable` says when there is none.
 * Invariant: nothing is written outside build/ and folders made with `emptyProject`.
 */

import { execFile } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Runs a program to its end; a failure is a result, not an exception. */
export function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = plainEnvironment(), timeoutMs = 120_000 }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { cwd, env, timeout: timeoutMs, maxBuffer: 64 << 20 };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 127) : 0;
      resolve({ code, stdout, stderr: error ? `${stderr}\n${error.message}` : stderr });
    });
  });
}

/** Our environment without what npm and the tests themselves put there. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|BURSTWIRE_|VITEST|NODE_OPTIONS$|NODE_ENV$)/.test(name),
    ),
  );
}

/** The full path of a program on PATH, or undefined. */
export function which(name: string): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Why the tarball cannot be packed here, or undefined when it can. */
export function whyNotPackable(): string | undefined {
  if (process.platform !== 'linux') return 'the binaries of the tarball are built on Linux';
  const missing = ['g++', 'make', 'python3', 'readelf', 'npm'].filter((name) => !which(name));
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined;
}

/** npm's own script, to be run with this Node: the way in when PATH holds nothing. */
export function npmScript(): string {
  const running = process.env.npm_execpath;
  if (running && basename(running) === 'npm-cli.js') return running;
  return realpathSync(which('npm') ?? '');
}

/** Packs the repository into build/package-test; returns the tarball's path. */
export async function pack(): Promise<string> {
  const destination = join(root, 'build/package-test', String(process.pid));
  mkdirSync(destination, { recursive: true });
  const args = [npmScript(), 'pack', '--json', '--pack-destination', destination];
  const { code, stdout, stderr } = await run(process.execPath, args, { timeoutMs: 280_000 });
  if (code !== 0) throw new Error(`npm pack failed\n${stderr}\n${stdout}`);
  const version: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  return join(destination, `burstwire-${version}.tgz`);
}

export interface Project {
  readonly folder: string;
  /** An environment whose PATH holds `node` and nothing else: no compiler, no make, no python. */
  readonly env: NodeJS.ProcessEnv;
}

/** An empty project in the system's folder for temporary files. The caller removes it. */
export function emptyProject(): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'burstwire-package-')));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'empty', version: '1.0.0', private: true, type: 'module' }),
  );
  return { folder, env: { ...plainEnvironment(), PATH: bin } };
}

/** Runs npm inside a project. */
export function npm(project: Project, args: readonly string[]): Promise<Finished> {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier'];
  return run(process.execPath, [npmScript(), ...args, ...quiet], {
    cwd: project.folder,
    env: project.env,
  });
}

/**
 * A program of a user: two sockets on loopback, five datagrams one way; prints what it saw as JSON.
 * It ends by itself after ten seconds, so a datagram that never arrives is a failure and not a hang.
 */
export const EXCHANGE = `
import { bind } from 'burstwire/udp';

const receiver = await bind({ address: '127.0.0.1' });
const sender = await bind({ address: '127.0.0.1' });
const seen = [];
const limit = setTimeout(() => {
  console.error('after 10 s: ' + JSON.stringify(seen));
  process.exit(2);
}, 10_000);
receiver.on('batch', async (batch) => {
  for (let i = 0; i < batch.length; i++) {
    seen.push({
      text: Buffer.from(batch.payload(i)).toString(),
      fromSender: batch.remote(i).port === sender.address.port,
    });
  }
  if (seen.length < 5) return;
  clearTimeout(limit);
  const { name, gso, gro, reason } = receiver.engine;
  console.log(JSON.stringify({ name, gso, gro, reason, taken, seen }));
  await Promise.all([receiver.close(), sender.close()]);
});
const texts = ['one', 'two', 'six', '', 'a longer last one'];
const taken = sender.sendBatch(texts.map((text) => Buffer.from(text)), receiver.address);
`;

export interface Exchange {
  readonly name: string;
  readonly gso: boolean;
  readonly gro: boolean;
  readonly reason?: string;
  readonly taken: number;
  readonly seen: readonly { readonly text: string; readonly fromSender: boolean }[];
}

/** What `EXCHANGE` sees when everything works, apart from the engine. */
export const EXCHANGED = ['one', 'two', 'six', '', 'a longer last one'].map((text) => ({
  text,
  fromSender: true,
}));
