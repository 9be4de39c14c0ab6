/**
 * `burstwire bench` as a person runs it, very short: every row, both files, what is missing, and an interruption.
 * Structure and counts are asserted, never times.
 */

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCeiling } from '../../lib/cli/bench/ceiling-program.js';
import { Children, runToEnd } from '../../lib/cli/bench/children.js';
import type { BenchmarkResult } from '../../lib/cli/bench/result.js';
import { ROWS } from '../../lib/cli/bench/rows.js';
import { capabilities } from '../../lib/udp.js';
import { root, runProgram } from '../support/run-program.js';

const MAIN = 'dist/cli/main.js';
const SHORT = ['bench', '--seconds', '0.2', '--rounds', '1'];
const isLinux = process.platform === 'linux';
const hasNative = capabilities().engine === 'native';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('bench', () => {
  // Once more when a window of 0.2 s was starved: other programs may have both processors for that long.
  it('measures every row and writes both files', { timeout: 120_000, retry: 1 }, async () => {
    const [json, page] = [join(folder, 'all.json'), join(folder, 'all.html')];
    const args = [...SHORT, '--json', json, '--html', page];
    const { code, stdout, stderr } = await runProgram(MAIN, { args, limitMs: 110_000 });
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(stderr).toContain('[1/');
    expect(stdout).toContain('ONE SENDER, ONE RECEIVER');
    const result = JSON.parse(readFileSync(json, 'utf8')) as BenchmarkResult;
    expect(result).toMatchObject({
      format: 'burstwire-benchmark',
      version: 1,
      config: { sizeBytes: 1400, seconds: 0.2, rounds: 1, destinations: 64 },
    });
    expect(result.rows.map((row) => row.id)).toEqual(ROWS.map((row) => row.id));
    for (const row of result.rows) checkRow(row);
    expect(readFileSync(page, 'utf8')).toContain('</html>');
  });

  it('says why native rows are missing and measures the rest', async () => {
    const json = join(folder, 'dgram.json');
    const only = ['--only', 'gso-gro', '--no-verify', '--json', json];
    const env = { BURSTWIRE_ENGINE: 'dgram' };
    const { code, stdout } = await runProgram(MAIN, { args: [...SHORT, ...only], env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/burstwire GSO -> GRO: not available \(the native engine is off: .+\)/);
    const { rows } = JSON.parse(readFileSync(json, 'utf8')) as BenchmarkResult;
    expect(rows.map((row) => [row.id, row.figures !== null])).toEqual([
      ['dgram', true],
      ['gso-gro', false],
    ]);
  });

  it.runIf(isLinux)('ends with its children when interrupted', async () => {
    const child = spawn(process.execPath, [MAIN, 'bench', '--only', 'dgram', '--no-verify'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    let children: number[] = [];
    child.stderr.once('data', () => {
      // Both sides of the first case need a moment to start.
      const wait = setInterval(() => {
        children = childrenOf(child.pid!);
        if (children.length < 2) return;
        clearInterval(wait);
        child.kill('SIGINT');
      }, 10);
    });
    expect(await ended).toBe(130);
    expect(children).toHaveLength(2);
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});

function checkRow(row: BenchmarkResult['rows'][number]): void {
  if (row.unavailable !== undefined) {
    expect(row.figures).toBeNull();
    // Without the addon or without a compiler; anything else must have been measured.
    expect(row.group === 'ceiling' || !hasNative).toBe(true);
    return;
  }
  const [sample] = row.samples;
  expect([row.id, sample === null]).toEqual([row.id, false]);
  expect(sample!.receivedTotal).toBeGreaterThan(0);
  expect(sample!.receivedTotal).toBeLessThanOrEqual(sample!.sentTotal);
  expect(row.figures?.receivedPerSecond.median).toBe(sample!.receivedPerSecond);
  // Engine and kernel count the same system calls.
  expect([row.id, row.verification?.agrees ?? null]).not.toEqual([row.id, false]);
  if (row.id !== 'gso-gro') return;
  expect(sample!.sendCallsPerDatagram).toBeLessThanOrEqual(1 / 46);
  expect(sample!.receiveCallsPerDatagram).toBeLessThanOrEqual(0.03);
}

/** Ids of the processes that a process has started and that live. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

describe.runIf(isLinux)('the C++ ceiling', () => {
  const children = new Children();
  afterAll(() => children.endAll());

  it('is left out with a reason when nothing can build it', async () => {
    const build = { compilers: ['/nonexistent/compiler'], folder: join(folder, 'none') };
    const built = await buildCeiling(children, build);
    expect(built).toMatchObject({
      reason: expect.stringContaining('no C++20 compiler built it (/nonexistent/compiler:'),
    });
  });

  it('is built once, and refuses what it does not understand', async (context) => {
    const build = { compilers: ['g++', 'clang++'], folder: join(folder, 'ceiling') };
    const built = await buildCeiling(children, build);
    if ('reason' in built && built.reason.includes('ENOENT')) context.skip(built.reason);
    expect(built).toHaveProperty('path');
    const { path } = built as { path: string };
    const again = await buildCeiling(children, { ...build, compilers: [] });
    expect(again).toEqual({ path });
    for (const args of [
      [],
      ['fly'],
      ['send'],
      ['send', '--ports', '0'],
      ['send', '--ports', '1,70000'],
      ['recv', '--size', '0'],
      ['recv', '--seconds'],
      ['recv', '--seconds', 'nan'],
      ['send', '--ports', '1,2', '--connected'],
    ]) {
      const exit = await runToEnd(children, { command: path, args }, 5000);
      expect([args, exit.code]).toEqual([args, 2]);
    }
  });
});
