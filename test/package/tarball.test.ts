/** The tarball of `npm pack`: what is in it, and what an empty project without a compiler can do with it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EXCHANGE,
  EXCHANGED,
  type Exchange,
  emptyProject,
  npm,
  type Project,
  pack,
  root,
  run,
  whyNotPackable,
} from './tools.js';

const obstacle = whyNotPackable();
if (obstacle) console.info(`skipping the tests of the tarball: ${obstacle}`);

/** Arguments of the examples that do not run without. */
const EXAMPLE_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'file-transfer.mjs': ['demo', '10000000'],
  'prometheus.mjs': ['once'],
};
/** These go on until they are ended, and say where they listen. */
const SERVERS = ['dns-server.mjs', 'sharded-server.mjs'];
/** These belong to a server. */
const PARTS = ['sharded-client.mjs', 'sharded-worker.mjs'];
const examples = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'));
const programs = examples.filter((name) => ![...SERVERS, ...PARTS].includes(name));

/** A manifest as package.json or an unpacked tarball holds it. */
interface Manifest {
  readonly gypfile?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

describe.skipIf(obstacle !== undefined)('the tarball', () => {
  let tarball = '';
  let files: string[] = [];
  let project: Project;

  beforeAll(async () => {
    tarball = await pack();
    const listing = await run('tar', ['-tzf', tarball]);
    files = listing.stdout.trim().split('\n');
    project = emptyProject();
    const installed = await npm(project, [
      'install',
      '--ignore-scripts',
      '--prefer-offline',
      tarball,
    ]);
    if (installed.code !== 0) throw new Error(installed.stderr);
    writeFileSync(join(project.folder, 'exchange.mjs'), EXCHANGE);
  });

  afterAll(() => {
    if (tarball) rmSync(dirname(tarball), { recursive: true, force: true });
    if (project) rmSync(project.folder, { recursive: true, force: true });
  });

  /** The exchange of five datagrams in the installed project, with more environment and arguments of Node. */
  async function exchange(env: NodeJS.ProcessEnv, nodeArgs: string[] = []): Promise<Exchange> {
    const result = await run(process.execPath, [...nodeArgs, 'exchange.mjs'], {
      cwd: project.folder,
      env: { ...project.env, ...env },
      timeoutMs: 20_000,
    });
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return JSON.parse(result.stdout);
  }

  it('holds nothing that makes a package manager build it', () => {
    expect(files.filter((file) => /\.gypi?$|CMakeLists\.txt$/.test(file))).toEqual([]);
    const path = join(project.folder, 'node_modules/burstwire/package.json');
    const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'));
    expect(manifest.gypfile).toBe(false);
    const scripts = Object.keys(manifest.scripts ?? {});
    expect(scripts.filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
    expect(Object.keys(manifest.dependencies ?? {})).toEqual(['@noble/ciphers']);
  });

  it('holds the binary of this machine, the code, its types and the sources they map to', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        `package/prebuilds/linux-${process.arch}/burstwire.glibc.node`,
        'package/prebuilds/manifest.json',
        'package/dist/udp.js',
        'package/dist/udp.d.ts',
        'package/dist/udp.js.map',
        'package/dist/cli/main.js',
        'package/lib/udp.ts',
        'package/native/udp/send.cc',
        'package/bench/ceiling/main.cc',
        'package/LICENSE',
        'package/README.md',
        'package/CHANGELOG.md',
        'package/tools/wireshark/burstwire.lua',
        // The README links to these.
        'package/docs/many-cores.md',
        'package/examples/sharded-server.mjs',
      ]),
    );
    expect(
      files.filter((file) =>
        /\.tsbuildinfo$|^package\/(native\/)?(test|fuzz|scripts)\//.test(file),
      ),
    ).toEqual([]);
  });

  it('describes its binaries truthfully', async () => {
    const folder = join(project.folder, 'node_modules/burstwire/prebuilds');
    const manifest: Record<string, { file: string; sha256: string; glibcMax: string }> = JSON.parse(
      readFileSync(join(folder, 'manifest.json'), 'utf8'),
    );
    expect(Object.keys(manifest)).toContain(`linux-${process.arch}`);
    for (const { file, sha256, glibcMax } of Object.values(manifest)) {
      const sum = await run('sha256sum', [join(folder, file)]);
      expect(sum.stdout.split(' ')[0]).toBe(sha256);
      expect(Number(glibcMax.split('.')[1])).toBeLessThanOrEqual(28);
    }
    const binaries = files.filter((file) => file.endsWith('.node'));
    expect(binaries.length).toBe(Object.keys(manifest).length);
  });

  it('holds a binary without the faults that tests inject', async () => {
    const path = join(
      project.folder,
      `node_modules/burstwire/prebuilds/linux-${process.arch}/burstwire.glibc.node`,
    );
    const code =
      'console.log(Object.getOwnPropertyNames(require(process.argv[1]).UdpSocket.prototype).join())';
    const result = await run(process.execPath, ['-e', code, path], { env: project.env });
    const methods = result.stdout.trim().split(',');
    expect(methods).toContain('receive');
    expect(methods).not.toContain('inject');
    expect(methods).not.toContain('setNow');
  });

  it('sends and receives on the native engine, installed without scripts and without a compiler', async () => {
    const { name, taken, seen } = await exchange({});
    expect({ name, taken, seen }).toEqual({ name: 'native', taken: 5, seen: EXCHANGED });
  });

  it('sends and receives on the dgram engine where addons are forbidden', async () => {
    const { name, reason, taken, seen } = await exchange({}, ['--no-addons']);
    expect({ name, taken, seen }).toEqual({ name: 'dgram', taken: 5, seen: EXCHANGED });
    expect(reason).toMatch(/addons/i);
  });

  it('sends and receives on the dgram engine when asked to', async () => {
    const { name, seen } = await exchange({ BURSTWIRE_ENGINE: 'dgram' });
    expect({ name, seen }).toEqual({ name: 'dgram', seen: EXCHANGED });
  });

  it('can be required from CommonJS', async () => {
    const code = "console.log(Object.keys(require('burstwire/udp')).includes('bind'))";
    const result = await run(process.execPath, ['--input-type=commonjs', '-e', code], {
      cwd: project.folder,
      env: project.env,
    });
    expect(result.stdout.trim(), result.stderr).toBe('true');
  });

  it('brings its command', async () => {
    const command = join(project.folder, 'node_modules/.bin/burstwire');
    const result = await run(process.execPath, [command, 'doctor'], {
      cwd: project.folder,
      env: project.env,
    });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).toMatch(/native/);
  });

  it.each(programs)('runs examples/%s', async (example) => {
    cpSync(join(root, 'examples', example), join(project.folder, example));
    const args = [example, ...(EXAMPLE_ARGUMENTS[example] ?? [])];
    const result = await run(process.execPath, args, {
      cwd: project.folder,
      env: project.env,
      timeoutMs: 60_000,
    });
    expect(result.code, result.stderr).toBe(0);
    expect(result.stdout).not.toBe('');
  });

  it.each(SERVERS)('starts examples/%s', async (example) => {
    for (const name of [example, ...PARTS]) {
      cpSync(join(root, 'examples', name), join(project.folder, name));
    }
    const child = spawn(process.execPath, [example, '0'], {
      cwd: project.folder,
      env: project.env,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
    });
    const ended = once(child, 'close');
    const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
    child.kill('SIGKILL');
    await ended;
    expect(String(line)).toMatch(/^listening on /);
  });

  it('installs again from the lockfile with scripts allowed and still builds nothing', async () => {
    const again = emptyProject();
    try {
      const first = await npm(again, ['install', '--prefer-offline', tarball]);
      expect(first.code, first.stderr).toBe(0);
      rmSync(join(again.folder, 'node_modules'), { recursive: true });
      const second = await npm(again, ['ci', '--prefer-offline', '--foreground-scripts']);
      expect(second.code, second.stderr).toBe(0);
      expect(`${second.stdout}${second.stderr}`).not.toMatch(/gyp|install scripts/i);
    } finally {
      rmSync(again.folder, { recursive: true, force: true });
    }
  });

  it('passes publint, warnings included', async () => {
    const publint = join(root, 'node_modules/publint/src/cli.js');
    const result = await run(process.execPath, [publint, 'run', tarball, '--strict']);
    expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
  });

  it('passes arethetypeswrong for ESM', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const options = ['--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji'];
    const result = await run(process.execPath, [attw, tarball, ...options]);
    expect(result.code, `${result.stdout}\n${result.stderr}`).toBe(0);
  });

  it('type-checks in a strict project of its user', async () => {
    const folder = join(project.folder, 'typed');
    mkdirSync(folder);
    writeFileSync(
      join(folder, 'use.ts'),
      `import { bind } from 'burstwire/udp';
const socket = await bind({ address: '127.0.0.1', port: 0 });
socket.on('batch', (batch) => {
  const bytes: Uint8Array = batch.payload(0);
  const port: number = batch.remote(0).port;
  console.log(bytes, port);
});
const taken: number = socket.send(new Uint8Array(1), { address: '127.0.0.1', port: 1 });
console.log(taken);
// @ts-expect-error: a port is a number
await bind({ port: 'x' });
await socket.close();
`,
    );
    const tsc = join(root, 'node_modules/typescript/lib/tsc.js');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022'];
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
    const result = await run(process.execPath, [tsc, ...options, ...types, 'use.ts'], {
      cwd: folder,
    });
    expect(result.code, result.stdout).toBe(0);
  });
});
