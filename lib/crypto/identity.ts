/**
 * Identities: the static X25519 key pair by which a peer is known.
 *
 * It stores nothing; `burstwire keygen` writes files. Called by applications and by the command line.
 *
 * Invariant: printing, logging or serialising an identity, or its private key, shows no byte of the private key.
 */

import { SecretBytes } from './secret.js';
import { generateX25519, publicKeyOf } from './x25519.js';

/** A static key pair. The caller owns both arrays. */
export interface Identity {
  /** 32 bytes; this is what others know us by. */
  readonly publicKey: Uint8Array;
  /**
   * 32 bytes, a Uint8Array that prints as a placeholder. Not enumerable: `{ ...identity }`, `Object.keys` and
   * `structuredClone` leave it out; pass it by name.
   */
  readonly privateKey: Uint8Array;
}

/** A new identity from the system's chance. */
export function generateIdentity(): Identity {
  const { publicKey, privateKey } = generateX25519();
  return makeIdentity(publicKey, privateKey);
}

/**
 * The identity of a private key that was kept, as from a file that `burstwire keygen` wrote. Copies the bytes.
 *
 * @throws TypeError ERR_INVALID_KEY unless it is a Uint8Array of 32 bytes
 */
export function identityFromPrivateKey(privateKey: Uint8Array): Identity {
  const publicKey = publicKeyOf(privateKey);
  return makeIdentity(publicKey, SecretBytes.copyOf(privateKey));
}

function makeIdentity(publicKey: Uint8Array, privateKey: Uint8Array): Identity {
  const identity = Object.defineProperty({ publicKey }, 'privateKey', {
    value: privateKey,
    enumerable: false,
  });
  return Object.freeze(identity) as Identity;
}
