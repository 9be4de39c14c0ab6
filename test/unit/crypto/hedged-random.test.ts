/** Private keys where chance fails (T65): they differ all the same. */

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, expect, it } from 'vitest';
import { createHedgedRandom } from '../../../lib/crypto/hedged-random.js';
import { openNativePrimitives } from '../../../lib/crypto/native-primitives.js';
import { nodePrimitives } from '../../../lib/crypto/primitives.js';
import { systemRandom } from '../../../lib/crypto/random.js';
import { loadBinding } from '../../../lib/native/load.js';

/** Does `work` while the system's chance is always the same. */
function withBrokenSystem<T>(work: () => T): T {
  const { randomFillSync } = crypto;
  crypto.randomFillSync = ((bytes: Uint8Array) => bytes.fill(7)) as typeof randomFillSync;
  syncBuiltinESMExports();
  try {
    return work();
  } finally {
    crypto.randomFillSync = randomFillSync;
    syncBuiltinESMExports();
  }
}

const constant = { fill: (bytes: Uint8Array) => void bytes.fill(42) };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** That many keys of a source, as text. */
function keys(fill: (key: Uint8Array) => void, count: number): string[] {
  return Array.from({ length: count }, () => {
    const key = new Uint8Array(32);
    fill(key);
    return hex(key);
  });
}

describe('chance', () => {
  it('all the same gives other keys each time, even while time stands still', () => {
    const made = keys(
      createHedgedRandom(constant, () => 5n),
      1000,
    );
    expect(new Set(made).size).toBe(1000);
    expect(made.join('')).not.toContain('2a2a2a2a');
  });

  it('of two copies of one machine part with the time', () => {
    const clocks = [0n, 0n];
    const copies = clocks.map((_, index) => createHedgedRandom(constant, () => clocks[index]!));
    const both = () => copies.map((fill) => keys(fill, 1)[0]);
    const [left, right] = both();
    expect(left).toBe(right);
    clocks[1] = 1n;
    for (let round = 0; round < 3; round++) expect(new Set(both()).size).toBe(2);
  });

  it('that is good makes keys with every bit', () => {
    const made = keys(
      createHedgedRandom(
        { fill: (bytes) => void globalThis.crypto.getRandomValues(bytes) },
        () => 0n,
      ),
      300,
    ).map((key) => Buffer.from(key, 'hex'));
    for (let at = 0; at < 32; at++) {
      expect(made.reduce((bits, key) => bits | key[at]!, 0)).toBe(0xff);
      expect(made.reduce((bits, key) => bits & key[at]!, 0xff)).toBe(0);
    }
  });

  it('is what the handshake’s keys are made of, with every provider', () => {
    const { binding } = loadBinding();
    const native = binding === undefined ? [] : [openNativePrimitives(binding)];
    for (const primitives of [nodePrimitives, ...native]) {
      if (typeof primitives === 'string') throw new Error(primitives);
      const pairs = withBrokenSystem(() => {
        const proof = new Uint8Array(32);
        systemRandom.fill(proof);
        expect(proof).toEqual(new Uint8Array(32).fill(7));
        return [1, 2, 3].map(() => primitives.generateKeyPair());
      });
      expect(new Set(pairs.map(({ publicKey }) => hex(publicKey))).size).toBe(3);
      expect(new Set(pairs.map(({ privateKey }) => hex(privateKey))).size).toBe(3);
    }
  });
});
