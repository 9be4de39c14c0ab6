/**
 * A packet sealed the slow way, step by step from docs/wire-format.md, sharing no code with `lib/`.
 *
 * The expectation of the golden vectors and of the tests of all providers. BigInt and whole new arrays throughout, so
 * that it has nothing in common with what it judges but OpenSSL's block functions.
 */

import { type CipherGCMTypes, createCipheriv } from 'node:crypto';
import type { AeadName } from '../../../lib/core/ports.js';

/** One direction's secrets, as in `TrafficKey`. */
export interface ReferenceKey {
  readonly aead: AeadName;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly headerKey: Uint8Array;
}

export interface ReferencePacket {
  /** The 13 bytes before header protection. */
  readonly header: Buffer;
  readonly nonce: Buffer;
  readonly sample: Buffer;
  readonly mask: Buffer;
  /** What goes on the wire. */
  readonly packet: Buffer;
}

/** @param phase 0 or 1 @param flags the first byte without the phase, 0x40 unless a test wants nonsense */
export function sealReference(
  secrets: ReferenceKey,
  connectionId: Uint8Array,
  packetNumber: bigint,
  phase: number,
  payload: Uint8Array,
  flags = 0x40,
): ReferencePacket {
  const header = Buffer.alloc(13);
  header[0] = flags | (phase << 2);
  header.set(connectionId, 1);
  header.writeUInt32BE(Number(packetNumber & 0xffffffffn), 9);
  const nonce = nonceOf(secrets.iv, packetNumber);
  const body = aead(secrets, nonce, header, payload);
  const sample = body.subarray(0, 16);
  const mask = headerMask(secrets, sample);
  const packet = Buffer.concat([header, body]);
  packet[0] ^= mask[0] & 0x1f;
  for (let i = 0; i < 4; i++) packet[9 + i] ^= mask[1 + i];
  return { header, nonce, sample: Buffer.from(sample), mask, packet };
}

function nonceOf(iv: Uint8Array, packetNumber: bigint): Buffer {
  const wide = BigInt(`0x${Buffer.from(iv).toString('hex')}`) ^ packetNumber;
  return Buffer.from(wide.toString(16).padStart(24, '0'), 'hex');
}

function aead(secrets: ReferenceKey, nonce: Buffer, header: Buffer, payload: Uint8Array): Buffer {
  const name = secrets.aead as CipherGCMTypes;
  const cipher = createCipheriv(name, secrets.key, nonce, { authTagLength: 16 });
  cipher.setAAD(header);
  return Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
}

function headerMask(secrets: ReferenceKey, sample: Uint8Array): Buffer {
  if (secrets.aead === 'chacha20-poly1305') {
    return createCipheriv('chacha20', secrets.headerKey, sample).update(Buffer.alloc(5));
  }
  const bits = secrets.headerKey.length * 8;
  const block = createCipheriv(`aes-${bits}-ecb`, secrets.headerKey, null).update(sample);
  return block.subarray(0, 5);
}
