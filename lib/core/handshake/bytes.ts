/**
 * Byte helpers of the handshake: big-endian integers, comparison, concatenation, wiping.
 *
 * No constant-time claims: secrets are compared with `HandshakePrimitives.equal`. Used by `lib/core/handshake` alone.
 *
 * Invariant: no function keeps a reference to what it was given.
 */

/** The bytes of an ASCII text. A label of the protocol, never user text. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) throw new TypeError(`not ASCII: ${JSON.stringify(text)}`);
    bytes[index] = code;
  }
  return bytes;
}

/** A new array with the parts one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Lexicographic order of public values: negative, 0 or positive. */
export function compare(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = left[index] - right[index];
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Equality of public values. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compare(left, right) === 0;
}

/** Whether every byte from `from` to `to` (exclusive) is zero. */
export function isZero(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  for (let index = from; index < to; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** Overwrites secrets. What an engine has copied elsewhere it cannot reach. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0);
}

/** A string that is equal exactly for equal bytes: a key for a Map. */
export function mapKey(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let key = '';
  for (let index = from; index < to; index++) key += String.fromCharCode(bytes[index]);
  return key;
}

export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 8) | bytes[offset + 1];
}

export function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] << 24) |
      (bytes[offset + 1] << 16) |
      (bytes[offset + 2] << 8) |
      bytes[offset + 3]) >>>
    0
  );
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** 64 bits as a number; above 2^53 the low bits are lost: check the range before you use it. */
export function readUint64(bytes: Uint8Array, offset: number): number {
  return readUint32(bytes, offset) * 0x1_0000_0000 + readUint32(bytes, offset + 4);
}

/** @param value a safe integer, not negative */
export function writeUint64(bytes: Uint8Array, offset: number, value: number): void {
  writeUint32(bytes, offset, Math.floor(value / 0x1_0000_0000));
  writeUint32(bytes, offset + 4, value % 0x1_0000_0000);
}
