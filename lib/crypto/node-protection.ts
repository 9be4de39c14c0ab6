/**
 * Packet protection by `node:crypto`: one cipher object per packet, because the module offers nothing else.
 *
 * Everything but the primitive calls is in `row-protection.ts`. Chosen where the addon cannot run.
 *
 * Invariant: keys are held as bytes that `wipe` overwrites, not as KeyObjects, which live until they are collected.
 * The expanded AES header key inside of OpenSSL is the exception: it goes with the garbage.
 */

import { type CipherGCMTypes, createCipheriv, createDecipheriv, getCiphers } from 'node:crypto';
import { PACKET_TAG_BYTES } from '../batch/layout.js';
import type { AeadName, Protection } from '../core/ports.js';
import {
  type CipherSuite,
  type HeaderCipher,
  MASK_STRIDE,
  type PacketCipher,
  SAMPLE_BYTES,
} from './packet-cipher.js';
import { RowProtection, type RowProtectionOptions } from './row-protection.js';
import { SecretBytes } from './secret.js';

const TAG_OPTIONS = { authTagLength: PACKET_TAG_BYTES };
const MASK_BYTES = 5;
const NEEDED = [
  'aes-128-gcm',
  'aes-256-gcm',
  'aes-128-ecb',
  'aes-256-ecb',
  'chacha20-poly1305',
  'chacha20',
];

class NodePacketCipher implements PacketCipher {
  // The types know ChaCha20-Poly1305 by another overload; the calls are the same.
  readonly #algorithm: CipherGCMTypes;
  readonly #key: SecretBytes;

  constructor(aead: AeadName, key: Uint8Array) {
    this.#algorithm = aead as CipherGCMTypes;
    this.#key = SecretBytes.copyOf(key);
  }

  seal(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): void {
    const end = body.length - PACKET_TAG_BYTES;
    const cipher = createCipheriv(this.#algorithm, this.#key, nonce, TAG_OPTIONS);
    cipher.setAAD(header);
    body.set(cipher.update(body.subarray(0, end)));
    cipher.final();
    body.set(cipher.getAuthTag(), end);
  }

  open(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): boolean {
    const end = body.length - PACKET_TAG_BYTES;
    const decipher = createDecipheriv(this.#algorithm, this.#key, nonce, TAG_OPTIONS);
    decipher.setAAD(header);
    decipher.setAuthTag(body.subarray(end));
    const plaintext = decipher.update(body.subarray(0, end));
    try {
      decipher.final();
    } catch {
      // Unauthenticated plaintext must not stay behind in memory that is given out again.
      plaintext.fill(0);
      return false;
    }
    body.set(plaintext);
    return true;
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** AES-ECB keeps no state between blocks, so one cipher object makes all masks of a key. */
class AesHeaderCipher implements HeaderCipher {
  readonly #cipher;

  constructor(key: Uint8Array) {
    this.#cipher = createCipheriv(key.length === 16 ? 'aes-128-ecb' : 'aes-256-ecb', key, null);
    this.#cipher.setAutoPadding(false);
  }

  mask(samples: Uint8Array, count: number, masks: Uint8Array): void {
    masks.set(this.#cipher.update(samples.subarray(0, count * SAMPLE_BYTES)));
  }

  wipe(): void {
    this.#cipher.final();
  }
}

/** OpenSSL's 16-byte IV of 'chacha20' is counter and nonce in one: the sample as it is. */
class ChaChaHeaderCipher implements HeaderCipher {
  readonly #key: SecretBytes;
  readonly #zeros = new Uint8Array(MASK_BYTES);

  constructor(key: Uint8Array) {
    this.#key = SecretBytes.copyOf(key);
  }

  mask(samples: Uint8Array, count: number, masks: Uint8Array): void {
    for (let i = 0; i < count; i++) {
      const sample = samples.subarray(i * SAMPLE_BYTES, (i + 1) * SAMPLE_BYTES);
      const stream = createCipheriv('chacha20', this.#key, sample).update(this.#zeros);
      masks.set(stream, i * MASK_STRIDE);
    }
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** The primitives of `node:crypto`. */
export const nodeSuite: CipherSuite = {
  name: 'node',
  kernel: 'node:crypto',
  packetCipher: (aead, key) => new NodePacketCipher(aead, key),
  headerCipher: (aead, key) =>
    aead === 'chacha20-poly1305' ? new ChaChaHeaderCipher(key) : new AesHeaderCipher(key),
};

/** Why `node:crypto` cannot protect packets here (BoringSSL and FIPS builds lack ciphers); undefined = it can. */
export function nodeProtectionRefusal(): string | undefined {
  const present = new Set(getCiphers());
  const missing = NEEDED.filter((name) => !present.has(name));
  return missing.length === 0 ? undefined : `node:crypto has no ${missing.join(', ')}`;
}

/** Packet protection by `node:crypto`. */
export function openNodeProtection(options: RowProtectionOptions = {}): Protection {
  return new RowProtection(nodeSuite, options);
}
