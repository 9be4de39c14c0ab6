/**
 * The key log: off by default, loud, in its own format, and never in the way.
 */

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrafficSecret } from '../../../lib/core/ports.js';

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

/** A fresh copy of the module, given secrets: the warning comes once in a process. */
async function fresh() {
  const { keyLogLine, openKeyLog } = await import('../../../lib/crypto/key-log.js');
  return (...parameters: Parameters<typeof openKeyLog>) => {
    const log = openKeyLog(...parameters);
    return log && ((secret: TrafficSecret) => log(keyLogLine(secret)));
  };
}

const SECRET: TrafficSecret = {
  handshakeHash: Uint8Array.from({ length: 32 }, (_, index) => index),
  sender: 'responder',
  phase: 12,
  aead: 'chacha20-poly1305',
  destinationId: new Uint8Array(8).fill(0xab),
  secret: new Uint8Array(32).fill(0xcd),
};
const LINE = `BURSTWIRE_TRAFFIC_SECRET 0001020304050607 responder 12 chacha20-poly1305 ${'ab'.repeat(8)} ${'cd'.repeat(32)}`;
const codes = (): string[] => warnings.map(({ code }) => code);

describe('openKeyLog', () => {
  it('is off unless the variable names a file or there is a listener', async () => {
    const openKeyLog = await fresh();
    vi.stubEnv('BURSTWIRE_KEYLOG', undefined);
    expect(openKeyLog(undefined)).toBeUndefined();
    vi.stubEnv('BURSTWIRE_KEYLOG', '');
    expect(openKeyLog(undefined)).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it('appends one line a secret to a file for its owner, and warns once', async () => {
    const openKeyLog = await fresh();
    const path = join(folder, 'keys.log');
    vi.stubEnv('BURSTWIRE_KEYLOG', path);
    openKeyLog(undefined)!(SECRET);
    openKeyLog(undefined)!({ ...SECRET, sender: 'initiator', phase: 0 });
    const other = LINE.replace('responder 12', 'initiator 0');
    expect(readFileSync(path, 'utf8')).toBe(`${LINE}\n${other}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(codes()).toEqual(['BURSTWIRE_KEYLOG']);
    expect(warnings[0].message).toContain(path);
  });

  it('gives a listener the same lines, and warns as well', async () => {
    const openKeyLog = await fresh();
    const lines: string[] = [];
    const path = join(folder, 'keys.log');
    openKeyLog((line) => lines.push(line), path)!(SECRET);
    openKeyLog((line) => lines.push(line), '')!(SECRET);
    expect(lines).toEqual([LINE, LINE]);
    expect(readFileSync(path, 'utf8')).toBe(`${LINE}\n`);
    expect(codes()).toEqual(['BURSTWIRE_KEYLOG']);
  });

  it('ends with a warning, not an error, when the file cannot be written', async () => {
    const openKeyLog = await fresh();
    const lines: string[] = [];
    const path = join(folder, 'no', 'such', 'folder', 'keys.log');
    const log = openKeyLog((line) => lines.push(line), path)!;
    log(SECRET);
    log(SECRET);
    expect(codes()).toEqual(['BURSTWIRE_KEYLOG', 'BURSTWIRE_KEYLOG_FAILED']);
    expect(lines).toEqual([LINE, LINE]);
  });
});
