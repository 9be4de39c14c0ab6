/**
 * A laboratory that is interrupted, or killed, leaves nothing behind.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { Lab } from '../../bench/netlab/lab.js';
import { describeInLab } from './support.js';

const RUN = fileURLToPath(new URL('../../bench/netlab/run.mjs', import.meta.url));

function namespacesOf(pid: number): string[] {
  const text = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
  return text.split('\n').filter((line) => new RegExp(`^netlab-${pid}-\\d+\\b`).test(line));
}

/** A run that has both of its namespaces. */
async function startRun(): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn(process.execPath, [RUN, '--only', 'lossy'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pid = child.pid ?? 0;
  while (namespacesOf(pid).length < 2 && child.exitCode === null) await sleep(50);
  return { child, pid };
}

describeInLab('a laboratory', () => {
  it('is gone after Ctrl-C', async () => {
    const { child, pid } = await startRun();
    const closed = once(child, 'close');
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    expect(namespacesOf(pid)).toEqual([]);
  });

  it('is removed by the next one when it was killed', async () => {
    const { child, pid } = await startRun();
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
    expect(namespacesOf(pid).length).toBe(2);
    // The first laboratory of a process looks for what is left of others.
    await (await Lab.open()).close();
    expect(namespacesOf(pid)).toEqual([]);
  });
});
