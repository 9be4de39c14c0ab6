/**
 * The primitives by the addon against those by `node:crypto`, the addon's own checks, and the choice between the two.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPrimitives } from '../../../lib/crypto/choose-primitives.js';
import { openNativePrimitives } from '../../../lib/crypto/native-primitives.js';
import { nodePrimitives } from '../../../lib/crypto/primitives.js';
import { publicKeyOf } from '../../../lib/crypto/x25519.js';
import type { Binding, NativePrimitives } from '../../../lib/native/binding.js';
import { loadBinding } from '../../../lib/native/load.js';
import { nativePrimitives } from '../../support/primitives.js';
import { filled } from './packets.js';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const parts = fc.array(fc.uint8Array({ maxLength: 1500 }), { maxLength: 4 });

describe.skipIf(nativePrimitives === undefined)('primitives by the addon', () => {
  const native = nativePrimitives!;

  it('equal those of node:crypto', () => {
    fc.assert(
      fc.property(key, key, (privateKey, publicKey) => {
        expect(native.dh(privateKey, publicKey)).toEqual(nodePrimitives.dh(privateKey, publicKey));
      }),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), parts, (macKey, data) => {
        expect(native.sha256(...data)).toEqual(nodePrimitives.sha256(...data));
        expect(native.hmacSha256(macKey, ...data)).toEqual(
          nodePrimitives.hmacSha256(macKey, ...data),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('give a public key that belongs to the private one', () => {
    for (let i = 0; i < 20; i++) {
      const { publicKey, privateKey } = native.generateKeyPair();
      expect(publicKey).toEqual(publicKeyOf(Uint8Array.from(privateKey)));
      expect(String(privateKey)).toBe('[secret, 32 bytes]');
    }
  });

  it('refuse every point of low order', () => {
    const order8 = 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800';
    const ones = `ec${'ff'.repeat(30)}7f`;
    for (const hex of ['00'.repeat(32), `01${'00'.repeat(31)}`, order8, ones]) {
      expect(native.dh(filled(32, 5), Uint8Array.from(Buffer.from(hex, 'hex')))).toBeUndefined();
    }
  });
});

describe.skipIf(nativePrimitives === undefined)('the addon', () => {
  const open = (): NativePrimitives => new (loadBinding().binding!.Primitives)();

  it('wipes keys from the memory that it was given', () => {
    const native = open();
    const memory = new Uint8Array(128).fill(7);
    expect(native.x25519(memory)).toBe(true);
    expect(memory.subarray(32, 64)).toEqual(new Uint8Array(32));
    memory.fill(7);
    expect(native.x25519Public(memory)).toBe(true);
    expect(memory.subarray(32, 64)).toEqual(new Uint8Array(32));
    memory.fill(7);
    expect(native.hmacSha256(memory, 20, 30)).toBe(true);
    expect(memory.subarray(32, 82)).toEqual(new Uint8Array(50));
    expect(memory.subarray(82)).toEqual(new Uint8Array(46).fill(7));
  });

  it('reads and writes nothing beyond the memory', () => {
    const native = open();
    const gone = new Uint8Array(4096);
    structuredClone(gone, { transfer: [gone.buffer] });
    const small = [new Uint8Array(0), new Uint8Array(31), new Uint8Array(63), gone];
    for (const memory of [...small, [], {}, null, 1, new Float64Array(99)] as Uint8Array[]) {
      expect(native.x25519(memory)).toBe(false);
      expect(native.x25519Public(memory)).toBe(false);
      expect(native.sha256(memory, 64)).toBe(false);
      expect(native.hmacSha256(memory, 32, 32)).toBe(false);
    }
    const memory = new Uint8Array(96);
    expect(native.x25519(memory.subarray(1))).toBe(false);
    expect(native.sha256(memory, 64)).toBe(true);
    expect(native.sha256(memory, 65)).toBe(false);
    expect(native.hmacSha256(memory, 64, 1)).toBe(false);
    expect(native.hmacSha256(memory, 2 ** 32 - 1, 2)).toBe(false);
    expect(native.hmacSha256(memory, -1, 2)).toBe(false);
    expect((native.sha256 as (...given: unknown[]) => boolean)(memory)).toBe(false);
  });
});

describe('openPrimitives', () => {
  it.each(['node', 'noble'])('keeps the addon out for BURSTWIRE_CRYPTO=%s', (value) => {
    const opened = openPrimitives({ BURSTWIRE_CRYPTO: value });
    expect(opened).toEqual({
      primitives: nodePrimitives,
      name: 'node',
      reason: `BURSTWIRE_CRYPTO=${value}`,
    });
  });

  it.runIf(nativePrimitives)('takes the addon otherwise', () => {
    for (const env of [{}, { BURSTWIRE_CRYPTO: '' }, { BURSTWIRE_CRYPTO: 'native' }]) {
      expect(openPrimitives(env).name).toBe('native');
      expect(openPrimitives(env).reason).toBeUndefined();
    }
  });

  it('says why the addon has none', () => {
    class Primitives {
      constructor() {
        throw new Error('no OpenSSL for handshakes: EVP_PKEY_derive');
      }
    }
    const broken = { Primitives } as unknown as Binding;
    expect(openNativePrimitives(broken)).toBe('no OpenSSL for handshakes: EVP_PKEY_derive');
    expect(openNativePrimitives({} as Binding)).toMatch(/not a constructor/);
  });

  it('throws when OpenSSL refuses a hash, rather than return a wrong one', () => {
    const no = () => false;
    const refusing: NativePrimitives = {
      x25519: no,
      x25519Public: no,
      sha256: no,
      hmacSha256: no,
    };
    const Primitives = function Primitives() {
      return refusing;
    } as unknown as Binding['Primitives'];
    const opened = openNativePrimitives({ Primitives } as Binding);
    if (typeof opened === 'string') throw new Error(opened);
    expect(() => opened.sha256(filled(3, 1))).toThrow(/SHA-256/);
    expect(() => opened.hmacSha256(filled(3, 1))).toThrow(/HMAC-SHA256/);
    expect(() => opened.generateKeyPair()).toThrow(/X25519/);
    expect(opened.dh(filled(32, 1), filled(32, 2))).toBeUndefined();
  });
});
