/** The command line itself: help, version, wrong arguments, and the doctor. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../lib/cli/doctor.js';
import { root, runProgram } from '../support/run-program.js';

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runProgram('dist/cli/main.js', { args, env });

describe('burstwire', () => {
  it('prints its version', async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    expect(await run(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [['--help'], 'usage: burstwire <command>'],
    [['bench', '--help'], '--json FILE'],
    [['doctor', '-h'], 'usage: burstwire doctor'],
  ])('explains itself: %j', async (args, part) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(part);
  });

  it.each([
    [[], 'a command is missing'],
    [['fly'], "unknown command 'fly'"],
    [['toString'], "unknown command 'toString'"],
    [['bench', '--secs', '1'], "unknown option '--secs'"],
    [['bench', '--size', '70000'], '--size must be a whole number from 1 to 65507'],
    [['bench', '--only', 'elephants'], "--only: no row or table is named 'elephants'"],
    [['bench', '--json', '/nonexistent/folder/x.json'], 'is not a writable folder'],
    [['send', '--', '-h'], 'HOST is missing'],
    [['keygen', '--owt', 'x'], "unknown option '--owt'; did you mean '--out'?"],
    [['doctor', 'now'], "unexpected argument 'now'"],
  ])('refuses %j with its usage on stderr', async (args, part) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(part);
    expect(stderr).toContain('usage: burstwire');
  });
});

describe('what nobody takes', () => {
  it.runIf(existsSync('/dev/full'))(
    'is said in a line when the disk is full, and ends with 1',
    () => {
      const command = `"${process.execPath}" dist/cli/main.js --help > /dev/full`;
      const { status, stderr } = spawnSync('sh', ['-c', command], { cwd: root, encoding: 'utf8' });
      expect(stderr).toMatch(/^burstwire: stdout takes nothing: .*ENOSPC.*\n$/);
      expect(status).toBe(1);
    },
  );
});

describe('burstwire doctor', () => {
  it('finds this machine usable and says what happened', async () => {
    const { code, stdout } = await run(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/self-test +16 datagrams of 1200 bytes to itself: 16 arrived/);
    expect(stdout).toMatch(/burstwire works here with the (native|dgram) engine/);
  });

  it('says once why there is no addon', async () => {
    const env = { BURSTWIRE_NATIVE: '/nonexistent/addon.node' };
    const { code, stdout, stderr } = await run(['doctor'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('/nonexistent/addon.node')).toHaveLength(2);
    expect(stdout).toContain("see 'engine'");
  });

  it('finds the dgram engine usable too', async () => {
    const { code, stdout } = await run(['doctor', '--json'], { BURSTWIRE_ENGINE: 'dgram' });
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as DoctorReport;
    expect(report).toMatchObject({ usable: true, engine: 'dgram' });
    expect(report.selfTest).toMatchObject({ ok: true, engine: 'dgram', received: 16 });
    expect(report.checks.find((check) => check.name === 'engine')?.remedy).toEqual([
      'unset BURSTWIRE_ENGINE',
    ]);
  });
});
