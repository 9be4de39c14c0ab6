/**
 * The test protection keeps the rules of packet protection that simulations count on.
 */

import { describe, expect, it } from 'vitest';
import {
  FLAG_KEY_UPDATED,
  FLAG_PREVIOUS_KEY,
  LENGTH,
  OFFSET,
  ROW_SHIFT,
  SOURCE,
  SOURCE_LENGTH,
  SOURCE_OFFSET,
  STATUS_FORGED,
  STATUS_KEY_EXHAUSTED,
  STATUS_NO_KEY,
  STATUS_REPLAYED,
  STATUS_SOURCE_LOST,
  STATUS_TOO_SHORT,
} from '../../lib/batch/layout.js';
import {
  batchToOpen,
  batchToSeal,
  bytesOf,
  filled,
  payloadOf,
  resultOf,
  statusesOf,
  trafficKey,
} from '../unit/crypto/packets.js';
import { PlainProtection } from './plain-protection.js';

interface Pair {
  readonly protection: PlainProtection;
  readonly sealKey: number;
  readonly openKey: number;
}

function pair(): Pair {
  const protection = new PlainProtection({ maxSlots: 8, sealLimit: 100 });
  const sealKey = protection.installKey(trafficKey('aes-128-gcm', 'seal'));
  const openKey = protection.installKey(trafficKey('aes-128-gcm', 'open'));
  return { protection, sealKey, openKey };
}

function sealed({ protection, sealKey }: Pair, number: number, payload: Uint8Array): Uint8Array {
  const batch = batchToSeal([{ key: sealKey, number, payload }]);
  expect(protection.seal(batch, 0, 1)).toBe(1);
  return bytesOf(batch, 0);
}

describe('the test protection', () => {
  it.each([0, 1, 15, 16, 17, 1200])('opens what it sealed: %i bytes', (size) => {
    const both = pair();
    const packet = sealed(both, 7, filled(size, 9));
    const batch = batchToOpen([{ key: both.openKey, packet }]);
    expect(both.protection.open(batch, 0, 1)).toBe(1);
    expect(payloadOf(batch, 0)).toEqual(filled(size, 9));
    expect(resultOf(batch, 0)).toMatchObject({
      number: 7,
      plaintextLength: size,
      headerLength: 13,
    });
  });

  it('refuses a packet with any one bit flipped', () => {
    const both = pair();
    const packet = sealed(both, 1, filled(40, 2));
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const forged = packet.slice();
      forged[bit >> 3] ^= 1 << (bit & 7);
      const batch = batchToOpen([{ key: both.openKey, packet: forged }]);
      both.protection.open(batch, 0, 1);
      expect(statusesOf(batch)).toEqual([STATUS_FORGED]);
    }
  });

  it('refuses a packet that was cut, one of another key, one that came before', () => {
    const both = pair();
    const other = both.protection.installKey(trafficKey('aes-128-gcm', 'open', 1));
    const packet = sealed(both, 1, filled(40, 2));
    const batch = batchToOpen([
      { key: both.openKey, packet: packet.subarray(0, 60) },
      { key: both.openKey, packet: packet.subarray(0, 28) },
      { key: other, packet },
      { key: both.sealKey, packet },
      { key: both.openKey, packet },
      { key: both.openKey, packet },
    ]);
    expect(both.protection.open(batch, 0, 6)).toBe(1);
    const expected = [
      STATUS_FORGED,
      STATUS_TOO_SHORT,
      STATUS_FORGED,
      STATUS_NO_KEY,
      0,
      STATUS_REPLAYED,
    ];
    expect(statusesOf(batch)).toEqual(expected);
  });

  it('fetches the end of the payload from its source, and says when that is gone', () => {
    const both = pair();
    const batch = batchToSeal([
      { key: both.sealKey, number: 1, payload: new Uint8Array(50) },
      { key: both.sealKey, number: 2, payload: new Uint8Array(50) },
    ]);
    batch.sources.push(filled(100, 4));
    for (const row of [0, 1]) {
      batch.rows[(row << ROW_SHIFT) + SOURCE] = 0;
      batch.rows[(row << ROW_SHIFT) + SOURCE_OFFSET] = row === 0 ? 60 : 61;
      batch.rows[(row << ROW_SHIFT) + SOURCE_LENGTH] = 40;
    }
    expect(both.protection.seal(batch, 0, 2)).toBe(1);
    expect(statusesOf(batch)).toEqual([0, STATUS_SOURCE_LOST]);
    expect(payloadOf(batch, 0).subarray(10)).toEqual(filled(100, 4).subarray(60));
    expect(batch.rows[OFFSET] + batch.rows[LENGTH]).toBeLessThan(batch.bytes.length);
  });

  it('seals no number twice, and no more than the key may', () => {
    const both = pair();
    sealed(both, 5, filled(3, 3));
    const again = batchToSeal(
      [5, 4].map((number) => ({ key: both.sealKey, number, payload: filled(3, 3) })),
    );
    both.protection.seal(again, 0, 2);
    expect(statusesOf(again)).toEqual([STATUS_KEY_EXHAUSTED, STATUS_KEY_EXHAUSTED]);
    for (let number = 6; number < 105; number++) sealed(both, number, filled(3, 3));
    const last = batchToSeal([{ key: both.sealKey, number: 105, payload: filled(3, 3) }]);
    both.protection.seal(last, 0, 1);
    expect(statusesOf(last)).toEqual([STATUS_KEY_EXHAUSTED]);
  });

  it('follows a key update, and opens late packets with the key before', () => {
    const both = pair();
    const { protection, sealKey, openKey } = both;
    const late = sealed(both, 1, filled(20, 1));
    const { key, iv } = trafficKey('aes-128-gcm', 'seal', 0, 1);
    protection.updateKey(openKey, key, iv);
    protection.updateKey(sealKey, key, iv);
    const packet = sealed(both, 2, filled(20, 1));
    const batch = batchToOpen([
      { key: openKey, packet },
      { key: openKey, packet: late },
    ]);
    expect(protection.open(batch, 0, 2)).toBe(2);
    expect(resultOf(batch, 0).flags).toBe(FLAG_KEY_UPDATED);
    expect(resultOf(batch, 1).flags).toBe(FLAG_PREVIOUS_KEY);
  });
});
