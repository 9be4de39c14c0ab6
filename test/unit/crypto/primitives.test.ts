/**
 * The handshake's primitives: what the vectors do not ask.
 */

import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodePrimitives } from '../../../lib/crypto/primitives.js';
import { systemRandom } from '../../../lib/crypto/random.js';
import { publicKeyOf } from '../../../lib/crypto/x25519.js';
import { primitivesHere } from '../../support/primitives.js';
import { filled } from './packets.js';

const { cipher, xSeal, xOpen, equal } = nodePrimitives;
const invalidKey = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_KEY' });
const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 });

describe.each(primitivesHere)('X25519 by %s', (_name, { dh, generateKeyPair }) => {
  it('agrees on a secret, from new keys and from their bytes', () => {
    const left = generateKeyPair();
    const right = generateKeyPair();
    const shared = dh(left.privateKey, right.publicKey);
    expect(shared).toHaveLength(32);
    expect(dh(right.privateKey, left.publicKey)).toEqual(shared);
    expect(dh(Uint8Array.from(left.privateKey), right.publicKey)).toEqual(shared);
    expect(publicKeyOf(Uint8Array.from(left.privateKey))).toEqual(left.publicKey);
    expect(left.privateKey).not.toEqual(right.privateKey);
  });

  it('notices that an array holds another key than before', () => {
    const peer = generateKeyPair();
    const first = generateKeyPair();
    const second = generateKeyPair();
    const array = Uint8Array.from(first.privateKey);
    expect(dh(array, peer.publicKey)).toEqual(dh(first.privateKey, peer.publicKey));
    array.set(second.privateKey);
    expect(dh(array, peer.publicKey)).toEqual(dh(second.privateKey, peer.publicKey));
    const secret = dh(second.privateKey, peer.publicKey);
    second.privateKey.fill(0);
    expect(dh(second.privateKey, peer.publicKey)).not.toEqual(secret);
  });

  it('takes views into larger arrays', () => {
    const { publicKey, privateKey } = generateKeyPair();
    const all = Uint8Array.from([1, 2, 3, ...publicKey, 4, ...privateKey]);
    expect(dh(all.subarray(36), all.subarray(3, 35))).toEqual(dh(privateKey, publicKey));
  });

  it('refuses an all-zero secret and keys of the wrong size', () => {
    const { publicKey, privateKey } = generateKeyPair();
    expect(dh(privateKey, new Uint8Array(32))).toBeUndefined();
    for (const size of [0, 31, 33, 64]) {
      expect(() => dh(privateKey, filled(size, 1))).toThrow(invalidKey);
      expect(() => dh(filled(size, 1), publicKey)).toThrow(invalidKey);
    }
  });
});

describe.each(primitivesHere)('hashes by %s', (_name, { sha256, hmacSha256 }) => {
  it('are those of node:crypto, over parts', () => {
    fc.assert(
      fc.property(parts, fc.uint8Array({ maxLength: 150 }), (data, key) => {
        const all = Buffer.concat(data);
        expect(Buffer.from(sha256(...data))).toEqual(createHash('sha256').update(all).digest());
        const mac = createHmac('sha256', key).update(all).digest();
        expect(Buffer.from(hmacSha256(key, ...data))).toEqual(mac);
      }),
      { numRuns: 500 },
    );
  });

  it('take keys and parts of any size', () => {
    for (const size of [63, 64, 65, 4000, 4063, 4064, 4065, 20_000]) {
      const bytes = filled(size, 1);
      const hash = createHash('sha256').update(bytes).digest();
      expect(Buffer.from(sha256(bytes))).toEqual(hash);
      const mac = createHmac('sha256', bytes).update(bytes).digest();
      expect(Buffer.from(hmacSha256(bytes, bytes))).toEqual(mac);
      expect(Buffer.from(hmacSha256(filled(0, 1), bytes))).toEqual(
        createHmac('sha256', '').update(bytes).digest(),
      );
    }
  });

  it('give arrays that nobody else writes to', () => {
    const hash = sha256(filled(3, 1));
    const mac = hmacSha256(filled(3, 1), filled(3, 1));
    const [before, macBefore] = [hash.slice(), mac.slice()];
    sha256(filled(3, 2));
    hmacSha256(filled(3, 2), filled(3, 2));
    expect(hash).toEqual(before);
    expect(mac).toEqual(macBefore);
  });

  it('leave key and parts alone', () => {
    const key = filled(100, 1);
    const part = filled(10, 2);
    hmacSha256(key, part, part);
    expect(key).toEqual(filled(100, 1));
    expect(part).toEqual(filled(10, 2));
  });
});

describe.each([
  ['AESGCM', 12, cipher('AESGCM').encrypt, cipher('AESGCM').decrypt],
  ['ChaChaPoly', 12, cipher('ChaChaPoly').encrypt, cipher('ChaChaPoly').decrypt],
  ['XChaCha20-Poly1305', 24, xSeal, xOpen],
] as const)('%s', (_name, nonceBytes, seal, open) => {
  const key = filled(32, 1);
  const nonce = filled(nonceBytes, 2);

  it('opens what it sealed and nothing else, and throws for nothing that a peer sends', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.nat(), (ad, plaintext, at) => {
        const sealed = seal(key, nonce, ad, plaintext);
        expect(sealed).toHaveLength(plaintext.length + 16);
        expect(open(key, nonce, ad, sealed)).toEqual(plaintext);
        for (let end = 0; end < sealed.length; end++) {
          expect(open(key, nonce, ad, sealed.slice(0, end))).toBeUndefined();
        }
        sealed[at % sealed.length] ^= 1;
        expect(open(key, nonce, ad, sealed)).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it('refuses keys and nonces of the wrong size', () => {
    const none = new Uint8Array();
    for (const size of [0, 16, 31, 33]) {
      expect(() => seal(filled(size, 1), nonce, none, none)).toThrow(invalidKey);
      expect(() => open(filled(size, 1), nonce, none, none)).toThrow(invalidKey);
    }
    for (const size of [0, nonceBytes - 1, nonceBytes + 1]) {
      expect(() => seal(key, filled(size, 1), none, none)).toThrow(invalidKey);
      expect(() => open(key, filled(size, 1), none, none)).toThrow(invalidKey);
    }
  });
});

describe('the rest', () => {
  it('compares bytes, of different lengths too', () => {
    expect(equal(filled(20, 1), filled(20, 1))).toBe(true);
    expect(equal(filled(20, 1), filled(20, 2))).toBe(false);
    expect(equal(filled(20, 1), filled(19, 1))).toBe(false);
    expect(equal(new Uint8Array(), new Uint8Array())).toBe(true);
  });

  it('fills the view with chance, and nothing beside it', () => {
    const all = new Uint8Array(96);
    systemRandom.fill(all.subarray(32, 64));
    expect(all.subarray(0, 32)).toEqual(new Uint8Array(32));
    expect(all.subarray(64)).toEqual(new Uint8Array(32));
    expect(all.subarray(32, 64)).not.toEqual(new Uint8Array(32));
  });
});
