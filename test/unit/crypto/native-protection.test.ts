/**
 * What is the native provider's alone: its kernels, memory that was transferred away, ranges that name no rows, threads
 * that end in the middle. What all providers share is tested by protection*.test.ts.
 */

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ROW_SHIFT, SOURCE, SOURCE_LENGTH, STATUS_NO_KEY } from '../../../lib/batch/layout.js';
import type { PacketBatch } from '../../../lib/batch/packet-batch.js';
import {
  type NativeProtection,
  type NativeProtectionOptions,
  openNativeProtection,
} from '../../../lib/crypto/native-protection.js';
import { loadBinding } from '../../../lib/native/load.js';
import { AEADS, batchToSeal, filled, statusesOf, trafficKey } from './packets.js';

const BUILT = fileURLToPath(new URL('../../../build/Release/burstwire.node', import.meta.url));
const { binding, reason } = loadBinding();
if (binding === undefined) console.log(`skipped: ${reason}`);

function open(options: NativeProtectionOptions = {}): NativeProtection {
  const opened = openNativeProtection(binding!, options);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
}

function smallBatch(key: number, first = 0) {
  return batchToSeal([0, 1, 2].map((i) => ({ key, number: first + i, payload: filled(40, i) })));
}

function transferAway(array: Uint8Array | Int32Array): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
}

