/**
 * Key slots of the JavaScript providers: their number, their ids, and that keys are wiped when they leave.
 */

import { describe, expect, it } from 'vitest';
import { KEY_SLOT_BITS } from '../../../lib/batch/layout.js';
import { KeyTable, MAX_KEY_SLOTS } from '../../../lib/crypto/key-table.js';
import { nobleSuite } from '../../../lib/crypto/noble-protection.js';
import { nodeSuite, openNodeProtection } from '../../../lib/crypto/node-protection.js';
import type { CipherSuite } from '../../../lib/crypto/packet-cipher.js';
import { filled, trafficKey } from './packets.js';

/** A suite that does nothing but write down what becomes of its keys. */
function recordingSuite() {
  const live = new Set<string>();
  const made = (what: string, key: Uint8Array) => {
    const name = `${what} ${Buffer.from(key).toString('hex').slice(0, 8)}`;
    live.add(name);
    return () => void live.delete(name);
  };
  const suite: CipherSuite = {
    name: 'node',
    kernel: 'recording',
    packetCipher: (_, key) => ({
      seal: () => {},
      open: () => true,
      wipe: made('packet', key),
    }),
    headerCipher: (_, key) => ({ mask: () => {}, wipe: made('header', key) }),
  };
  return { suite, live };
}

describe('KeyTable', () => {
  it('answers -1 when every slot is taken, and goes on when one is free', () => {
    const table = new KeyTable(nodeSuite, 3);
    const ids = [1, 2, 3].map((seed) => table.install(trafficKey('aes-128-gcm', 'seal', seed)));
    expect(new Set(ids).size).toBe(3);
    expect(table.install(trafficKey('aes-128-gcm', 'seal', 4))).toBe(-1);
    table.retire(ids[1]);
    const again = table.install(trafficKey('aes-128-gcm', 'seal', 4));
    expect(again).toBeGreaterThan(0);
    expect(again).not.toBe(ids[1]);
    expect(table.find(ids[1])).toBeUndefined();
    expect(table.find(again)).toBeDefined();
  });

  it('has room for as many slots as an id can name', () => {
    expect(MAX_KEY_SLOTS).toBe(1 << KEY_SLOT_BITS);
    expect(openNodeProtection().counts.length).toBe(4 << KEY_SLOT_BITS);
  });

  it('gives only positive ids, and the same again after 8,191 generations at the earliest', () => {
    const { suite } = recordingSuite();
    const table = new KeyTable(suite, 1);
    const key = trafficKey('aes-128-gcm', 'open');
    const ids = Array.from({ length: 8191 }, () => {
      const id = table.install(key);
      table.retire(id);
      return id;
    });
    expect(new Set(ids).size).toBe(8191);
    expect(Math.min(...ids)).toBeGreaterThan(0);
    expect(Math.max(...ids)).toBeLessThan(2 ** 31);
    expect(table.install(key)).toBe(ids[0]);
  });

  it('wipes each key when it leaves its slot', () => {
    const { suite, live } = recordingSuite();
    const table = new KeyTable(suite, 2);
    const sealId = table.install(trafficKey('aes-128-gcm', 'seal', 1));
    expect(live.size).toBe(2);
    table.update(sealId, filled(16, 50), filled(12, 51));
    expect(live.size).toBe(2);
    table.retire(sealId);
    expect(live.size).toBe(0);

    const openId = table.install(trafficKey('aes-128-gcm', 'open', 2));
    table.update(openId, filled(16, 60), filled(12, 61));
    expect(live.size).toBe(3);
    const slot = table.find(openId)!;
    slot.previous = slot.current;
    slot.current = slot.next!;
    slot.next = undefined;
    table.retirePrevious(openId);
    expect(live.size).toBe(2);
    table.retirePrevious(openId);
    table.update(openId, filled(16, 70), filled(12, 71));
    table.retire(openId);
    table.retire(openId);
    expect(live.size).toBe(0);
  });

  it.each([nodeSuite, nobleSuite])('$name: a wiped key is all zero', (suite) => {
    const nonce = filled(12, 1);
    const header = filled(13, 2);
    for (const [aead, size] of [
      ['aes-128-gcm', 16],
      ['aes-256-gcm', 32],
      ['chacha20-poly1305', 32],
    ] as const) {
      const wiped = suite.packetCipher(aead, filled(size, 3));
      wiped.wipe();
      const left = filled(40, 4);
      wiped.seal(nonce, header, left);
      const right = filled(40, 4);
      suite.packetCipher(aead, new Uint8Array(size)).seal(nonce, header, right);
      expect(left).toEqual(right);
    }
  });
});
