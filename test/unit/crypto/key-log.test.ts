/**
 * The key log: off by default, loud, in its own format, and never in the way.
 */

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

let folder: string;
let warnings: { message: string; code: string }[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'burstwire-keylog-'));
  warnings = [];
  vi.spyOn(process, 'emitWarning').mockImplementation(((message: string, options: unknown) => {
    warnings.push({ message, code: (options as { code: string }).code });
  }) as typeof process.emitWarning);
  vi.resetModules();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A fresh copy of the module: the warning comes once in a process. */
async function fresh() {
  return (await import('../../../lib/crypto/key-log.js')).openKeyLog;
}

describe('openKeyLog', () => {
  it('is off unless the variable names a file', async () => {
    const openKeyLog = await fresh();
    vi.stubEnv('BURSTWIRE_KEYLOG', undefined);
    expect(openKeyLog()).toBeUndefined();
    vi.stubEnv('BURSTWIRE_KEYLOG', '');
    expect(openKeyLog()).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('appends one line a secret to a file for its owner, and warns once', async () => {
    const openKeyLog = await fresh();
    const path = join(folder, 'keys.log');
    vi.stubEnv('BURSTWIRE_KEYLOG', path);
    openKeyLog()!('initiator-0', Uint8Array.of(1, 2, 0xff), Uint8Array.of(0xab, 0));
    openKeyLog()!('responder-12', new Uint8Array(8), new Uint8Array(32));
    const zeros = '0'.repeat(64);
    expect(readFileSync(path, 'utf8')).toBe(
      `BURSTWIRE_TRAFFIC_SECRET initiator-0 0102ff ab00\n` +
        `BURSTWIRE_TRAFFIC_SECRET responder-12 ${'0'.repeat(16)} ${zeros}\n`,
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(warnings.map(({ code }) => code)).toEqual(['BURSTWIRE_KEYLOG']);
    expect(warnings[0].message).toContain(path);
  });

  it('ends with a warning, not an error, when the file cannot be written', async () => {
    const openKeyLog = await fresh();
    const log = openKeyLog(join(folder, 'no', 'such', 'folder', 'keys.log'))!;
    log('initiator-0', new Uint8Array(8), new Uint8Array(32));
    log('initiator-1', new Uint8Array(8), new Uint8Array(32));
    const codes = warnings.map(({ code }) => code);
    expect(codes).toEqual(['BURSTWIRE_KEYLOG', 'BURSTWIRE_KEYLOG_FAILED']);
  });
});
