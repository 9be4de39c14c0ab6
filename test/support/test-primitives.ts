/**
 * HandshakePrimitives over node:crypto for tests of the core, with counters and dice that can be loaded.
 *
 * Not the product's adapter (that is lib/crypto/primitives.ts): XChaCha20 is built here from HChaCha20 in plain
 * JavaScript, so that the handshake's tests need nothing but Node.
 */

import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type {
  HandshakeCipher,
  HandshakePrimitives,
  KeyPair,
  Random,
} from '../../lib/core/ports.js';

const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

function privateKeyObject(key: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([PKCS8_X25519, key]),
    format: 'der',
    type: 'pkcs8',
  });
}

/** The key pair of a 32-byte private key. */
export function keyPairOf(privateKey: Uint8Array): KeyPair {
  const spki = createPublicKey(privateKeyObject(privateKey)).export({
    format: 'der',
    type: 'spki',
  });
  return { privateKey: Uint8Array.from(privateKey), publicKey: Uint8Array.from(spki.subarray(12)) };
}

type AeadAlgorithm = 'aes-256-gcm' | 'chacha20-poly1305';

function aeadSeal(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(algorithm as 'aes-256-gcm', key, nonce, { authTagLength: 16 });
  cipher.setAAD(ad);
  const body = cipher.update(plaintext);
  return Uint8Array.from(Buffer.concat([body, cipher.final(), cipher.getAuthTag()]));
}

function aeadOpen(
  algorithm: AeadAlgorithm,
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  if (ciphertext.length < 16) return undefined;
  const decipher = createDecipheriv(algorithm as 'aes-256-gcm', key, nonce, { authTagLength: 16 });
  decipher.setAAD(ad);
  decipher.setAuthTag(ciphertext.subarray(ciphertext.length - 16));
  try {
    const body = decipher.update(ciphertext.subarray(0, ciphertext.length - 16));
    return Uint8Array.from(Buffer.concat([body, decipher.final()]));
  } catch {
    return undefined;
  }
}

function aead(algorithm: AeadAlgorithm): HandshakeCipher {
  return {
    encrypt: (key, nonce, ad, plaintext) => aeadSeal(algorithm, key, nonce, ad, plaintext),
    decrypt: (key, nonce, ad, ciphertext) => aeadOpen(algorithm, key, nonce, ad, ciphertext),
  };
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

function quarterRound(x: Int32Array, a: number, b: number, c: number, d: number): void {
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 16);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 12);
  x[a] += x[b];
  x[d] = rotate(x[d] ^ x[a], 8);
  x[c] += x[d];
  x[b] = rotate(x[b] ^ x[c], 7);
}

/** HChaCha20 (draft-irtf-cfrg-xchacha section 2.2): the key of the inner ChaCha20. */
function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const words = Buffer.concat([Buffer.from('expand 32-byte k'), key, nonce.subarray(0, 16)]);
  const x = new Int32Array(16);
  for (let index = 0; index < 16; index++) x[index] = words.readInt32LE(index * 4);
  for (let round = 0; round < 10; round++) {
    quarterRound(x, 0, 4, 8, 12);
    quarterRound(x, 1, 5, 9, 13);
    quarterRound(x, 2, 6, 10, 14);
    quarterRound(x, 3, 7, 11, 15);
    quarterRound(x, 0, 5, 10, 15);
    quarterRound(x, 1, 6, 11, 12);
    quarterRound(x, 2, 7, 8, 13);
    quarterRound(x, 3, 4, 9, 14);
  }
  const result = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((word, index) => {
    result.writeInt32LE(x[word], index * 4);
  });
  return result;
}

function innerNonce(nonce: Uint8Array): Uint8Array {
  const inner = new Uint8Array(12);
  inner.set(nonce.subarray(16), 4);
  return inner;
}

export interface CountingPrimitives extends HandshakePrimitives {
  /** How often each was called. */
  readonly calls: { dh: number; keyPairs: number; sha256: number; hmac: number; xSeal: number };
}

/** @param random private keys come from it when given, so that a run can be repeated */
export function testPrimitives(random?: Random): CountingPrimitives {
  const calls = { dh: 0, keyPairs: 0, sha256: 0, hmac: 0, xSeal: 0 };
  const ciphers = { AESGCM: aead('aes-256-gcm'), ChaChaPoly: aead('chacha20-poly1305') };
  const source = random ?? seededRandom(0x6b657973);
  return {
    calls,
    generateKeyPair() {
      calls.keyPairs++;
      const privateKey = new Uint8Array(32);
      source.fill(privateKey);
      return keyPairOf(privateKey);
    },
    dh(privateKey, publicKey) {
      calls.dh++;
      try {
        const remote = createPublicKey({
          key: Buffer.concat([SPKI_X25519, publicKey]),
          format: 'der',
          type: 'spki',
        });
        const shared = diffieHellman({
          privateKey: privateKeyObject(privateKey),
          publicKey: remote,
        });
        return shared.every((byte) => byte === 0) ? undefined : Uint8Array.from(shared);
      } catch {
        return undefined;
      }
    },
    cipher: (name) => ciphers[name],
    sha256(...parts) {
      calls.sha256++;
      const hash = createHash('sha256');
      for (const part of parts) hash.update(part);
      return Uint8Array.from(hash.digest());
    },
    hmacSha256(key, ...parts) {
      calls.hmac++;
      const hmac = createHmac('sha256', key);
      for (const part of parts) hmac.update(part);
      return Uint8Array.from(hmac.digest());
    },
    xSeal(key, nonce, ad, plaintext) {
      calls.xSeal++;
      const inner = hchacha20(key, nonce);
      return aeadSeal('chacha20-poly1305', inner, innerNonce(nonce), ad, plaintext);
    },
    xOpen(key, nonce, ad, ciphertext) {
      const inner = hchacha20(key, nonce);
      return aeadOpen('chacha20-poly1305', inner, innerNonce(nonce), ad, ciphertext);
    },
    equal: (left, right) => left.length === right.length && timingSafeEqual(left, right),
  };
}

/** Dice that fall the same way for the same seed (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    fill(bytes) {
      for (let index = 0; index < bytes.length; index++) {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        bytes[index] = (mixed ^ (mixed >>> 14)) >>> 8;
      }
    },
  };
}
