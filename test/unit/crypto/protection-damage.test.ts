/**
 * Damaged packets, for every provider: each truncation, each flipped bit, junk, extension. Nothing opens, nothing
 * throws, nothing moves.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STATUS_FORGED, STATUS_TOO_SHORT } from '../../../lib/batch/layout.js';
import {
  AEADS,
  batchToOpen,
  batchToSeal,
  bytesOf,
  filled,
  guardsHold,
  OVERHEAD,
  payloadOf,
  statusesOf,
  trafficKey,
} from './packets.js';
import { providers } from './providers.js';

const PAYLOAD = filled(50, 3);
const cases = providers.flatMap((provider) => AEADS.map((aead) => ({ ...provider, aead })));

describe.each(cases)('$name $aead', ({ open, aead }) => {
  const protection = open();
  const sealId = protection.installKey(trafficKey(aead, 'seal'));
  const batch = batchToSeal([{ key: sealId, number: 9, payload: PAYLOAD }]);
  protection.seal(batch, 0, 1);
  const packet = bytesOf(batch, 0);

  /** Opens damaged packets and then the whole one, under a key of its own. */
  function statusesThenWhole(damaged: readonly Uint8Array[]): number[] {
    const openId = protection.installKey(trafficKey(aead, 'open'));
    const packets = [...damaged, packet].map((bytes) => ({ key: openId, packet: bytes }));
    const back = batchToOpen(packets);
    expect(protection.open(back, 0, back.length)).toBe(1);
    expect(guardsHold(back)).toBe(true);
    expect(payloadOf(back, back.length - 1)).toEqual(PAYLOAD);
    protection.retireKey(openId);
    return statusesOf(back).slice(0, -1);
  }

  it('refuses each truncation, at either end', () => {
    const lengths = Array.from({ length: packet.length }, (_, length) => length);
    const expected = lengths.map((n) => (n < OVERHEAD ? STATUS_TOO_SHORT : STATUS_FORGED));
    expect(statusesThenWhole(lengths.map((n) => packet.slice(0, n)))).toEqual(expected);
    expect(statusesThenWhole(lengths.map((n) => packet.slice(packet.length - n)))).toEqual(
      expected,
    );
  });

  it('refuses each flipped bit and each changed byte', () => {
    const damaged: Uint8Array[] = [];
    for (let at = 0; at < packet.length; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
        const copy = packet.slice();
        copy[at] ^= flip;
        damaged.push(copy);
      }
    }
    expect(new Set(statusesThenWhole(damaged))).toEqual(new Set([STATUS_FORGED]));
  });

  it('refuses what was added, swapped or made up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 }),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (junk, tail) => {
          const longer = Uint8Array.from([...packet, ...tail]);
          const statuses = statusesThenWhole([...junk, longer]);
          const expected = junk.map(({ length }) =>
            length < OVERHEAD ? STATUS_TOO_SHORT : STATUS_FORGED,
          );
          expect(statuses).toEqual([...expected, STATUS_FORGED]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('opens nothing under another key, IV or header key', () => {
    const right = trafficKey(aead, 'open');
    for (const field of ['key', 'iv', 'headerKey'] as const) {
      const wrong = { ...right, [field]: right[field].slice() };
      wrong[field][3] ^= 0x10;
      const openId = protection.installKey(wrong);
      const back = batchToOpen([{ key: openId, packet }]);
      expect(protection.open(back, 0, 1)).toBe(0);
      expect(statusesOf(back)).toEqual([STATUS_FORGED]);
    }
  });
});
