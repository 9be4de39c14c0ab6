/** What a packet shows to those who only look: its bytes (T101), and the work that it makes (T78). */

import { describe, expect, it } from 'vitest';
import { HEADER_MASK_BITS, STATUS_FORGED, STATUS_REPLAYED } from '../../../lib/batch/layout.js';
import type { CipherSuite } from '../../../lib/crypto/packet-cipher.js';
import { RowProtection } from '../../../lib/crypto/row-protection.js';
import {
  AEADS,
  batchToOpen,
  batchToSeal,
  bytesOf,
  CONNECTION_ID,
  filled,
  OVERHEAD,
  statusesOf,
  trafficKey,
} from './packets.js';
import { providers } from './providers.js';

const ID_END = 1 + CONNECTION_ID.length;

describe.each(providers)('a packet of $name', ({ open }) => {
  it.each(AEADS)(
    'with %s shows its fixed bits and its id, and no other bit stays what it is',
    (aead) => {
      const protection = open();
      const key = protection.installKey(trafficKey(aead, 'seal'));
      const payload = new Uint8Array(24);
      const packets: Uint8Array[] = [];
      for (let first = 0; first < 512; first += 64) {
        const rows = Array.from({ length: 64 }, (_, row) => ({
          key,
          number: first + row,
          payload,
        }));
        const batch = batchToSeal(rows);
        expect(protection.seal(batch, 0, batch.length)).toBe(64);
        packets.push(...rows.map((_, row) => bytesOf(batch, row)));
      }
      expect(packets.every(({ length }) => length === payload.length + OVERHEAD)).toBe(true);
      const once = packets.reduce((bits, packet) => bits.map((byte, at) => byte | packet[at]!));
      const always = packets.reduce((bits, packet) => bits.map((byte, at) => byte & packet[at]!));
      const constant = [...once].map((byte, at) => 0xff & ~(byte & ~always[at]!));
      expect(constant[0]).toBe(0xff & ~HEADER_MASK_BITS);
      expect(constant.slice(1, ID_END)).toEqual(Array(8).fill(0xff));
      expect(constant.slice(ID_END).every((bits) => bits === 0)).toBe(true);
    },
  );
});

/** Ciphers that count: a key is its first byte, a tag too. */
function countingSuite() {
  const calls = { opens: 0, masks: 0, keys: 0 };
  const suite: CipherSuite = {
    name: 'node',
    kernel: 'counting',
    packetCipher(_aead, key) {
      calls.keys++;
      const [mark] = key;
      return {
        seal: (_nonce, _header, body) => void body.fill(mark!, body.length - 16),
        open(_nonce, _header, body) {
          calls.opens++;
          return body.subarray(body.length - 16).every((byte) => byte === mark);
        },
        wipe: () => undefined,
      };
    },
    headerCipher: () => ({
      mask(_samples, count, masks) {
        calls.masks += count;
        masks.fill(0);
      },
      wipe: () => undefined,
    }),
  };
  return { calls, protection: new RowProtection(suite, { maxSlots: 4 }) };
}

describe('the work of opening a packet', () => {
  it('is one mask and one opening, whatever its phase, forged or not, and no key is made for it', () => {
    const { calls, protection } = countingSuite();
    const keyOf = (generation: number) => trafficKey('aes-128-gcm', 'seal', 0, generation);
    const sealId = protection.installKey(keyOf(0));
    const openId = protection.installKey({ ...keyOf(0), direction: 'open' });
    const seal = (number: number) => {
      const batch = batchToSeal([{ key: sealId, number, payload: filled(40, number) }]);
      expect(protection.seal(batch, 0, 1)).toBe(1);
      return bytesOf(batch, 0);
    };
    const forge = (packet: Uint8Array) => {
      const forged = packet.slice();
      forged[forged.length - 1]! ^= 1;
      return forged;
    };
    const old = [0, 1, 2].map(seal);
    protection.updateKey(sealId, keyOf(1).key, keyOf(1).iv);
    const next = [3, 4].map(seal);
    protection.updateKey(openId, keyOf(1).key, keyOf(1).iv);
    const work = (packet: Uint8Array) => {
      const before = { ...calls };
      const batch = batchToOpen([{ key: openId, packet }]);
      protection.open(batch, 0, 1);
      const { opens, masks, keys } = calls;
      return [statusesOf(batch)[0], opens - before.opens, masks - before.masks, keys - before.keys];
    };
    const cases: [string, Uint8Array, number][] = [
      ['of now', old[0]!, 0],
      ['again', old[0]!, STATUS_REPLAYED],
      ['forged', forge(old[1]!), STATUS_FORGED],
      ['forged, of the next phase', forge(next[0]!), STATUS_FORGED],
      ['of the next phase', next[0]!, 0],
      ['of the phase before', old[1]!, 0],
      ['forged, of the phase before', forge(old[2]!), STATUS_FORGED],
      ['of now, again', next[0]!, STATUS_REPLAYED],
    ];
    for (const [name, packet, status] of cases) {
      expect([name, ...work(packet)]).toEqual([name, status, 1, 1, 0]);
    }
  });
});
