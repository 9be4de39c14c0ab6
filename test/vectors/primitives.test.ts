/**
 * The handshake's primitives against Wycheproof (C2SP/wycheproof, testvectors_v1): AES-256-GCM, ChaCha20-Poly1305,
 * XChaCha20-Poly1305; and, by `node:crypto` and by the addon, X25519 and HKDF-SHA256 built from the HMAC.
 */

import { describe, expect, it } from 'vitest';
import type { HandshakePrimitives } from '../../lib/core/ports.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { primitivesHere } from '../support/primitives.js';
import { readVectors } from '../support/vectors.js';

interface Wycheproof<T> {
  readonly testGroups: readonly {
    readonly ivSize: number;
    readonly keySize: number;
    readonly tests: readonly T[];
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

interface X25519Vector {
  readonly tcId: number;
  readonly public: string;
  readonly private: string;
  readonly shared: string;
  readonly result: string;
}

interface HkdfVector {
  readonly tcId: number;
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
  readonly result: 'valid' | 'invalid';
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const invalidKey = expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_KEY' });

type Seal = (k: Uint8Array, n: Uint8Array, ad: Uint8Array, p: Uint8Array) => Uint8Array;
type Open = (k: Uint8Array, n: Uint8Array, ad: Uint8Array, c: Uint8Array) => Uint8Array | undefined;

const aesgcm = nodePrimitives.cipher('AESGCM');
const chachaPoly = nodePrimitives.cipher('ChaChaPoly');
const { xSeal, xOpen } = nodePrimitives;
const aeads: readonly (readonly [string, string, number, Seal, Open])[] = [
  ['AESGCM', 'aes_gcm', 96, aesgcm.encrypt, aesgcm.decrypt],
  ['ChaChaPoly', 'chacha20_poly1305', 96, chachaPoly.encrypt, chachaPoly.decrypt],
  ['XChaCha20-Poly1305', 'xchacha20_poly1305', 192, xSeal, xOpen],
];

describe.each(aeads)('%s', (_name, file, nonceBits, seal, open) => {
  const groups = readVectors<Wycheproof<AeadVector>>(`wycheproof/${file}_test.json`)?.testGroups;

  it.skipIf(groups === undefined)('agrees with Wycheproof; other sizes are refused', () => {
    let ran = 0;
    for (const { ivSize, keySize, tests } of groups!) {
      for (const test of tests) {
        const [key, nonce, ad] = [bytes(test.key), bytes(test.iv), bytes(test.aad)];
        const sealed = bytes(test.ct + test.tag);
        const what = `${file} ${test.tcId}`;
        if (ivSize !== nonceBits || keySize !== 256) {
          expect(() => seal(key, nonce, ad, bytes(test.msg)), what).toThrow(invalidKey);
          expect(() => open(key, nonce, ad, sealed), what).toThrow(invalidKey);
          continue;
        }
        ran++;
        const valid = test.result === 'valid';
        expect(open(key, nonce, ad, sealed), what).toEqual(valid ? bytes(test.msg) : undefined);
        if (valid) expect(seal(key, nonce, ad, bytes(test.msg)), what).toEqual(sealed);
      }
    }
    expect(ran).toBeGreaterThan(50);
  });
});

describe.each(primitivesHere)('X25519 by %s', (_name, { dh }) => {
  const groups = readVectors<Wycheproof<X25519Vector>>('wycheproof/x25519_test.json')?.testGroups;

  it.skipIf(groups === undefined)('agrees with Wycheproof; all-zero secrets are refused', () => {
    let refused = 0;
    for (const test of groups!.flatMap(({ tests }) => tests)) {
      const shared = dh(bytes(test.private), bytes(test.public));
      const lowOrder = /^0+$/.test(test.shared);
      if (lowOrder) refused++;
      expect(shared, `x25519 ${test.tcId}`).toEqual(lowOrder ? undefined : bytes(test.shared));
    }
    expect(refused).toBe(31);
  });
});

/** RFC 5869 over the HMAC primitive, as the vectors want it: a salt of its own, any size up to 255 blocks. */
function hkdf(
  hmacSha256: HandshakePrimitives['hmacSha256'],
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  sizeBytes: number,
): Uint8Array {
  const secret = hmacSha256(salt.length === 0 ? new Uint8Array(32) : salt, ikm);
  const out: number[] = [];
  let block: Uint8Array = new Uint8Array();
  for (let i = 1; out.length < sizeBytes; i++) {
    block = hmacSha256(secret, block, info, Uint8Array.of(i));
    out.push(...block);
  }
  return Uint8Array.from(out.slice(0, sizeBytes));
}

describe.each(primitivesHere)('HKDF-SHA256 by %s', (_name, { hmacSha256 }) => {
  const file = readVectors<Wycheproof<HkdfVector>>('wycheproof/hkdf_sha256_test.json');

  it.skipIf(file === undefined)('agrees with Wycheproof', () => {
    const tests = file!.testGroups.flatMap((group) => group.tests);
    const valid = tests.filter(({ result }) => result === 'valid');
    expect(valid.length).toBeGreaterThan(70);
    for (const test of valid) {
      const [ikm, salt, info] = [bytes(test.ikm), bytes(test.salt), bytes(test.info)];
      const okm = hkdf(hmacSha256, ikm, salt, info, test.size);
      expect(okm, `hkdf ${test.tcId}`).toEqual(bytes(test.okm));
    }
    // The invalid ones ask for more than 255 blocks.
    const invalid = tests.filter(({ result }) => result === 'invalid');
    expect(invalid.every(({ size }) => size > 255 * 32)).toBe(true);
  });
});
