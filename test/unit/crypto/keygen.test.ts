/**
 * `burstwire keygen`: one file for its owner, one line for the world.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
  const code = await runKeygen(given, {
    out: (text) => void out.push(text),
    error: (text) => void error.push(text),
  });
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

  it('ends with 2 and its usage for wrong arguments, and writes nothing', async () => {
    for (const given of [['--outt', 'x'], ['--out'], ['--out='], ['file'], ['--help=1'], ['-x']]) {
      const { code, out, error } = await keygen(...given);
      expect([given, code, out]).toEqual([given, 2, '']);
      expect(error).toContain('usage: burstwire keygen');
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('helps', async () => {
    expect(await keygen('--help')).toEqual({ code: 0, out: keygenHelp(), error: '' });
  });
});
