/**
 * SymmetricState of the Noise Protocol Framework (revision 34, section 5.2): the chaining key, the handshake hash and
 * the CipherState that they feed. Hash and HMAC are SHA-256.
 *
 * Called by HandshakeState alone. `snapshot` and `restore` give it back what a bad message changed: every value is
 * replaced, never written in place, so a snapshot is three references.
 *
 * Invariant: `h` has been fed with everything that both sides have seen, in the same order.
 */

import type { HandshakePrimitives } from '../ports.js';
import { ascii, wipe } from './bytes.js';
import { type CipherName, type CipherSnapshot, CipherState } from './cipher-state.js';

/** Bytes of SHA-256 and of everything that is as long. */
export const HASH_BYTES = 32;

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);
const THREE = Uint8Array.of(3);

export interface SymmetricSnapshot {
  readonly ck: Uint8Array;
  readonly h: Uint8Array;
  readonly cipher: CipherSnapshot;
}

/** HKDF of section 4.3, which is RFC 5869 with an empty info: two or three outputs of 32 bytes. */
function hkdf(
  primitives: HandshakePrimitives,
  chainingKey: Uint8Array,
  inputKeyMaterial: Uint8Array,
  outputs: 2 | 3,
): Uint8Array[] {
  const temporaryKey = primitives.hmacSha256(chainingKey, inputKeyMaterial);
  const first = primitives.hmacSha256(temporaryKey, ONE);
  const second = primitives.hmacSha256(temporaryKey, first, TWO);
  const results = [first, second];
  if (outputs === 3) results.push(primitives.hmacSha256(temporaryKey, second, THREE));
  wipe(temporaryKey);
  return results;
}

export class SymmetricState {
  readonly #primitives: HandshakePrimitives;
  readonly #cipherName: CipherName;
  readonly #cipher: CipherState;
  #ck: Uint8Array;
  #h: Uint8Array;

  /** InitializeSymmetric: `protocolName` such as `Noise_IK_25519_AESGCM_SHA256`. */
  constructor(primitives: HandshakePrimitives, protocolName: string, cipherName: CipherName) {
    this.#primitives = primitives;
    this.#cipherName = cipherName;
    this.#cipher = new CipherState(cipherName, primitives.cipher(cipherName));
    const name = ascii(protocolName);
    if (name.length <= HASH_BYTES) {
      this.#h = new Uint8Array(HASH_BYTES);
      this.#h.set(name);
    } else {
      this.#h = primitives.sha256(name);
    }
    this.#ck = this.#h.slice();
  }

  mixKey(inputKeyMaterial: Uint8Array): void {
    const [ck, key] = hkdf(this.#primitives, this.#ck, inputKeyMaterial, 2);
    this.#ck = ck;
    this.#cipher.initializeKey(key);
  }

  mixHash(data: Uint8Array): void {
    this.#h = this.#primitives.sha256(this.#h, data);
  }

  /** For pre-shared keys (section 9). */
  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [ck, hash, key] = hkdf(this.#primitives, this.#ck, inputKeyMaterial, 3);
    this.#ck = ck;
    this.mixHash(hash);
    this.#cipher.initializeKey(key);
  }

  getHandshakeHash(): Uint8Array {
    return this.#h.slice();
  }

  hasKey(): boolean {
    return this.#cipher.hasKey();
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher.encryptWithAd(this.#h, plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  /** The plaintext, or undefined when it does not authenticate. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher.decryptWithAd(this.#h, ciphertext);
    if (plaintext !== undefined) this.mixHash(ciphertext);
    return plaintext;
  }

  /** Two CipherStates: the first for what the initiator sends, the second for what it receives. */
  split(): [CipherState, CipherState] {
    const keys = hkdf(this.#primitives, this.#ck, new Uint8Array(0), 2);
    const states = keys.map((key) => {
      const state = new CipherState(this.#cipherName, this.#primitives.cipher(this.#cipherName));
      state.initializeKey(key);
      return state;
    });
    return [states[0], states[1]];
  }

  snapshot(): SymmetricSnapshot {
    return { ck: this.#ck, h: this.#h, cipher: this.#cipher.snapshot() };
  }

  restore(snapshot: SymmetricSnapshot): void {
    this.#ck = snapshot.ck;
    this.#h = snapshot.h;
    this.#cipher.restore(snapshot.cipher);
  }

  /** Overwrites the chaining key and the cipher's key. */
  wipe(): void {
    wipe(this.#ck);
    this.#cipher.wipe();
  }
}
