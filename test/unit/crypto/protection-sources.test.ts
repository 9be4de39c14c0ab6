/**
 * Rows that are sealed from a source, for every provider: what is on the wire, what a source that does not hold what a
 * row says costs, and that all providers do the same for whatever rows and sources say.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  KEY_COUNT_LARGEST,
  KEY_COUNT_SEALED,
  KEY_COUNTS,
  KEY_SLOT_BITS,
  ROW_SHIFT,
  SOURCE,
  SOURCE_LENGTH,
  SOURCE_OFFSET,
  STATUS_KEY_EXHAUSTED,
  STATUS_SOURCE_LOST,
} from '../../../lib/batch/layout.js';
import type { PacketBatch } from '../../../lib/batch/packet-batch.js';
import type { Protection } from '../../../lib/core/ports.js';
import {
  AEADS,
  batchToSeal,
  bytesOf,
  CONNECTION_ID,
  filled,
  guardsHold,
  resultsOf,
  statusesOf,
  trafficKey,
} from './packets.js';
import { providers } from './providers.js';
import { sealReference } from './reference-packet.js';

/** Columns of one row: source, offset, length. */
type Columns = readonly [source: number, offset: number, length: number];

const INT_MAX = 2 ** 31 - 1;
const INT_MIN = -(2 ** 31);

function setSource(batch: PacketBatch, row: number, [source, offset, length]: Columns): void {
  const at = row << ROW_SHIFT;
  batch.rows[at + SOURCE] = source;
  batch.rows[at + SOURCE_OFFSET] = offset;
  batch.rows[at + SOURCE_LENGTH] = length;
}

function countsOf(protection: Protection, id: number): number[] {
  const at = (id & ((1 << KEY_SLOT_BITS) - 1)) * KEY_COUNTS;
  return [...protection.counts.subarray(at, at + KEY_COUNTS)];
}

function transferAway(array: Uint8Array): void {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
}

describe.each(providers)('$name', ({ open }) => {
  function sealing(aead: (typeof AEADS)[number] = 'aes-128-gcm') {
    const protection = open();
    return { protection, id: protection.installKey(trafficKey(aead, 'seal')) };
  }

  it.each(AEADS)('%s: the end of the payload comes from the source', (aead) => {
    const { protection, id } = sealing(aead);
    const sources = [filled(3000, 1), filled(77, 2).subarray(7)];
    const plan: { size: number; columns: Columns }[] = [
      { size: 1423, columns: [0, 0, 1423] },
      { size: 1423, columns: [0, 1423, 1400] },
      { size: 1423, columns: [0, 2999, 1] },
      { size: 80, columns: [1, 0, 70] },
      { size: 80, columns: [1, 69, 1] },
      { size: 80, columns: [1, 33, 0] },
      { size: 3000, columns: [0, 0, 3000] },
      { size: 1, columns: [1, 5, 1] },
      { size: 0, columns: [1, 5, 0] },
    ];
    const payloads = plan.map(({ size }, row) => filled(size, 50 + row));
    const batch = batchToSeal(payloads.map((payload, number) => ({ key: id, number, payload })));
    batch.sources.push(...sources);
    plan.forEach(({ columns }, row) => {
      setSource(batch, row, columns);
    });
    expect(protection.seal(batch, 0, batch.length)).toBe(plan.length);
    plan.forEach(({ columns: [source, offset, length] }, row) => {
      const payload = payloads[row].slice();
      payload.set(sources[source].subarray(offset, offset + length), payload.length - length);
      const wanted = sealReference(
        trafficKey(aead, 'seal'),
        CONNECTION_ID,
        BigInt(row),
        0,
        payload,
      ).packet;
      expect(Buffer.from(bytesOf(batch, row)).equals(wanted)).toBe(true);
    });
    expect(guardsHold(batch)).toBe(true);
  });

  it.each<[string, Columns]>([
    ['a source that is not there', [2, 0, 1]],
    ['a negative source', [-1, 0, 1]],
    ['the largest source', [INT_MAX, 0, 1]],
    ['the most negative source', [INT_MIN, 0, 1]],
    ['a source that was transferred away', [1, 0, 1]],
    ['an offset at the end', [0, 50, 1]],
    ['an offset behind the end', [0, 51, 1]],
    ['a negative offset', [0, -1, 1]],
    ['the most negative offset', [0, INT_MIN, 1]],
    ['the largest offset', [0, INT_MAX, 1]],
    ['a source that is too short', [0, 20, 31]],
    ['more than the payload', [0, 0, 41]],
    ['a negative length', [0, 0, -1]],
    ['the most negative length', [0, 0, INT_MIN]],
    ['the largest length', [0, 0, INT_MAX]],
    ['the largest length and offset', [0, INT_MAX, INT_MAX]],
  ])('%s costs the row alone, and no packet number', (_, columns) => {
    const { protection, id } = sealing();
    const gone = filled(50, 2);
    transferAway(gone);
    const payload = filled(40, 3);
    const rows = [4, 5, 5].map((number) => ({ key: id, number, payload }));
    const batch = batchToSeal(rows);
    const before = bytesOf(batch, 1);
    batch.sources.push(filled(50, 1), gone);
    setSource(batch, 1, columns);
    expect(protection.seal(batch, 0, 3)).toBe(2);
    expect(statusesOf(batch)).toEqual([0, STATUS_SOURCE_LOST, 0]);
    expect(bytesOf(batch, 1)).toEqual(before);
    expect(guardsHold(batch)).toBe(true);
    expect(countsOf(protection, id)[KEY_COUNT_SEALED]).toBe(2);
    expect(countsOf(protection, id)[KEY_COUNT_LARGEST]).toBe(5);
  });

  it('looks at no column of the source where the length is 0', () => {
    const { protection, id } = sealing();
    const batch = batchToSeal([{ key: id, number: 1, payload: filled(20, 1) }]);
    setSource(batch, 0, [INT_MAX, INT_MIN, 0]);
    expect(protection.seal(batch, 0, 1)).toBe(1);
  });

  it('refuses a number that must not be sealed before it looks at the source', () => {
    const { protection, id } = sealing();
    const batch = batchToSeal([{ key: id, number: -1, payload: filled(20, 1) }]);
    setSource(batch, 0, [7, 0, 1]);
    expect(protection.seal(batch, 0, 1)).toBe(0);
    expect(statusesOf(batch)).toEqual([STATUS_KEY_EXHAUSTED]);
  });

  it('takes as many sources as there are rows, and no more', () => {
    const { protection, id } = sealing();
    const sources = Array.from({ length: 1500 }, (_, index) => filled(20, index));
    const batch = batchToSeal(
      sources.map((_, number) => ({ key: id, number, payload: new Uint8Array(20) })),
    );
    batch.sources.push(...sources, filled(20, 1500));
    sources.forEach((_, row) => {
      setSource(batch, row, [row === 0 ? 1500 : row, 0, 20]);
    });
    expect(protection.seal(batch, 0, batch.length)).toBe(1499);
    expect(statusesOf(batch)[0]).toBe(STATUS_SOURCE_LOST);
    const last = sealReference(
      trafficKey('aes-128-gcm', 'seal'),
      CONNECTION_ID,
      1499n,
      0,
      sources[1499],
    );
    expect(Buffer.from(bytesOf(batch, 1499)).equals(last.packet)).toBe(true);
  });

  it('copies from the slab itself, also where the two parts overlap', () => {
    const { protection, id } = sealing();
    const payload = filled(60, 9);
    const batch = batchToSeal([{ key: id, number: 1, payload }]);
    batch.sources.push(batch.bytes);
    // The guard bytes and the header lie in front of the payload.
    setSource(batch, 0, [0, 7 + 13, 50]);
    const wanted = payload.slice();
    wanted.copyWithin(10, 0, 50);
    expect(protection.seal(batch, 0, 1)).toBe(1);
    const secrets = trafficKey('aes-128-gcm', 'seal');
    const { packet } = sealReference(secrets, CONNECTION_ID, 1n, 0, wanted);
    expect(Buffer.from(bytesOf(batch, 0)).equals(packet)).toBe(true);
  });
});

