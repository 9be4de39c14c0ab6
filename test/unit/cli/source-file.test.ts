/** The file that `burstwire send` reads: a change while it was read is noticed, wherever in the file it was. */

import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalError, SourceFile } from '../../../lib/cli/transfer/source-file.js';

const SIZE = 600_000;
let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-source-'));
  path = join(folder, 'data');
  writeFileSync(path, Buffer.alloc(SIZE, 'a'));
  // Of long ago: otherwise a change might fall into the same tick of the kernel's clock as the file's beginning.
  utimesSync(path, 1e9, 1e9);
});
afterEach(() => rmSync(folder, { recursive: true }));

async function overwriteFirstByte(): Promise<void> {
  const file = await open(path, 'r+');
  await file.write('b', 0);
  await file.close();
}

describe('SourceFile', () => {
  it.each([
    ['nothing', () => {}, false],
    ['a byte that was read already', overwriteFirstByte, true],
    ['what is behind its end', () => appendFileSync(path, 'more'), true],
    [
      'a byte, and its mtime is set back',
      async () => {
        const { mtime, atime } = statSync(path);
        await overwriteFirstByte();
        utimesSync(path, atime, mtime);
      },
      true,
    ],
  ])('is asked when all was read, and something has changed: %s', async (_what, change, isSeen) => {
    const file = await SourceFile.open(path);
    try {
      await file.next();
      await change();
      while ((await file.next()) !== undefined);
      if (!isSeen) return await expect(file.checkUnchanged()).resolves.toBeUndefined();
      await expect(file.checkUnchanged()).rejects.toThrow(LocalError);
      await expect(file.checkUnchanged()).rejects.toThrow(`${path} was changed while it was sent`);
    } finally {
      await file.close();
    }
  });

  it('says so at once when there is less to read than there was', async () => {
    const file = await SourceFile.open(path);
    await file.next();
    truncateSync(path, 10);
    await expect(file.next()).rejects.toThrow('became shorter while it was sent');
    await file.close();
  });
});
