/**
 * The command from its options to its exit code, with scripted cases.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../../bench/suite/main.js';
import type { SuiteResult } from '../../../bench/suite/result.js';
import type { Case } from '../../../bench/suite/types.js';
import { fakeBenchmark, fakeCase, resultOf, samplesOf, suiteOf } from './fakes.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-suite-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(cases: readonly Case[], ...more: string[]) {
  let [out, err] = ['', ''];
  const code = await main(
    ['--seconds', '0.01', '--rounds', '1', ...more],
    [fakeBenchmark(cases)],
    { write: (text: string) => (out += text) },
    { write: (text: string) => (err += text) },
  );
  return { code, out, err };
}

/** A result in which the case has reached 100 times as much. */
function oldResult(name: string): string {
  const file = join(folder, 'old.json');
  const old = resultOf(fakeBenchmark([fakeCase(name, 'good')]), {
    [name]: samplesOf('opsPerSec', [10_000]),
  });
  writeFileSync(file, JSON.stringify(suiteOf([old])));
  return file;
}

describe('a run', () => {
  it('prints the tables and writes both files', async () => {
    const [json, page] = [join(folder, 'r.json'), join(folder, 'r.html')];
    const { code, out, err } = await run(
      [fakeCase('one', 'good')],
      ...['--json', json, '--html', page],
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^P1 {2}A fake \(1 x 0\.01 s\)\n/);
    expect(err).toMatch(/^cases: 1, processes: 1, time: about \d+ s\n\[1\/1\] P1 one/);
    const result = JSON.parse(readFileSync(json, 'utf8')) as SuiteResult;
    expect(result).toMatchObject({
      format: 'burstwire-suite',
      version: 1,
      config: { only: [], quick: false, seconds: 0.01, rounds: 1 },
      benchmarks: [
        { id: 'P1', cases: [{ name: 'one', estimates: { opsPerSec: { median: 100 } } }] },
      ],
    });
    expect(result.environment.node).toBe(process.version);
    expect(readFileSync(page, 'utf8')).toContain('100 op/s');
  });

  it('goes on after a failure and tells it; ours decides about the exit code', async () => {
    const bad = await run([fakeCase('one', 'failing'), fakeCase('two', 'good')]);
    expect(bad.code).toBe(1);
    expect(bad.out).toContain('one: failed: exit code 1: RangeError: out of cheese');
    expect(bad.out).toMatch(/^two +100 /m);
    const peer = await run([fakeCase('one', 'failing', { role: 'peer' }), fakeCase('two', 'good')]);
    expect(peer.code).toBe(0);
    expect(peer.out).toContain('one: failed');
  });

  it('ends with 1 when ours is slower than it was, unless that is tolerated', async () => {
    const compared = ['--compare', oldResult('one')];
    const { code, out } = await run([fakeCase('one', 'good')], ...compared);
    expect(code).toBe(1);
    expect(out).toContain('slower  P1 one: 10,000 op/s -> 100 op/s, 99.0 %');
    const tolerant = await run([fakeCase('one', 'good')], ...compared, '--tolerance', '99.5');
    expect(tolerant.code).toBe(0);
  });
});
