/**
 * Packet numbers: expansion against the pseudocode of RFC 9000 in BigInt, nonces against BigInt.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  expandPacketNumber,
  MAX_PACKET_NUMBER,
  writeNonce,
} from '../../../lib/crypto/packet-number.js';

/** RFC 9000 appendix A.3, with 32 bits and numbers below 2^53. */
function decodePacketNumber(truncated: bigint, expected: bigint): bigint {
  const win = 1n << 32n;
  const candidate = (expected & ~(win - 1n)) | truncated;
  if (candidate <= expected - win / 2n && candidate < (1n << 53n) - win) return candidate + win;
  if (candidate > expected + win / 2n && candidate >= win) return candidate - win;
  return candidate;
}

const edges = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1];
const truncatedNumber = fc.oneof(
  fc.constantFrom(...edges),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);
const expectedNumber = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(0, 1, 2, 2 ** 20, 2 ** 21 - 1),
      fc.integer({ min: 0, max: 2 ** 21 - 1 }),
    ),
    truncatedNumber,
  )
  .map(([high, low]) => high * 2 ** 32 + low);

describe('expandPacketNumber', () => {
  it('is the decoding of RFC 9000 appendix A.3', () => {
    fc.assert(
      fc.property(truncatedNumber, expectedNumber, (truncated, expected) => {
        const wanted = decodePacketNumber(BigInt(truncated), BigInt(expected));
        expect(expandPacketNumber(truncated, expected)).toBe(Number(wanted));
      }),
      { numRuns: 20_000 },
    );
  });

  it('finds every number that lies less than 2^31 away', () => {
    fc.assert(
      fc.property(
        expectedNumber,
        fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
        (expected, distance) => {
          const number = expected + distance;
          fc.pre(number >= 0 && number <= MAX_PACKET_NUMBER);
          expect(expandPacketNumber(number % 2 ** 32, expected)).toBe(number);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('stays exact when every number has been used', () => {
    const expected = 2 ** 53;
    expect(expandPacketNumber(2 ** 32 - 1, expected)).toBe(2 ** 53 - 1);
    expect(expandPacketNumber(2 ** 31 + 1, expected)).toBe(2 ** 53 - 2 ** 31 + 1);
    expect(expandPacketNumber(4, expected)).toBeGreaterThan(MAX_PACKET_NUMBER);
  });
});

describe('writeNonce', () => {
  it('is IV XOR the number as 64 bits, right-aligned', () => {
    const nonce = new Uint8Array(12);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 12, maxLength: 12 }),
        fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, MAX_PACKET_NUMBER)),
        (iv, number) => {
          writeNonce(nonce, iv, number);
          const wide = BigInt(`0x${Buffer.from(iv).toString('hex')}`) ^ BigInt(number);
          expect(Buffer.from(nonce).toString('hex')).toBe(wide.toString(16).padStart(24, '0'));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
