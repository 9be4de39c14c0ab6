/**
 * Whether a provider computes what it should: one known packet for each suite, sealed, opened and forged.
 *
 * No measure of strength and no replacement for the tests; it keeps an engine whose library differs at run time (another
 * crypto library under the same names) from ever touching a packet. Called by `choose-protection.ts` when an engine is
 * opened; takes well under a millisecond.
 *
 * Invariant: it leaves no key behind in the provider.
 */

import {
  KEY,
  LENGTH,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  STATUS,
  STATUS_FORGED,
} from '../batch/layout.js';
import { PacketBatch } from '../batch/packet-batch.js';
import type { AeadName, Protection } from '../core/ports.js';
import { IV_BYTES, KEY_BYTES } from './packet-cipher.js';

/** Made from docs/wire-format.md with the inputs of `knownPacket`. */
const EXPECTED: Readonly<Record<AeadName, string>> = {
  'aes-128-gcm':
    '4d6061626364656667e79bcf82d43f947cf339e910f340c12ebfa0b81efac863f074093f3d3cff2efda0ee2d2a45',
  'aes-256-gcm':
    '57606162636465666732d47aa001fbcb613198b5a91997cc4f1c4188c2ac66dd980d3421de5efcdd2ffd8abbc975',
  'chacha20-poly1305':
    '416061626364656667af51f9259be59c0c367bc0d242042182724a0e49c53cf1138fc3cd338abee0066f322c6ce3',
};
const PAYLOAD_BYTES = 17;
const NUMBER = 0x02030405;

/** What is wrong with the provider; undefined when all is well. */
export function selfTest(protection: Protection): string | undefined {
  for (const aead of Object.keys(EXPECTED) as AeadName[]) {
    const problem = testSuite(protection, aead);
    if (problem !== undefined) return `${protection.kernel} ${problem} (${aead})`;
  }
  return undefined;
}

function testSuite(protection: Protection, aead: AeadName): string | undefined {
  const material = {
    aead,
    key: counting(0, KEY_BYTES[aead]),
    iv: counting(0x20, IV_BYTES),
    headerKey: counting(0x40, KEY_BYTES[aead]),
  };
  const sealId = protection.installKey({ ...material, direction: 'seal' });
  const openId = protection.installKey({ ...material, direction: 'open' });
  try {
    return testPacket(protection, aead, sealId, openId);
  } finally {
    protection.retireKey(sealId);
    protection.retireKey(openId);
  }
}

function testPacket(
  protection: Protection,
  aead: AeadName,
  sealId: number,
  openId: number,
): string | undefined {
  const batch = knownPacket();
  const known = batch.bytes.slice();
  batch.rows[KEY] = sealId;
  if (protection.seal(batch, 0, 1) !== 1) return 'does not seal';
  if (Buffer.from(batch.bytes).toString('hex') !== EXPECTED[aead]) return 'seals wrongly';
  const sealed = batch.bytes.slice();
  batch.rows[KEY] = openId;
  batch.bytes[PACKET_HEADER_BYTES] ^= 1;
  if (protection.open(batch, 0, 1) !== 0 || batch.rows[STATUS] !== STATUS_FORGED) {
    return 'opens a forged packet';
  }
  batch.bytes.set(sealed);
  batch.rows[STATUS] = 0;
  if (protection.open(batch, 0, 1) !== 1) return 'does not open';
  const end = PACKET_HEADER_BYTES + PAYLOAD_BYTES;
  const same = known.subarray(0, end).every((byte, i) => byte === batch.bytes[i]);
  return same ? undefined : 'opens wrongly';
}

/** A row with the packet before it is sealed, with its number in place as sealing leaves it. */
function knownPacket(): PacketBatch {
  const length = EXPECTED['aes-128-gcm'].length / 2;
  const batch = new PacketBatch(length, 1);
  batch.bytes.set([0x40, ...counting(0x60, 8), 2, 3, 4, 5]);
  batch.bytes.set(counting(0x80, PAYLOAD_BYTES), PACKET_HEADER_BYTES);
  batch.rows[LENGTH] = length;
  batch.doubles[PACKET_NUMBER >> 1] = NUMBER;
  batch.length = 1;
  return batch;
}

function counting(from: number, sizeBytes: number): Uint8Array {
  return Uint8Array.from({ length: sizeBytes }, (_, index) => from + index);
}
