/** Which file the loader takes, and what it says when it takes none. */

import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Loaded } from '../../../lib/native/load.js';

const ADDON = fileURLToPath(new URL('../../../build/Release/burstwire.node', import.meta.url));

beforeEach(() => {
  // The loader remembers its answer.
  vi.resetModules();
});

afterEach(() => {
  vi.unstubAllEnvs();
});

async function load(variable: string): Promise<Loaded> {
  vi.stubEnv('BURSTWIRE_NATIVE', variable);
  const { loadBinding } = await import('../../../lib/native/load.js');
  return loadBinding();
}

describe('loadBinding', () => {
  it.runIf(existsSync(ADDON))('takes the file that BURSTWIRE_NATIVE names', async () => {
    expect((await load(ADDON)).binding).toBeDefined();
  });

  it.runIf(existsSync(ADDON))('starts a relative path at the working directory', async () => {
    expect((await load(relative(process.cwd(), ADDON))).binding).toBeDefined();
  });

  it('takes no other file when that one is not there', async () => {
    const { binding, reason } = await load('nowhere/burstwire.node');
    expect(binding).toBeUndefined();
    expect(reason).toContain('nowhere/burstwire.node: not there');
  });

  it('takes none when it is switched off', async () => {
    for (const off of ['0', 'off', 'no', 'FALSE']) {
      vi.resetModules();
      expect(await load(off)).toEqual({ reason: `BURSTWIRE_NATIVE=${off}` });
    }
  });
});
