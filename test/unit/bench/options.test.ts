/**
 * The suite's command line: what it takes, and the one line that it says about what it does not.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../../bench/suite/main.js';
import { helpText, readOptions } from '../../../bench/suite/options.js';
import { fakeBenchmark, fakeCase, suiteOf } from './fakes.js';

const ALL = [
  fakeBenchmark([fakeCase('one', 'good')]),
  fakeBenchmark([fakeCase('two', 'good')], { id: 'E1', group: 'e2e' }),
  fakeBenchmark([fakeCase('three', 'good')], { id: 'E2', group: 'e2e' }),
];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-suite-'));
  writeFileSync(join(folder, 'broken.json'), '{"format":');
  writeFileSync(join(folder, 'foreign.json'), '{"format":"burstwire-benchmark","version":1}');
  writeFileSync(join(folder, 'holes.json'), '{"format":"burstwire-suite","version":1}');
  writeFileSync(join(folder, 'good.json'), JSON.stringify(suiteOf([])));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = (...given: string[]) => readOptions(given, ALL).benchmarks.map(({ id }) => id);

/** Exit code and what was written. */
async function run(given: readonly string[]) {
  let [out, err] = ['', ''];
  const code = await main(
    given,
    ALL,
    { write: (text: string) => (out += text) },
    { write: (text: string) => (err += text) },
  );
  return { code, out, err };
}

describe('the choice of benchmarks', () => {
  it('is all of them when nothing is said', () => {
    expect(ids()).toEqual(['P1', 'E1', 'E2']);
    expect(readOptions([], ALL).only).toEqual([]);
  });

  it('takes ids in any case and groups, in the order of the catalogue', () => {
    expect(ids('--only', 'e2,P1')).toEqual(['P1', 'E2']);
    expect(ids('--only', 'e2e')).toEqual(['E1', 'E2']);
    expect(readOptions(['--only', 'e1'], ALL).only).toEqual(['E1']);
  });
});

describe('the numbers', () => {
  it('are wishes only when they are given', () => {
    expect(readOptions([], ALL).wishes).toEqual({ quick: false });
    expect(readOptions(['--seconds', '2', '--rounds=3', '--quick'], ALL).wishes).toEqual({
      quick: true,
      seconds: 2,
      rounds: 3,
    });
    expect(readOptions(['--tolerance', '2.5'], ALL).tolerancePercent).toBe(2.5);
  });
});

describe('what is wrong', () => {
  it.each([
    [['--only', 'E9'], "--only: no benchmark or group is called 'E9'"],
    [['--seconds', '-1'], '--seconds must be a number'],
    [['--seconds', 'long'], "not 'long'"],
    [['--rounds', '1.5'], '--rounds must be a whole number'],
    [['--rounds', '1000000'], '--rounds must be'],
    [['--tolerance', 'NaN'], '--tolerance must be'],
    [['--json'], '--json needs a value'],
    [['--sekonds', '1'], "did you mean '--seconds'?"],
    [['E1'], "unexpected argument 'E1'"],
    [['--html', '/nowhere/page.html'], "cannot write '/nowhere/page.html'"],
    [['--compare', '/nowhere/old.json'], 'cannot read'],
  ])('%j: one line, exit code 2, nothing run', async (given, words) => {
    const { code, out, err } = await run(given);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^bench: [^\n]+\n$/);
    expect(err).toContain(words);
  });

  it.each([
    ['broken.json', 'it is no JSON'],
    ['foreign.json', 'is no result of'],
    ['holes.json', 'is no result of'],
  ])('--compare %s: says why it cannot be', async (name, words) => {
    const { code, err } = await run(['--compare', join(folder, name)]);
    expect(code).toBe(2);
    expect(err).toContain(words);
  });

  it('takes a result that is one', () => {
    const { old } = readOptions(['--compare', join(folder, 'good.json')], ALL);
    expect(old?.format).toBe('burstwire-suite');
  });
});

describe('what runs nothing', () => {
  it('helps', async () => {
    const { code, out, err } = await run(['--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(helpText(ALL));
    expect(out).toContain('e2e: E1 E2');
  });

  it('lists benchmarks, cases and obstacles', async () => {
    const peer = fakeCase('node:tls', 'good', { role: 'peer', obstacle: () => 'no openssl' });
    let out = '';
    const output = { write: (text: string) => (out += text) };
    expect(await main(['--list'], [fakeBenchmark([peer])], output, output)).toBe(0);
    expect(out).toContain('P1  A fake (micro)');
    expect(out).toContain('peer    node:tls  cannot run here: no openssl');
  });
});
