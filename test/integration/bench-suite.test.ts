/**
 * `npm run bench` over every benchmark of the catalogues, far too short to measure anything: each has rows, and none of
 * ours fails. Structure is asserted, never a figure.
 *
 * Of the cases that differ in arguments alone, the first stands for all; peers are left to those who compare with them, as
 * they are not installed here. Two lanes side by side: cases mostly wait, for processes, for the path's MTU, for crowds
 * to settle; and nobody reads a clock.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../bench/suite/catalogue.js';
import { main } from '../../bench/suite/main.js';
import type { SuiteResult } from '../../bench/suite/result.js';
import type { Benchmark, Case } from '../../bench/suite/types.js';
import { root, runProgram } from '../support/run-program.js';

const SHORT = ['--quick', '--seconds', '0.05', '--rounds', '1'];
const LIMIT_MS = 300_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-suite-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The first case of each role and script, peers aside. */
function thin(benchmark: Benchmark): Benchmark {
  const seen = new Set<string>();
  const isNew = (item: Case) => {
    const kind = `${item.role} ${item.script}`;
    if (item.role === 'peer' || seen.has(kind)) return false;
    seen.add(kind);
    return true;
  };
  return { ...benchmark, cases: benchmark.cases.filter(isNew) };
}

async function runLane(name: string, all: readonly Benchmark[]) {
  const json = join(folder, `${name}.json`);
  let said = '';
  const output = { write: (text: string) => (said += text) };
  const code = await main([...SHORT, '--json', json], all, output, output);
  const result = JSON.parse(readFileSync(json, 'utf8')) as SuiteResult;
  return { code, said, result };
}

describe('the suite', () => {
  it('runs every benchmark', { timeout: LIMIT_MS }, async () => {
    const all = CATALOGUE.map(thin);
    const lanes = [0, 1].map((lane) => all.filter((_, i) => i % 2 === lane));
    const done = await Promise.all(lanes.map((lane, i) => runLane(`lane${i}`, lane)));
    const found = done.flatMap(({ result }) => result.benchmarks);
    expect(found.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
    for (const { id, cases } of found) {
      const ours = cases.filter(({ role }) => role !== 'peer' && role !== 'limit');
      const failed = ours.filter(({ failures }) => failures.length > 0);
      expect(failed.map(({ name, failures }) => `${id} ${name}: ${failures.join()}`)).toEqual([]);
      const measured = ours.filter((item) => item.missing !== undefined || item.samples.length > 0);
      expect(measured.length, id).toBeGreaterThan(0);
    }
    expect(done.map(({ code }) => code)).toEqual([0, 0]);
  });

  it('is a program with progress, tables and both files', { timeout: 60_000 }, async () => {
    const [json, page] = [join(folder, 'p5.json'), join(folder, 'p5.html')];
    const args = [...SHORT, '--only', 'P5', '--json', json, '--html', page];
    const { code, stdout, stderr } = await runProgram('bench/run.mjs', { args });
    expect(code).toBe(0);
    expect(stderr).toContain('[1/');
    expect(stdout).toMatch(/^P5 {2}/);
    expect(readFileSync(page, 'utf8')).toContain('</html>');
    const { config, benchmarks } = JSON.parse(readFileSync(json, 'utf8')) as SuiteResult;
    expect(config).toMatchObject({ only: ['P5'], quick: true, seconds: 0.05, rounds: 1 });
    expect(benchmarks.map(({ id }) => id)).toEqual(['P5']);
  });

  it('ends its children when it is interrupted', { timeout: 60_000 }, async () => {
    const args = ['bench/run.mjs', '--only', 'P5', '--seconds', '600', '--rounds', '1'];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (bytes) => {
      const isFirst = !stderr.includes('[1/');
      stderr += bytes;
      if (isFirst && stderr.includes('[1/')) child.kill('SIGINT');
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
    expect(stderr).toMatch(/\ninterrupted\n$/);
  });

  it('refuses what it does not know in one line', async () => {
    const { code, stdout, stderr } = await runProgram('bench/run.mjs', { args: ['--only', 'Z1'] });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^bench: --only: no benchmark or group is called 'Z1'[^\n]*\n$/);
  });
});
