/**
 * Remembers the DH of our static key with static keys of peers (Noise's `ss`), which is the same in every handshake of
 * two peers: one scalar multiplication less on each side when they meet again.
 *
 * It wraps the primitives, so that the Noise interpreter knows nothing of it. Made by context.ts; outbound.ts and
 * inbound.ts tell it who was confirmed.
 *
 * Invariant: a secret is kept only for a key whose owner has completed a handshake with us, for the last
 * `STATIC_SECRETS_MAX` of them; it is overwritten when it leaves. Strangers cannot make it grow.
 */

import type { HandshakePrimitives, KeyPair } from '../ports.js';
import { mapKey, wipe } from './bytes.js';

/** Peers whose secret is kept: 32 bytes each. */
export const STATIC_SECRETS_MAX = 256;

export class StaticSecrets {
  /** As those that were given, but for a `dh` that remembers. */
  readonly primitives: HandshakePrimitives;
  readonly #most: number;
  /** By public key, the one confirmed last at the end. Undefined until the next handshake with it computes it. */
  readonly #secrets = new Map<string, Uint8Array | undefined>();

  /** @param identity borrowed for good; only a `dh` with this very private key is looked up */
  constructor(
    primitives: HandshakePrimitives,
    identity: KeyPair,
    most: number = STATIC_SECRETS_MAX,
  ) {
    this.#most = most;
    this.primitives = {
      ...primitives,
      dh: (privateKey, publicKey) =>
        privateKey === identity.privateKey
          ? this.#staticDh(primitives, privateKey, publicKey)
          : primitives.dh(privateKey, publicKey),
    };
  }

  /** Peers that are known, whether or not their secret has been computed yet. */
  get size(): number {
    return this.#secrets.size;
  }

  /** A handshake with the owner of this key is confirmed. */
  remember(remoteStatic: Uint8Array): void {
    const key = mapKey(remoteStatic);
    const secret = this.#secrets.get(key);
    this.#secrets.delete(key);
    this.#secrets.set(key, secret);
    if (this.#secrets.size <= this.#most) return;
    for (const [oldest, oldSecret] of this.#secrets) {
      wipe(oldSecret);
      this.#secrets.delete(oldest);
      break;
    }
  }

  /** The result belongs to the caller, who wipes it. */
  #staticDh(
    primitives: HandshakePrimitives,
    privateKey: Uint8Array,
    publicKey: Uint8Array,
  ): Uint8Array | undefined {
    const key = mapKey(publicKey);
    const known = this.#secrets.get(key);
    if (known !== undefined) return known.slice();
    const secret = primitives.dh(privateKey, publicKey);
    if (secret !== undefined && this.#secrets.has(key)) this.#secrets.set(key, secret.slice());
    return secret;
  }
}
