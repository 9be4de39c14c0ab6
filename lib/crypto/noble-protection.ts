/**
 * Packet protection in plain JavaScript by `@noble/ciphers`: runs wherever JavaScript does.
 *
 * Everything but the primitive calls is in `row-protection.ts`. The last choice: some hundred times slower than the
 * addon, and its AES works with tables, which a neighbour on the same CPU may be able to observe.
 *
 * Invariant: keys are held as bytes that `wipe` overwrites; nothing leaves a call but through the arrays given to it.
 */

import { ecb, gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305, hchacha } from '@noble/ciphers/chacha.js';
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

class NoblePacketCipher implements PacketCipher {
  readonly #algorithm: typeof gcm | typeof chacha20poly1305;
  readonly #key: SecretBytes;

  constructor(aead: AeadName, key: Uint8Array) {
    this.#algorithm = aead === 'chacha20-poly1305' ? chacha20poly1305 : gcm;
    this.#key = SecretBytes.copyOf(key);
  }

  seal(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): void {
    const plaintext = body.subarray(0, body.length - PACKET_TAG_BYTES);
    body.set(this.#algorithm(this.#key, nonce, header).encrypt(plaintext));
  }

  open(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): boolean {
    try {
      // It verifies the tag before it decrypts, so there is nothing to wipe on failure.
      body.set(this.#algorithm(this.#key, nonce, header).decrypt(body));
      return true;
    } catch {
      return false;
    }
  }

  wipe(): void {
    this.#key.wipe();
  }
}

class AesHeaderCipher implements HeaderCipher {
  readonly #key: SecretBytes;

  constructor(key: Uint8Array) {
    this.#key = SecretBytes.copyOf(key);
  }

  mask(samples: Uint8Array, count: number, masks: Uint8Array): void {
    const cipher = ecb(this.#key, { disablePadding: true });
    masks.set(cipher.encrypt(samples.subarray(0, count * SAMPLE_BYTES)));
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** "expand 32-byte k" (RFC 8439 section 2.3): as the words that the library takes, and the first two as numbers. */
const SIGMA = new Uint32Array(Uint8Array.from('expand 32-byte k', (c) => c.charCodeAt(0)).buffer);
const SIGMA_FIRST = 0x61707865;
const SIGMA_SECOND = 0x3320646e;

/**
 * The front of one ChaCha20 block. The library's `chacha20` refuses the counter 2^32 - 1, which a peer's sample may
 * hold; HChaCha20 is the same permutation for any counter and lacks only the final addition of the input words.
 */
class ChaChaHeaderCipher implements HeaderCipher {
  readonly #key: SecretBytes;
  readonly #keyWords: Uint32Array;
  readonly #input = new Uint8Array(SAMPLE_BYTES);
  readonly #inputWords = new Uint32Array(this.#input.buffer);
  readonly #outputWords = new Uint32Array(8);
  readonly #output = new DataView(this.#outputWords.buffer);

  constructor(key: Uint8Array) {
    this.#key = SecretBytes.copyOf(key);
    this.#keyWords = new Uint32Array(this.#key.buffer);
  }

  mask(samples: Uint8Array, count: number, masks: Uint8Array): void {
    for (let i = 0; i < count; i++) {
      this.#input.set(samples.subarray(i * SAMPLE_BYTES, (i + 1) * SAMPLE_BYTES));
      hchacha(SIGMA, this.#keyWords, this.#inputWords, this.#outputWords);
      const first = this.#output.getUint32(0, true) + SIGMA_FIRST;
      const second = this.#output.getUint32(4, true) + SIGMA_SECOND;
      for (let byte = 0; byte < 4; byte++) masks[i * MASK_STRIDE + byte] = first >>> (8 * byte);
      masks[i * MASK_STRIDE + 4] = second;
    }
  }

  wipe(): void {
    this.#key.wipe();
  }
}

/** The primitives of `@noble/ciphers`. */
export const nobleSuite: CipherSuite = {
  name: 'noble',
  kernel: '@noble/ciphers',
  packetCipher: (aead, key) => new NoblePacketCipher(aead, key),
  headerCipher: (aead, key) =>
    aead === 'chacha20-poly1305' ? new ChaChaHeaderCipher(key) : new AesHeaderCipher(key),
};

/** Packet protection by `@noble/ciphers`. */
export function openNobleProtection(options: RowProtectionOptions = {}): Protection {
  return new RowProtection(nobleSuite, options);
}
