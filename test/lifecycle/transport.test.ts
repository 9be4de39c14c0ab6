/**
 * The secure transport when something around it goes wrong: workers that end in mid-transfer, an application whose callbacks
 * throw. Each case is a process of its own.
 */

import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.js';

const programs = 'test/lifecycle/programs';
/** Two workers each, so that every way to end happens twice. */
const ROUNDS = 3;
/** Rounds leave nothing behind: six workers with a slab of 4 MiB each would be far above. */
const MEMORY_BYTES = 8 << 20;

describe('workers that end in mid-transfer', () => {
  it('give back descriptors and memory, and disturb nobody else on the endpoint', async () => {
    const rounds = Number(process.env['BURSTWIRE_ROUNDS'] ?? ROUNDS);
    const result = await runProgram(`${programs}/secure-workers.mjs`, {
      args: [String(rounds)],
      flags: ['--expose-gc'],
      limitMs: 100_000,
    });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    const { received, connections, faults, descriptors, memoryBytes } = JSON.parse(result.stdout);
    expect({ received, connections, faults, descriptors }).toEqual({
      received: 3_000_004,
      connections: 0,
      faults: 0,
      descriptors: 0,
    });
    expect(memoryBytes).toBeLessThan(MEMORY_BYTES);
  }, 110_000);
});

describe('callbacks that throw', () => {
  it('surface as uncaught exceptions, each, and hurt neither their endpoint nor another connection', async () => {
    const result = await runProgram(`${programs}/throw-anywhere.mjs`);
    expect(result.code).toBe(0);
    const { surfaced, received, refused } = JSON.parse(result.stdout);
    expect(received).toBe(5_000_000);
    // An `authorize` that throws says no, and a stranger gets silence.
    expect(refused).toBe('AbortError');
    expect(surfaced).toEqual(
      expect.arrayContaining([
        'authorize',
        'closed',
        'connection close',
        'connection datagram',
        'connection message',
        'connection pathMtu',
        'connection stream',
        'diagnostics',
        'endpoint connection',
        'stream data',
        'stream error',
        'stream readable',
      ]),
    );
  }, 70_000);
});
