/**
 * What a JavaScript provider must bring: the AEAD of one key and the mask of one header key. Types and sizes only.
 *
 * `row-protection.ts` calls these; it owns rows, nonces, packet numbers, windows and slots. So two providers differ in
 * primitive calls alone.
 *
 * Invariant: no method throws for the bytes of a packet.
 */

import type { AeadName } from '../core/ports.js';

/** Bytes of an AEAD's key; its header key is as long. */
export const KEY_BYTES: Readonly<Record<AeadName, number>> = {
  'aes-128-gcm': 16,
  'aes-256-gcm': 32,
  'chacha20-poly1305': 32,
};
/** Bytes of the static IV, and of a nonce. */
export const IV_BYTES = 12;
/** Bytes of ciphertext that a header mask is made from (RFC 9001 section 5.4.2). */
export const SAMPLE_BYTES = 16;
/** Distance of two masks in the array that `HeaderCipher.mask` fills; the first five bytes of each count. */
export const MASK_STRIDE = 16;

/** One AEAD key. Borrows what it is given until the call returns. */
export interface PacketCipher {
  /** Encrypts all but the last 16 bytes of `body` in place and writes the tag there. */
  seal(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): void;
  /** Decrypts in place and returns true; false if the tag does not fit: the body may then hold anything. */
  open(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): boolean;
  /** Overwrites the key. The object must not be used afterwards. */
  wipe(): void;
}

/** One header key (RFC 9001 sections 5.4.3 and 5.4.4). */
export interface HeaderCipher {
  /** Makes `count` masks, MASK_STRIDE apart, from as many samples that lie one behind the other. */
  mask(samples: Uint8Array, count: number, masks: Uint8Array): void;
  /** Overwrites the key. The object must not be used afterwards. */
  wipe(): void;
}

/** The primitives of a provider. Both copy the key. */
export interface CipherSuite {
  readonly name: 'node' | 'noble';
  readonly kernel: string;
  packetCipher(aead: AeadName, key: Uint8Array): PacketCipher;
  headerCipher(aead: AeadName, headerKey: Uint8Array): HeaderCipher;
}