describe.skipIf(binding === undefined)('native protection', () => {
  it('runs the best kernel unless another is named', () => {
    const { kernels } = binding!.crypto();
    expect(kernels).toContain('openssl evp');
    expect(open().kernel).toBe(kernels[0]);
    for (const kernel of kernels) expect(open({ kernel }).kernel).toBe(kernel);
    expect(open({ kernel: 'evp' }).kernel).toBe('openssl evp');
    expect(openNativeProtection(binding!, { kernel: 'enigma' })).toMatch(/enigma/);
  });

  it('uses the kernels of IPsec-MB exactly where binary and processor have them', () => {
    const { kernels, ipsecMb, cpu } = binding!.crypto();
    const expected = ipsecMb && cpu.aes && cpu.carryless;
    expect(kernels.some((name) => name.startsWith('ipsec-mb'))).toBe(expected);
    const widest = cpu.avx512 && cpu.wideAes && cpu.wideCarryless;
    expect(kernels.includes('ipsec-mb avx512')).toBe(expected && widest);
  });

  it('takes no more keys than it has slots', () => {
    const protection = open({ maxSlots: 2 });
    const key = trafficKey('aes-128-gcm', 'seal');
    const ids = [protection.installKey(key), protection.installKey(key)];
    expect(protection.installKey(key)).toBe(-1);
    protection.retireKey(ids[0]);
    expect(protection.installKey(key)).toBeGreaterThan(0);
  });

  it.each(AEADS)('seals nothing when memory was transferred away (%s)', (aead) => {
    const protection = open({ maxSlots: 4 });
    const id = protection.installKey(trafficKey(aead, 'seal'));
    for (const part of ['bytes', 'rows'] as const) {
      const batch = smallBatch(id);
      structuredClone(batch[part], { transfer: [batch[part].buffer as ArrayBuffer] });
      expect(protection.seal(batch, 0, 3)).toBe(0);
      expect(protection.open(batch, 0, 3)).toBe(0);
    }
    structuredClone(protection.counts, { transfer: [protection.counts.buffer as ArrayBuffer] });
    expect(protection.seal(smallBatch(id), 0, 3)).toBe(0);
    expect(
      protection.updateKey(id, filled(aead === 'aes-128-gcm' ? 16 : 32, 1), filled(12, 1)),
    ).toBe(false);
    expect(protection.installKey(trafficKey(aead, 'seal'))).toBe(-1);
  });

  it('does nothing for a range that names no rows', () => {
    const protection = open();
    const id = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const batch = smallBatch(id);
    const before = batch.bytes.slice();
    for (const [from, to] of [
      [-1, 3],
      [0, 4],
      [2, 1],
      [3, 3],
      [0, 2 ** 31 - 1],
      [Number.NaN, 0],
      [-(2 ** 31), 3],
    ]) {
      expect(protection.seal(batch, from, to)).toBe(0);
    }
    expect(batch.bytes).toEqual(before);
    expect(protection.seal(batch, 1, 3)).toBe(2);
    expect(statusesOf(batch)).toEqual([0, 0, 0]);
  });

  it('is not moved by an array of sources that runs code when it is read', () => {
    const protection = open();
    const id = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const read: { from: (batch: PacketBatch) => void; done: number }[] = [
      // Memory that was asked for before would be gone now.
      { from: ({ bytes }) => transferAway(bytes), done: 0 },
      { from: ({ rows }) => transferAway(rows), done: 0 },
      { from: ({ sources }) => transferAway(sources[0]), done: 2 },
      // The scratch of the call is in use.
      { from: (batch) => expect(protection.seal(batch, 0, 3)).toBe(0), done: 3 },
    ];
    read.forEach(({ from, done }, round) => {
      const batch = smallBatch(id, 3 * round);
      batch.sources.push(filled(50, 1), filled(50, 2));
      for (const row of [0, 2]) {
        batch.rows[(row << ROW_SHIFT) + SOURCE] = row >> 1;
        batch.rows[(row << ROW_SHIFT) + SOURCE_LENGTH] = 40;
      }
      const [, second] = batch.sources;
      Object.defineProperty(batch.sources, 1, {
        get() {
          from(batch);
          return second;
        },
      });
      expect(protection.seal(batch, 0, 3)).toBe(done);
    });
  });

  it('seals nothing when reading the sources throws, and goes on afterwards', () => {
    const protection = open();
    const id = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
    const batch = smallBatch(id);
    batch.sources.length = 1;
    Object.defineProperty(batch.sources, 0, {
      configurable: true,
      get() {
        throw new Error('not today');
      },
    });
    expect(() => protection.seal(batch, 0, 3)).toThrow('not today');
    expect(statusesOf(batch)).toEqual([0, 0, 0]);
    batch.sources.length = 0;
    expect(protection.seal(batch, 0, 3)).toBe(3);
  });

  it('forgets every key when it is closed, and goes on with new ones', () => {
    const protection = open();
    const id = protection.installKey(trafficKey('aes-256-gcm', 'seal'));
    protection.close();
    const batch = smallBatch(id);
    expect(protection.seal(batch, 0, 3)).toBe(0);
    expect(statusesOf(batch)).toEqual([STATUS_NO_KEY, STATUS_NO_KEY, STATUS_NO_KEY]);
    expect(
      protection.seal(smallBatch(protection.installKey(trafficKey('aes-256-gcm', 'seal'))), 0, 3),
    ).toBe(3);
  });

  // A worker cannot import TypeScript, so it takes the file itself.
  it.skipIf(!existsSync(BUILT))('lives in threads that are ended in the middle of it', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { Protection } = require(workerData);
      const counts = new Float64Array(4 * 4);
      const native = new Protection({ slots: 4, kernel: 'auto', sealLimit: 8388608 }, counts);
      const id = native.installKey(0, 0, new Uint8Array(16), new Uint8Array(12), new Uint8Array(16));
      const bytes = new Uint8Array(1400), rows = new Int32Array(16), doubles = new Float64Array(rows.buffer);
      rows[1] = 1400; rows[7] = id;
      let number = 0;
      const turn = () => {
        for (let i = 0; i < 1000; i++) { rows[3] = 0; doubles[5] = number++; native.seal(bytes, rows, 0, 1); }
        parentPort.postMessage(counts[0]);
        setImmediate(turn);
      };
      turn();`;
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(source, { eval: true, workerData: BUILT });
      const [sealed] = await once(worker, 'message');
      expect(sealed).toBe(1000);
      await worker.terminate();
    }
  });
});
