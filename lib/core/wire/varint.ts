/**
 * Variable-length integers (RFC 9000 section 16): how many bytes a value takes, and writing it.
 *
 * Values are numbers, never BigInt: 2^53 - 1 is the largest that we write and the largest that we take (wire-format.md
 * F2). Reading is frame-reader's, which keeps a position of its own. Called by frame-writer.
 *
 * Invariant: a value is written in the shortest form that holds it, and only a value that has one is written at all.
 */

/** Largest value on the wire. RFC 9000 goes to 2^62 - 1; no count of ours gets near either. */
export const VARINT_MAX = Number.MAX_SAFE_INTEGER;

/** Largest values of the 1-, 2- and 4-byte forms; each is also the mask of its bits. */
const MAX_1 = 0x3f;
const MAX_2 = 0x3fff;
const MAX_4 = 0x3fff_ffff;

function refuse(value: number): never {
  throw new RangeError(`not an integer from 0 to 2^53 - 1: ${value}`);
}

/** Bytes that `writeVarint` writes for `value`: 1, 2, 4 or 8. Throws RangeError where it does. */
export function varintBytes(value: number): number {
  // A value equals its own low bits only when it is an integer within them: neither negative nor a fraction nor NaN.
  if ((value & MAX_1) === value) return 1;
  if ((value & MAX_2) === value) return 2;
  if ((value & MAX_4) === value) return 4;
  if (value < 0 || !Number.isSafeInteger(value)) refuse(value);
  return 8;
}

/**
 * Writes `value` at `at` and returns where the next byte goes. The caller has made sure of the room: what lies behind
 * the end of `bytes` is lost. Throws RangeError for what is not an integer from 0 to 2^53 - 1.
 */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if ((value & MAX_1) === value) {
    bytes[at] = value;
    return at + 1;
  }
  if ((value & MAX_2) === value) {
    bytes[at] = 0x40 | (value >>> 8);
    bytes[at + 1] = value;
    return at + 2;
  }
  if ((value & MAX_4) === value) {
    bytes[at] = 0x80 | (value >>> 24);
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return at + 4;
  }
  return writeLongVarint(bytes, at, value);
}

/** The 8-byte form. Of its 62 bits our values need 53. */
function writeLongVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0 || !Number.isSafeInteger(value)) refuse(value);
  const high = Math.floor(value / 0x1_0000_0000);
  const low = value >>> 0;
  bytes[at] = 0xc0;
  bytes[at + 1] = high >>> 16;
  bytes[at + 2] = high >>> 8;
  bytes[at + 3] = high;
  bytes[at + 4] = low >>> 24;
  bytes[at + 5] = low >>> 16;
  bytes[at + 6] = low >>> 8;
  bytes[at + 7] = low;
  return at + 8;
}
