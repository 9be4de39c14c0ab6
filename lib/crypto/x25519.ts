/**
 * X25519 (RFC 7748) over `node:crypto`, with keys as 32 raw bytes.
 *
 * It chooses no keys but ephemeral and new ones, and hashes nothing. Used by `primitives.ts` and `identity.ts`.
 * Importing a private key from bytes costs several times the multiplication itself, so an imported key is remembered
 * for as long as its array lives: pass the same array each time, not a copy.
 *
 * Invariant: a remembered key is used only while the array still holds the bytes that it was made from.
 */

import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { KeyPair } from '../core/ports.js';
import { requireBytes } from './errors.js';
import { SecretBytes } from './secret.js';

export const X25519_BYTES = 32;
/** What stands before the 32 bytes in PKCS #8 (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

interface Remembered {
  readonly bytes: SecretBytes;
  readonly key: KeyObject;
}

const remembered = new WeakMap<Uint8Array, Remembered>();

/** A new key pair. The private key is a SecretBytes; the caller owns both and wipes. */
export function generateX25519(): KeyPair {
  const { privateKey: key } = generateKeyPairSync('x25519');
  const { publicKey, privateKey } = rawKeys(key);
  remembered.set(privateKey, { bytes: SecretBytes.copyOf(privateKey), key });
  return { publicKey, privateKey };
}

/** The public key of a private one. @throws TypeError ERR_INVALID_KEY unless it is 32 bytes */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  requireBytes('privateKey', privateKey, X25519_BYTES);
  return rawKeys(importPrivate(privateKey)).publicKey;
}

/**
 * The shared secret; undefined when it is all zero: the peer sent a point of low order (RFC 7748 section 6.1).
 *
 * @throws TypeError ERR_INVALID_KEY unless both are 32 bytes
 */
export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  requireBytes('privateKey', privateKey, X25519_BYTES);
  requireBytes('publicKey', publicKey, X25519_BYTES);
  try {
    const secret = diffieHellman({
      privateKey: importPrivate(privateKey),
      publicKey: importPublic(publicKey),
    });
    return isZero(secret) ? undefined : Uint8Array.from(secret);
  } catch {
    // OpenSSL itself refuses an all-zero result.
    return undefined;
  }
}

function importPrivate(privateKey: Uint8Array): KeyObject {
  const known = remembered.get(privateKey);
  if (known !== undefined && timingSafeEqual(known.bytes, privateKey)) return known.key;
  const der = Buffer.concat([PKCS8_PREFIX, privateKey]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  remembered.set(privateKey, { bytes: SecretBytes.copyOf(privateKey), key });
  return key;
}

/** By way of JSON: twenty times faster than DER, which OpenSSL 3 takes through its decoder chain. */
function importPublic(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey.buffer, publicKey.byteOffset, X25519_BYTES).toString('base64url');
  const key: JsonWebKey = { kty: 'OKP', crv: 'X25519', x };
  return createPublicKey({ key, format: 'jwk' });
}

function rawKeys(key: KeyObject): { publicKey: Uint8Array; privateKey: SecretBytes } {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const secret = Buffer.from(d, 'base64url');
  const privateKey = SecretBytes.copyOf(secret);
  secret.fill(0);
  return { publicKey: Uint8Array.from(Buffer.from(x, 'base64url')), privateKey };
}

function isZero(bytes: Uint8Array): boolean {
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  return bits === 0;
}
