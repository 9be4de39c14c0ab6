/**
 * The slabs that the addon gives and takes back: used again, a bounded number kept, one owner at a time, in workers that
 * end too. Each case is a process of its own, since the pool belongs to the process.
 */

import { describe, expect, it } from 'vitest';
import { loadBinding } from '../../lib/native/load.js';
import { runProgram } from '../support/run-program.js';

const { binding, reason } = loadBinding();
if (binding === undefined) console.log(`the slab tests are skipped: ${reason}`);

const SLAB_BYTES = 512 << 10;
const MOST_KEPT = 128;
const NODE_MAJOR = Number.parseInt(process.versions.node, 10);

async function seenIn(name: string) {
  const result = await runProgram('test/lifecycle/programs/slabs.mjs', {
    args: [name],
    flags: ['--expose-gc'],
  });
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

describe.skipIf(binding === undefined)('slabs of the addon', () => {
  it('have 512 KiB, and stay where they are when somebody transfers them', () => {
    const slab = binding!.allocateSlab()!.fill(7);
    const transfer = () => structuredClone(slab, { transfer: [slab.buffer as ArrayBuffer] });
    // From Node 22 on a transfer is refused; before, the other gets a copy.
    if (NODE_MAJOR >= 22) {
      expect(transfer).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
    } else {
      const other = transfer();
      slab.fill(8);
      expect(other.every((byte) => byte === 7)).toBe(true);
    }
    expect([slab.byteLength, slab.buffer.byteLength]).toEqual([SLAB_BYTES, SLAB_BYTES]);
  });

  it('are given again once they were collected, each once and as they are', async () => {
    expect((await seenIn('reuse')).marks).toEqual(upTo(20));
  });

  it('are kept up to a number; the others go back, and V8 counts none of them any more', async () => {
    const { heldBytes, keptBytes, countedBytes } = await seenIn('cap');
    expect(heldBytes).toBeGreaterThan(500 * SLAB_BYTES);
    // What else a process grows by while it collects is far below that.
    expect(keptBytes).toBeLessThan((MOST_KEPT + 100) * SLAB_BYTES);
    expect(countedBytes).toBeLessThan(SLAB_BYTES);
  });

  it('are given back by small collections, and mark no heap', async () => {
    const { minor, major } = await seenIn('collections');
    // One for sixteen slabs. Without them V8 makes one for 64, and takes what they bring for growth.
    expect(minor).toBeGreaterThanOrEqual(120);
    expect(major).toBeLessThan(3);
  });

  it('are kept by any view of them', async () => {
    expect(await seenIn('view')).toEqual({ tail: [0, 0, 0, 77] });
  });

  it('come back from a worker that has ended', async () => {
    expect((await seenIn('worker')).marks).toEqual(upTo(30));
  });

  it('have one owner after workers were ended while they took them', async () => {
    expect((await seenIn('terminate')).distinct).toBe(300);
  });
});
