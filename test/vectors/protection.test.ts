/**
 * Packet protection against Wycheproof's AEAD vectors (C2SP/wycheproof, testvectors_v1).
 *
 * Twice: on the AEADs of the JavaScript providers as they are, with any associated data; and through every provider as
 * packets. A packet's associated data is its own header, so there the vectors give key, nonce and message, and the
 * expectation is computed from docs/wire-format.md.
 */

import { describe, expect, it } from 'vitest';
import type { AeadName } from '../../lib/core/ports.js';
import { nobleSuite } from '../../lib/crypto/noble-protection.js';
import { nodeSuite } from '../../lib/crypto/node-protection.js';
import { readVectors } from '../support/vectors.js';
import {
  batchToOpen,
  batchToSeal,
  bytesOf,
  CONNECTION_ID,
  filled,
  payloadOf,
} from '../unit/crypto/packets.js';
import { providers } from '../unit/crypto/providers.js';
import { sealReference } from '../unit/crypto/reference-packet.js';

interface AeadFile {
  readonly testGroups: readonly {
    readonly ivSize: number;
    readonly keySize: number;
    readonly tagSize: number;
    readonly tests: readonly AeadVector[];
  }[];
}

interface AeadVector {
  readonly tcId: number;
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const NONCE_BITS = 96;

interface Case extends AeadVector {
  readonly aead: AeadName;
}

/** Those of a file that our packets can have: 96-bit nonces, 128-bit tags, keys that we know. */
function casesOf(name: string, aeadOf: (keyBits: number) => AeadName | undefined) {
  const groups = readVectors<AeadFile>(name)?.testGroups ?? [];
  const usable: Case[] = [];
  const otherNonces: Case[] = [];
  for (const group of groups) {
    const aead = aeadOf(group.keySize);
    if (aead === undefined || group.tagSize !== 128) continue;
    const cases = group.tests.map((test) => ({ ...test, aead }));
    (group.ivSize === NONCE_BITS ? usable : otherNonces).push(...cases);
  }
  return { usable, otherNonces };
}

const gcm = casesOf('wycheproof/aes_gcm_test.json', (bits) =>
  bits === 128 ? 'aes-128-gcm' : bits === 256 ? 'aes-256-gcm' : undefined,
);
const chacha = casesOf('wycheproof/chacha20_poly1305_test.json', () => 'chacha20-poly1305');
const usable = [...gcm.usable, ...chacha.usable];
const otherNonces = [...gcm.otherNonces, ...chacha.otherNonces];
const absent = usable.length === 0;

describe.skipIf(absent).each([nodeSuite, nobleSuite])('the AEADs of $name', (suite) => {
  it('agree with every vector of 96-bit nonces', () => {
    expect(usable.length).toBeGreaterThan(400);
    for (const test of usable) {
      const cipher = suite.packetCipher(test.aead, bytes(test.key));
      const [nonce, aad] = [bytes(test.iv), bytes(test.aad)];
      const sealed = bytes(test.ct + test.tag);
      if (test.result === 'valid') {
        const body = Uint8Array.from([...bytes(test.msg), ...new Uint8Array(16)]);
        cipher.seal(nonce, aad, body);
        expect(body, `seal ${test.tcId}`).toEqual(sealed);
      }
      const body = sealed.slice();
      expect(cipher.open(nonce, aad, body), `open ${test.tcId}`).toBe(test.result === 'valid');
      if (test.result === 'valid') {
        expect(body.subarray(0, -16), `open ${test.tcId}`).toEqual(bytes(test.msg));
      }
    }
  });
});

describe.skipIf(absent).each(providers)('$name', ({ open }) => {
  it('seals and opens every key, nonce and message of the vectors as a packet', () => {
    const protection = open();
    for (const test of usable) {
      const secrets = {
        aead: test.aead,
        key: bytes(test.key),
        iv: bytes(test.iv),
        headerKey: filled(test.key.length / 2, test.tcId),
      };
      const payload = bytes(test.msg);
      const sealId = protection.installKey({ ...secrets, direction: 'seal' });
      const openId = protection.installKey({ ...secrets, direction: 'open' });
      const batch = batchToSeal([{ key: sealId, number: 0, payload }]);
      expect(protection.seal(batch, 0, 1)).toBe(1);
      const { packet } = sealReference(secrets, CONNECTION_ID, 0n, 0, payload);
      expect(packet.equals(bytesOf(batch, 0)), `${test.aead} ${test.tcId}`).toBe(true);
      const back = batchToOpen([{ key: openId, packet }]);
      expect(protection.open(back, 0, 1), `${test.aead} ${test.tcId}`).toBe(1);
      expect(payloadOf(back, 0)).toEqual(payload);
      protection.retireKey(sealId);
      protection.retireKey(openId);
    }
  });

  it('refuses nonces of other sizes', () => {
    const protection = open();
    expect(otherNonces.length).toBeGreaterThan(50);
    for (const test of otherNonces) {
      const key = {
        aead: test.aead,
        direction: 'seal' as const,
        key: bytes(test.key),
        iv: bytes(test.iv),
        headerKey: bytes(test.key),
      };
      expect(() => protection.installKey(key), `${test.tcId}`).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_KEY' }),
      );
    }
  });
});
