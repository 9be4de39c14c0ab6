/**
 * The runner with scripted cases: good ones, and every way in which a case can let it down.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasFailed } from '../../../bench/suite/main.js';
import type { BenchmarkResult, CaseResult } from '../../../bench/suite/result.js';
import { runBenchmark } from '../../../bench/suite/run.js';
import { TimeLeft } from '../../../bench/suite/time-left.js';
import type { Benchmark } from '../../../bench/suite/types.js';
import { Children } from '../../../lib/cli/bench/children.js';
import { Progress } from '../../../lib/cli/bench/progress.js';
import { fakeBenchmark, fakeCase, planFake, suiteOf } from './fakes.js';

let children: Children;
let said: string;

beforeEach(() => {
  children = new Children();
  said = '';
});

afterEach(() => children.endAll());

function run(benchmark: Benchmark, rounds = 1): Promise<BenchmarkResult> {
  const output = { write: (text: string) => (said += text) };
  const planned = planFake(benchmark, rounds);
  const runs = planned.cases.length * rounds;
  return runBenchmark(
    {
      children,
      progress: new Progress(output, runs),
      timeLeft: new TimeLeft(runs, 1),
      counter: { events: [] },
    },
    planned,
  );
}

async function runOne(act: string, extraSeconds = 15): Promise<CaseResult> {
  const result = await run(fakeBenchmark([fakeCase('it', act, { extraSeconds })]));
  return result.cases[0];
}

describe('a case that works', () => {
  it('is given its window and read', async () => {
    const found = await runOne('good');
    expect(found.failures).toEqual([]);
    expect(found.samples).toEqual([{ opsPerSec: 100, lostPercent: 0, note: 'window of 0.01 s' }]);
    expect(found.estimates.opsPerSec?.median).toBe(100);
    expect(found.notes).toEqual(['window of 0.01 s']);
  });

  it('may say what it likes before its last line', async () => {
    expect((await runOne('chatty')).samples).toEqual([{ opsPerSec: 1 }]);
  });

  it('runs once a round, beside the others, and progress says which', async () => {
    const cases = [fakeCase('one', 'good'), fakeCase('two', 'good')];
    const found = await run(fakeBenchmark(cases), 2);
    expect(found.cases.map((item) => item.samples.length)).toEqual([2, 2]);
    expect(said).toMatch(/^\[1\/4\] P1 one, round 1 of 2, .* left\n/);
    expect(said).toContain('[4/4] P1 ');
  });
});

describe('a case that does not', () => {
  it.each([
    ['told', 'the server would not listen'],
    ['failing', 'exit code 1: RangeError: out of cheese'],
    ['killed', 'ended by SIGTERM'],
    ['silent', 'printed nothing'],
    ['nonsense', "printed no JSON last, but 'Segmentation fault'"],
    ['list', 'printed [1,2] instead of an object'],
    ['nan', 'printed null for opsPerSec'],
    ['unknown', "printed 'opsPerMinute', no metric"],
    ['other', 'printed no opsPerSec'],
  ])('%s: is a row that says so', async (act, failure) => {
    const found = await runOne(act);
    expect(found.failures).toEqual([failure]);
    expect(found.samples).toEqual([null]);
    expect(found.estimates).toEqual({});
  });

  it('hangs: is ended, and not started again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'burstwire-suite-'));
    try {
      const log = join(folder, 'log');
      const env = { FAKE: 'hanging', FAKE_LOG: log };
      const hanging = fakeCase('it', 'hanging', { extraSeconds: 3, env });
      const found = (await run(fakeBenchmark([hanging]), 3)).cases[0];
      expect(found.failures).toEqual(['ended by us after 3.0 s: it hung']);
      expect(found.samples).toEqual([null, null, null]);
      expect(readFileSync(log, 'utf8')).toBe('started\n');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('has no script: says which', async () => {
    const lost = fakeCase('it', 'good', { script: '/nowhere/case.mjs' });
    expect((await run(fakeBenchmark([lost]))).cases[0].failures).toEqual([
      'there is no /nowhere/case.mjs',
    ]);
  });

  it('lacks something: is not started, says what, and has not failed', async () => {
    const item = fakeCase('it', 'failing', { obstacle: () => 'no such peer' });
    const found = await run(fakeBenchmark([item]));
    expect(found.cases[0]).toMatchObject({ missing: 'no such peer', samples: [], failures: [] });
    expect(hasFailed(suiteOf([found]))).toBe(false);
  });

  it.each([
    ['ours', true],
    ['before', true],
    ['after', true],
    ['peer', false],
    ['limit', false],
  ] as const)('matters for the exit code when it is %s: %s', async (role, matters) => {
    const found = await run(fakeBenchmark([fakeCase('it', 'silent', { role })]));
    expect(hasFailed(suiteOf([found]))).toBe(matters);
  });
});
