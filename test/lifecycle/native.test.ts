/**
 * Life and death of native sockets: workers that end in mid-traffic, sockets that close inside any callback, memory
 * that stays where it is. Each case is a process of its own.
 */

import { describe, expect, it } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import { runProgram } from '../support/run-program.js';

const { binding, reason } = loadBinding();
if (binding === undefined) console.log(`lifecycle tests are skipped: ${reason}`);
const programs = 'test/lifecycle/programs';

describe.skipIf(binding === undefined)('native sockets', () => {
  it('leave nothing behind when their workers end in mid-traffic', async () => {
    const rounds = Number(process.env['BURSTWIRE_ROUNDS'] ?? 30);
    const result = await runProgram(`${programs}/terminate-workers.mjs`, {
      args: [String(rounds)],
      limitMs: 120_000,
    });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    const seen = JSON.parse(result.stdout);
    expect(seen.rounds).toBe(rounds);
    expect(seen.descriptorsAfter).toBe(seen.descriptorsBefore);
  }, 130_000);

  it('can be opened by workers that are being ended', async () => {
    const rounds = Number(process.env['BURSTWIRE_ROUNDS'] ?? 15);
    const result = await runProgram(`${programs}/terminate-binding.mjs`, {
      args: [String(rounds)],
      limitMs: 60_000,
    });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    expect(JSON.parse(result.stdout)).toEqual({ ended: 3 * rounds });
  }, 70_000);

  it('can be closed inside every callback', async () => {
    const result = await runProgram(`${programs}/close-anywhere.mjs`, {
      args: ['50'],
      flags: ['--expose-gc'],
    });
    expect(result.stderr).toBe('');
    expect(result.code).toBe(0);
    const seen = JSON.parse(result.stdout);
    expect(seen.closed).toBe(600);
    expect(seen.descriptorsAfter).toBe(seen.descriptorsBefore);
  }, 70_000);

  it('receive a million datagrams without growing the heap', async () => {
    const datagrams = Number(process.env['BURSTWIRE_DATAGRAMS'] ?? 1_000_000);
    const result = await runProgram(`${programs}/receive-heap.mjs`, {
      args: [String(datagrams)],
      flags: ['--expose-gc'],
    });
    expect(result.stderr).toBe('');
    const seen = JSON.parse(result.stdout);
    expect(seen.datagrams).toBeGreaterThan(datagrams);
    expect(seen.wrong).toBe(0);
    // The smallest object that could stay behind has 16 bytes; half a byte per datagram is the compiler's.
    expect(seen.heapGrowthBytes).toBeLessThan(datagrams / 2);
    expect(seen.externalGrowthBytes).toBeLessThan(datagrams / 2);
  }, 70_000);
});
