/**
 * CipherState of the Noise Protocol Framework (revision 34, section 5.1): a key and a counting nonce.
 *
 * It encrypts what the handshake hides. Packets of a connection never pass through here: they have keys of their own
 * (key-schedule.ts). Called by SymmetricState and, in tests, for transport messages.
 *
 * Invariant: a nonce is used once; a message that does not authenticate leaves the nonce where it was.
 */

import type { HandshakeCipher } from '../ports.js';
import { wipe, writeUint32 } from './bytes.js';

export type CipherName = 'AESGCM' | 'ChaChaPoly';

/** The number that the specification keeps for rekey is 2^64-1; ours end where numbers stop being exact. */
const LAST_NONCE = Number.MAX_SAFE_INTEGER;

const REKEY_NONCE = new Uint8Array(12).fill(0xff, 4);
const REKEY_ZEROS = new Uint8Array(32);
const EMPTY = new Uint8Array(0);

/** What a rollback has to put back. */
export interface CipherSnapshot {
  readonly k: Uint8Array | undefined;
  readonly n: number;
}

/** 4 zero bytes and the counter in 8: big-endian for AESGCM, little-endian for ChaChaPoly (section 12). */
function nonceBytes(name: CipherName, n: number): Uint8Array {
  const bytes = new Uint8Array(12);
  writeUint32(bytes, 4, Math.floor(n / 0x1_0000_0000));
  writeUint32(bytes, 8, n % 0x1_0000_0000);
  if (name === 'ChaChaPoly') bytes.subarray(4).reverse();
  return bytes;
}

export class CipherState {
  readonly #name: CipherName;
  readonly #cipher: HandshakeCipher;
  #k: Uint8Array | undefined;
  #n = 0;

  /** Without a key until InitializeKey is called: what it encrypts is then itself. */
  constructor(name: CipherName, cipher: HandshakeCipher) {
    this.#name = name;
    this.#cipher = cipher;
  }

  initializeKey(key: Uint8Array | undefined): void {
    this.#k = key;
    this.#n = 0;
  }

  hasKey(): boolean {
    return this.#k !== undefined;
  }

  /** For out-of-order transport messages (section 11.4). */
  setNonce(nonce: number): void {
    this.#n = nonce;
  }

  /** Throws RangeError once the nonces are used up: no peer can bring that about within a handshake. */
  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (this.#k === undefined) return plaintext.slice();
    if (this.#n >= LAST_NONCE) throw new RangeError(`Noise nonce exhausted: ${this.#n}`);
    const nonce = nonceBytes(this.#name, this.#n);
    this.#n++;
    return this.#cipher.encrypt(this.#k, nonce, ad, plaintext);
  }

  /** The plaintext, or undefined when it does not authenticate: then nothing has changed. */
  decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (this.#k === undefined) return ciphertext.slice();
    if (this.#n >= LAST_NONCE || ciphertext.length < 16) return undefined;
    const plaintext = this.#cipher.decrypt(
      this.#k,
      nonceBytes(this.#name, this.#n),
      ad,
      ciphertext,
    );
    if (plaintext !== undefined) this.#n++;
    return plaintext;
  }

  /** Section 4.2: the key becomes the encryption of zeros under the reserved nonce. */
  rekey(): void {
    if (this.#k === undefined) return;
    const next = this.#cipher.encrypt(this.#k, REKEY_NONCE, EMPTY, REKEY_ZEROS).slice(0, 32);
    wipe(this.#k);
    this.#k = next;
  }

  snapshot(): CipherSnapshot {
    return { k: this.#k, n: this.#n };
  }

  restore(snapshot: CipherSnapshot): void {
    this.#k = snapshot.k;
    this.#n = snapshot.n;
  }

  /** The key, which from now on belongs to the caller; this state has none any more. */
  takeKey(): Uint8Array {
    const key = this.#k;
    if (key === undefined) throw new TypeError('a CipherState without a key has none to give');
    this.#k = undefined;
    return key;
  }

  /** Overwrites the key. */
  wipe(): void {
    wipe(this.#k);
    this.#k = undefined;
  }
}
