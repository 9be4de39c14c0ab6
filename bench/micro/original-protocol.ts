/**
 * The cryptography of the original protocol, for comparison only: nothing of it is shipped.
 *
 * It sent a symmetric key encrypted with the receiver's RSA-2048 key (no forward secrecy, no proof of who sends), and
 * each packet under a random 12-byte nonce that travels with it, with a cipher object and new buffers per packet.
 * Called by original.ts and the cases under cases/.
 *
 * Invariant: what `seal` made, `open` gives back, and what `send` transported, `receive` gives back.
 */

import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Bytes that a packet has besides its payload. */
export const ORIGINAL_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/** Transport of a symmetric key by RSA-2048 with OAEP. */
export interface KeyTransport {
  send(symmetricKey: Uint8Array): Buffer;
  receive(transported: Buffer): Buffer;
}

/** Makes the receiver's key pair, which takes a while and is no part of a handshake. */
export function openKeyTransport(): KeyTransport {
  const pem = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const publicKey = createPublicKey(pem.publicKey);
  const privateKey = createPrivateKey(pem.privateKey);
  const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
  return {
    send: (symmetricKey) => publicEncrypt({ key: publicKey, ...oaep }, symmetricKey),
    receive: (transported) => privateDecrypt({ key: privateKey, ...oaep }, transported),
  };
}

/** Packets under one symmetric key. */
export class OriginalPackets {
  readonly #key: Uint8Array;

  /** @param key 16 bytes; borrowed for good */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Nonce, tag, ciphertext. */
  seal(payload: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-128-gcm', this.#key, nonce);
    const body = Buffer.concat([cipher.update(payload), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Throws for a packet that is not genuine. */
  open(packet: Buffer): Buffer {
    const nonce = packet.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-128-gcm', this.#key, nonce);
    decipher.setAuthTag(packet.subarray(NONCE_BYTES, ORIGINAL_OVERHEAD_BYTES));
    const body = decipher.update(packet.subarray(ORIGINAL_OVERHEAD_BYTES));
    return Buffer.concat([body, decipher.final()]);
  }
}