describe(`providers (${providers.map(({ name }) => name).join(', ')})`, () => {
  it('do the same for whatever rows and sources say', () => {
    const place = fc.oneof(
      { weight: 20, arbitrary: fc.nat(20) },
      { weight: 1, arbitrary: fc.constantFrom(-1, 61, 64, 100, INT_MAX, INT_MIN) },
    );
    const row = fc.record({
      size: fc.nat(80),
      source: fc.integer({ min: -1, max: 5 }),
      offset: place,
      length: place,
    });
    const sizes = fc.array(fc.nat(64), { maxLength: 5, size: 'max' });
    const many = fc.array(row, { minLength: 1, maxLength: 90, size: 'max' });
    let sealed = 0;
    let refused = 0;
    fc.assert(
      fc.property(many, sizes, (rows, sourceSizes) => {
        const batches = providers.map(({ open }) => {
          const protection = open({ maxSlots: 1 });
          const key = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
          const batch = batchToSeal(
            rows.map(({ size }, number) => ({ key, number, payload: filled(size, number) })),
          );
          // The last source is the slab: what rows before have become is what later rows copy.
          batch.sources.push(...sourceSizes.map(filled), batch.bytes);
          rows.forEach(({ source, offset, length }, index) => {
            setSource(batch, index, [source, offset, length]);
          });
          protection.seal(batch, 0, batch.length);
          return { batch, counts: countsOf(protection, key) };
        });
        const [first, ...others] = batches;
        expect(guardsHold(first.batch)).toBe(true);
        for (const other of others) {
          expect(resultsOf(other.batch)).toEqual(resultsOf(first.batch));
          expect(Buffer.from(other.batch.bytes).equals(first.batch.bytes)).toBe(true);
          expect(other.counts).toEqual(first.counts);
        }
        sealed += first.counts[KEY_COUNT_SEALED];
        refused += rows.length - first.counts[KEY_COUNT_SEALED];
      }),
    );
    expect(sealed).toBeGreaterThan(1000);
    expect(refused).toBeGreaterThan(1000);
  });
});
