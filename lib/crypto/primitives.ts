/**
 * The primitives of a handshake, on `node:crypto` and, for XChaCha20-Poly1305 which that lacks, `@noble/ciphers`.
 *
 * It knows no Noise and keeps no state but the remembered keys of `x25519.ts`. The core takes it as a parameter.
 *
 * Invariant: what a peer sent makes these return undefined, never throw; a key or nonce of the wrong size is the
 * caller's mistake and throws TypeError ERR_INVALID_KEY.
 */

import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  timingSafeEqual,
} from 'node:crypto';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { HandshakeCipher, HandshakePrimitives } from '../core/ports.js';
import { requireBytes } from './errors.js';
import { hmacSha256, sha256 } from './sha256.js';
import { generateX25519, x25519 } from './x25519.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const X_NONCE_BYTES = 24;
const TAG_BYTES = 16;
const TAG_OPTIONS = { authTagLength: TAG_BYTES };

/** Noise's cipher functions (its section 12) on one algorithm; both of them have 32-byte keys. */
function handshakeCipher(algorithm: 'aes-256-gcm' | 'chacha20-poly1305'): HandshakeCipher {
  // The types know ChaCha20-Poly1305 by another overload; the calls are the same.
  const name = algorithm as CipherGCMTypes;
  return {
    encrypt(key, nonce, ad, plaintext) {
      requireBytes('key', key, KEY_BYTES);
      requireBytes('nonce', nonce, NONCE_BYTES);
      const cipher = createCipheriv(name, key, nonce, TAG_OPTIONS);
      cipher.setAAD(ad);
      const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
      sealed.set(cipher.update(plaintext));
      cipher.final();
      sealed.set(cipher.getAuthTag(), plaintext.length);
      return sealed;
    },
    decrypt(key, nonce, ad, ciphertext) {
      requireBytes('key', key, KEY_BYTES);
      requireBytes('nonce', nonce, NONCE_BYTES);
      const end = ciphertext.length - TAG_BYTES;
      if (end < 0) return undefined;
      const decipher = createDecipheriv(name, key, nonce, TAG_OPTIONS);
      decipher.setAAD(ad);
      decipher.setAuthTag(ciphertext.subarray(end));
      const plaintext = decipher.update(ciphertext.subarray(0, end));
      try {
        decipher.final();
      } catch {
        plaintext.fill(0);
        return undefined;
      }
      return Uint8Array.from(plaintext);
    },
  };
}

const AESGCM = handshakeCipher('aes-256-gcm');
const CHACHA_POLY = handshakeCipher('chacha20-poly1305');

function xSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  requireBytes('key', key, KEY_BYTES);
  requireBytes('nonce', nonce, X_NONCE_BYTES);
  return xchacha20poly1305(key, nonce, ad).encrypt(plaintext);
}

function xOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  requireBytes('key', key, KEY_BYTES);
  requireBytes('nonce', nonce, X_NONCE_BYTES);
  try {
    return xchacha20poly1305(key, nonce, ad).decrypt(ciphertext);
  } catch {
    return undefined;
  }
}

/** The primitives that the core's handshake is given. */
export const nodePrimitives: HandshakePrimitives = {
  generateKeyPair: generateX25519,
  dh: x25519,
  cipher: (name) => (name === 'AESGCM' ? AESGCM : CHACHA_POLY),
  sha256,
  hmacSha256,
  xSeal,
  xOpen,
  equal: (left, right) => left.length === right.length && timingSafeEqual(left, right),
};
