/**
 * Packet numbers as doubles: the expansion of 32 bits to the full number, and the nonce.
 *
 * It does not know rows or keys. Called by `row-protection.ts`; the native provider computes the same in C++.
 *
 * Invariant: exact for every number below 2^53, without BigInt.
 */

const WORD = 2 ** 32;
const HALF_WORD = 2 ** 31;
/** The largest packet number there may be (docs/wire-format.md). */
export const MAX_PACKET_NUMBER = Number.MAX_SAFE_INTEGER;

/**
 * RFC 9000 appendix A.3 with 32 bits: the number nearest to `expected` that ends in `truncated`. Above
 * MAX_PACKET_NUMBER when only such a one is near: no peer may use it.
 *
 * @param truncated the low 32 bits @param expected the largest opened plus one, 0 to 2^53
 */
export function expandPacketNumber(truncated: number, expected: number): number {
  const low = expected % WORD;
  const base = expected - low;
  const above = base + WORD + truncated;
  if (truncated <= low - HALF_WORD && above <= MAX_PACKET_NUMBER) return above;
  if (truncated > low + HALF_WORD && base >= WORD) return base - WORD + truncated;
  return base + truncated;
}

/** IV XOR number, the number as 64 bits in the last 8 of the 12 bytes (RFC 9001 section 5.3). */
export function writeNonce(nonce: Uint8Array, iv: Uint8Array, number: number): void {
  const high = Math.floor(number / WORD);
  for (let i = 0; i < 4; i++) {
    nonce[i] = iv[i];
    nonce[4 + i] = iv[4 + i] ^ (high >>> (24 - 8 * i));
    nonce[8 + i] = iv[8 + i] ^ (number >>> (24 - 8 * i));
  }
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}
