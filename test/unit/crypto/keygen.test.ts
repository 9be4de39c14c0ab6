/**
 * `burstwire keygen`: one file for its owner, one line for the world.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../lib/cli/arguments.js';
import { keygenHelp, runKeygen } from '../../../lib/cli/keygen.js';
import { identityFromPrivateKey } from '../../../lib/crypto/identity.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-keygen-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function keygen(...given: string[]) {
  const out: string[] = [];
  const error: string[] = [];
  const code = await runKeygen(
    given,
    { write: (text) => out.push(text) },
    { write: (text) => error.push(text) },
  );
  return { code, out: out.join(''), error: error.join('') };
}

describe('burstwire keygen', () => {
  it('writes the private key for its owner and prints the public key alone', async () => {
    const file = join(folder, 'my.key');
    const { code, out, error } = await keygen('--out', file);
    expect([code, error]).toEqual([0, '']);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { publicKey } = identityFromPrivateKey(Buffer.from(text.trim(), 'hex'));
    expect(out).toContain(Buffer.from(publicKey).toString('hex'));
    expect(out).toContain(file);
    expect(out).not.toContain(text.trim());
  });

  it('never overwrites a file', async () => {
    const file = join(folder, 'old.key');
    writeFileSync(file, 'precious');
    const { code, out, error } = await keygen(`--out=${file}`);
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain(`${file} exists`);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it('says why it cannot write', async () => {
    const { code, error } = await keygen('--out', join(folder, 'no', 'such', 'folder'));
    expect(code).toBe(1);
    expect(error).toContain('ENOENT');
  });

  it.each([
    [['--outt', 'x'], "unknown option '--outt'; did you mean '--out'?"],
    [['--out'], '--out needs a value'],
    [['--out='], '--out needs a value'],
    [['file'], "unexpected argument 'file'"],
    [['-x'], "unexpected argument '-x'"],
  ])('refuses %j in the words of all commands, and writes nothing', async (given, message) => {
    await expect(keygen(...given)).rejects.toThrow(new UsageError(message));
    expect(readdirSync(folder)).toEqual([]);
  });

  it('helps', () => {
    expect(keygenHelp()).toMatch(/^usage: burstwire keygen .*\n[\s\S]*--out FILE/);
  });
});
