/**
 * X25519 (RFC 7748) over `node:crypto`, with keys as 32 raw bytes.
 *
 * It hashes nothing and knows no protocol. Used by `primitives.ts` and `identity.ts`. Turning bytes into the KeyObjects
 * that Node wants costs as much as the multiplication, so they are remembered for as long as the array lives: pass the
 * same array each time, not a copy. A key passes through JavaScript strings on its way in; those go with the garbage.
 *
 * `generateKeyPairSync` is avoided on purpose. A key that it made must not be exported: Node (20.20.2 at least) holds the
 * key's lock while it allocates the result, and if that starts a garbage collection which finds the finished generator
 * job, its destructor waits for the same lock for ever.
 *
 * Invariant: a remembered KeyObject is used only while the array still holds the bytes that it was made from.
 */

import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';
import type { KeyPair } from '../core/ports.js';
import { requireBytes } from './errors.js';
import { fillPrivateKey } from './hedged-random.js';
import { SecretBytes } from './secret.js';

export const X25519_BYTES = 32;
/** What stands before the 32 bytes in PKCS #8 (RFC 8410 section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
/** Stands for a public key that is not known yet. */
const ANY_PUBLIC = Buffer.alloc(X25519_BYTES).toString('base64url');

/** KeyObjects by the arrays that their bytes came in. */
class Remembered {
  readonly #entries = new WeakMap<Uint8Array, { bytes: SecretBytes; key: KeyObject }>();

  /** The KeyObject of these bytes, made by `make` unless it is known. */
  get(bytes: Uint8Array, make: (bytes: Uint8Array) => KeyObject): KeyObject {
    const known = this.#entries.get(bytes);
    if (known !== undefined && timingSafeEqual(known.bytes, bytes)) return known.key;
    const key = make(bytes);
    this.#entries.set(bytes, { bytes: SecretBytes.copyOf(bytes), key });
    return key;
  }
}

const privateKeys = new Remembered();
const publicKeys = new Remembered();

/** A new key pair by chance (hedged-random.ts). The private key is a SecretBytes; the caller owns both, and wipes. */
export function generateX25519(): KeyPair {
  const privateKey = new SecretBytes(X25519_BYTES);
  fillPrivateKey(privateKey);
  return { publicKey: publicKeyOf(privateKey), privateKey };
}

/** The public key of a private one; the caller owns it. @throws TypeError ERR_INVALID_KEY unless it has 32 bytes */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  requireBytes('privateKey', privateKey, X25519_BYTES);
  return exportPublic(privateKeys.get(privateKey, importPrivate));
}

/**
 * The shared secret; undefined when it is all zero: the peer sent a point of low order (RFC 7748 section 6.1).
 *
 * @throws TypeError ERR_INVALID_KEY unless both have 32 bytes
 */
export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  requireBytes('privateKey', privateKey, X25519_BYTES);
  requireBytes('publicKey', publicKey, X25519_BYTES);
  const keys = {
    privateKey: privateKeys.get(privateKey, importPrivate),
    publicKey: publicKeys.get(publicKey, importPublic),
  };
  try {
    const secret = diffieHellman(keys);
    return isZero(secret) ? undefined : Uint8Array.from(secret);
  } catch {
    // OpenSSL itself refuses an all-zero result.
    return undefined;
  }
}

/** By way of JSON, like `importPublic`; but a JSON key must name its public key, which is yet to be computed. */
function importPrivate(privateKey: Uint8Array): KeyObject {
  publicIsComputed ??= computesPublic();
  return publicIsComputed ? importJson(privateKey) : importDer(privateKey);
}

let publicIsComputed: boolean | undefined;

/**
 * Whether Node computes the public key of a JSON private key (20.20.2 does) rather than check or believe what stands
 * beside it. Where it does not, DER is left: right as well, and ten times slower.
 */
function computesPublic(): boolean {
  const bytes = new Uint8Array(X25519_BYTES).fill(1);
  try {
    return timingSafeEqual(exportPublic(importJson(bytes)), exportPublic(importDer(bytes)));
  } catch {
    return false;
  }
}

function importJson(privateKey: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', x: ANY_PUBLIC, d: base64url(privateKey) };
  return createPrivateKey({ key, format: 'jwk' });
}

function importDer(privateKey: Uint8Array): KeyObject {
  const der = Buffer.concat([PKCS8_PREFIX, privateKey]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return key;
}

/** Twenty times faster than DER, which OpenSSL 3 takes through its chain of decoders. */
function importPublic(publicKey: Uint8Array): KeyObject {
  const key = { kty: 'OKP', crv: 'X25519', x: base64url(publicKey) };
  return createPublicKey({ key, format: 'jwk' });
}

function exportPublic(key: KeyObject): Uint8Array {
  const { x = '' } = key.export({ format: 'jwk' });
  return Uint8Array.from(Buffer.from(x, 'base64url'));
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

function isZero(bytes: Uint8Array): boolean {
  let bits = 0;
  for (const byte of bytes) bits |= byte;
  return bits === 0;
}
