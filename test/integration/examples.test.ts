/**
 * The examples run as they are printed, on both engines.
 */

import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.js';

describe.each(['auto', 'dgram'])('examples on engine %s', (engine) => {
  const env = { BURSTWIRE_ENGINE: engine };

  it('echo prints what comes back', async () => {
    const { stdout, stderr, code } = await runProgram('examples/echo.mjs', { env });
    expect(stderr).toBe('');
    expect(stdout).toBe('echo: one\necho: two\necho: three\n');
    expect(code).toBe(0);
  });

  it('bulk counts what it sent and received', async () => {
    const { stdout, stderr, code } = await runProgram('examples/bulk.mjs', { env });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sent 48\d{3} datagrams with \d+ system calls in \d+ trains\n/);
    expect(stdout).toMatch(/\nreceived \d+ with \d+ system calls, \d+ messages dropped\n$/);
  });
});
