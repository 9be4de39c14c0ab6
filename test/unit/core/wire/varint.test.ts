/**
 * Varints as they are written: the shortest form, and nothing that has none. Reading: frame-reader.test.ts.
 */

import { describe, expect, it } from 'vitest';
import { VARINT_MAX, varintBytes, writeVarint } from '../../../../lib/core/wire/varint.js';

function written(value: number): string {
  const bytes = new Uint8Array(12).fill(0xee);
  const next = writeVarint(bytes, 2, value);
  expect([...bytes.subarray(0, 2), ...bytes.subarray(next)]).toEqual(
    new Array(bytes.length - (next - 2)).fill(0xee),
  );
  return Buffer.from(bytes.subarray(2, next)).toString('hex');
}

describe('writeVarint', () => {
  it('writes the examples of RFC 9000 appendix A.1 that are within 2^53 - 1', () => {
    expect(written(494_878_333)).toBe('9d7f3e7d');
    expect(written(15_293)).toBe('7bbd');
    expect(written(37)).toBe('25');
  });

  it.each([
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16_383, '7fff'],
    [16_384, '80004000'],
    [2 ** 30 - 1, 'bfffffff'],
    [2 ** 30, 'c000000040000000'],
    [2 ** 31, 'c000000080000000'],
    [2 ** 32 - 1, 'c0000000ffffffff'],
    [2 ** 32, 'c000000100000000'],
    [0x12_3456_789a_bcde, 'c0123456789abcde'],
    [VARINT_MAX, 'c01fffffffffffff'],
  ])('writes %d in its shortest form, as varintBytes says', (value, hex) => {
    expect(written(value)).toBe(hex);
    expect(varintBytes(value)).toBe(hex.length / 2);
  });

  it.each([
    -1,
    -(2 ** 31),
    -(2 ** 40),
    0.5,
    64.5,
    2 ** 30 + 0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
  ])('throws for %d, with the value in the message, and writes nothing', (value) => {
    const bytes = new Uint8Array(8);
    expect(() => writeVarint(bytes, 0, value)).toThrow(
      new RangeError(`not an integer from 0 to 2^53 - 1: ${value}`),
    );
    expect(() => varintBytes(value)).toThrow(RangeError);
    expect(bytes).toEqual(new Uint8Array(8));
  });
});
