/** Copies of scripts that need no module hooks: they run, and reach from where they are what they reached before. */

import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainCopyOf } from '../../../bench/suite/plain-copy.js';
import { scriptPath } from '../../../bench/suite/run-case.js';
import { root, runProgram } from '../../support/run-program.js';

describe('plainCopyOf', () => {
  it('gives a script that Node runs as it is', async () => {
    const copy = await plainCopyOf(scriptPath('micro/cases/nonce.ts'));
    const env = { BENCH_CONFIG: '{"seconds":0.01,"warmupSeconds":0}' };
    const { stdout, stderr, code } = await runProgram(copy!, { args: ['counter'], env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).opsPerSec).toBeGreaterThan(0);
  });

  it('leaves each file the place that it had, and starts copies', async () => {
    const copy = await plainCopyOf(scriptPath('e2e/cases/bulk.ts'));
    expect(copy).toBe(join(root, 'build/plain/bench/e2e/cases/bulk.js'));
    const text = readFileSync(copy!, 'utf8');
    expect(text).toContain('build/plain/bench/e2e/cases/bulk-role.js"');
    expect(existsSync(join(root, 'build/plain/bench/e2e/cases/bulk-role.js'))).toBe(true);
    const peers = readFileSync(
      join(root, 'build/plain/bench/e2e/transports/peer-package.js'),
      'utf8',
    );
    expect(peers).toContain('/bench/e2e/transports/peer-package.ts"');
  });

  it('leaves scripts elsewhere, and what cannot be read, to the hooks', async () => {
    expect(await plainCopyOf(join(tmpdir(), 'case.ts'))).toBeUndefined();
    expect(await plainCopyOf(scriptPath('micro/cases/no-such.ts'))).toBeUndefined();
  });
});
