/**
 * Steady bulk transfer allocates no object per packet: what is left are a few objects a batch, and a double now and then
 * that V8 puts on the heap. The smallest object with one field takes 16 bytes and more on each of the two sides.
 */

import { describe, expect, it } from 'vitest';
import { runProgram } from '../support/run-program.js';

const FLAGS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
const BYTES_PER_PACKET = 32;

describe('bulk transfer in the core', () => {
  it('allocates no object per packet, both sides together', { timeout: 120_000 }, async () => {
    const program = 'test/alloc/programs/bulk-heap.mjs';
    const { stdout, stderr, code } = await runProgram(program, { flags: FLAGS, limitMs: 100_000 });
    expect([code, stderr]).toEqual([0, '']);
    const { packets, bytesPerPacket } = JSON.parse(stdout) as {
      packets: number;
      bytesPerPacket: number;
    };
    expect(packets).toBeGreaterThan(100_000);
    expect(bytesPerPacket).toBeLessThan(BYTES_PER_PACKET);
  });
});
