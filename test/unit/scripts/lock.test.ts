/** The lock of the set-up: who waits, and whose lock is taken over. */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

interface LockModule {
  withLock<T>(path: string, work: () => Promise<T>): Promise<T>;
}
const MODULE = new URL('../../../scripts/lib/lock.mjs', import.meta.url).href;
const { withLock } = (await import(MODULE)) as LockModule;

function lockPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'lock');
}

describe('withLock', () => {
  it('is held while the work runs, and not after', async () => {
    const path = lockPath();
    expect(await withLock(path, async () => existsSync(path))).toBe(true);
    expect(existsSync(path)).toBe(false);
    await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['of a process that is gone', 2 ** 22 + 1],
    ['of an earlier process with our number', process.pid],
  ])('takes over the lock %s', async (_whose, pid) => {
    const path = lockPath();
    writeFileSync(path, String(pid));
    expect(await withLock(path, async () => 'done')).toBe('done');
  });
});
