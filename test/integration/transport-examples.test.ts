/**
 * The examples of the secure transport run as they are printed, on both engines.
 */

import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.js';

describe.each(['auto', 'dgram'])('examples on engine %s', (engine) => {
  const env = { BURSTWIRE_ENGINE: engine };

  it('secure-echo prints what comes back', async () => {
    const { stdout, stderr, code } = await runProgram('examples/secure-echo.mjs', { env });
    expect(stderr).toBe('');
    expect(stdout).toBe('echo: one\necho: two\necho: three\n');
    expect(code).toBe(0);
  });

  it('telemetry delivers every alarm', async () => {
    const { stdout, stderr, code } = await runProgram('examples/telemetry.mjs', { env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ of 1000 readings, the newest \d+, \d+ dropped before sending\n/);
    expect(stdout.match(/^alarm: reading (250|500|750|1000) was \d+\.\d C$/gm)).toHaveLength(4);
  });

  it('file-transfer delivers the same bytes', async () => {
    const args = ['demo', '5000000'];
    const { stdout, stderr, code } = await runProgram('examples/file-transfer.mjs', { env, args });
    expect(stdout).toMatch(/^sent 5000000 bytes, SHA-256 equal: [0-9a-f]{64}\n$/);
    expect(stderr).toContain('sending original 100.0 %');
    expect(stderr).toContain('receiving original 100.0 %');
    expect(code).toBe(0);
  });

  it('file-transfer delivers an empty file', async () => {
    const args = ['demo', '0'];
    const { stdout, code } = await runProgram('examples/file-transfer.mjs', { env, args });
    expect(stdout).toMatch(/^sent 0 bytes, SHA-256 equal: [0-9a-f]{64}\n$/);
    expect(code).toBe(0);
  });

  it('file-transfer explains itself', async () => {
    const { stderr, code } = await runProgram('examples/file-transfer.mjs', { env, args: ['up'] });
    expect(stderr).toMatch(/^usage: file-transfer\.mjs demo/);
    expect(code).toBe(2);
  });
});
