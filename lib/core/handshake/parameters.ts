/**
 * Transport parameters as bytes: a list of (id, length, value), id and length as QUIC varints (RFC 9000 sections 16
 * and 18). What a parameter means is the connection's business.
 *
 * Called by whoever builds or reads the opaque bytes that a handshake carries.
 *
 * Invariant: `decodeParameters` is total: every input gives a list or undefined; nothing is allocated by a declared
 * length.
 */

import { concat, readUint16, readUint32, writeUint16, writeUint32 } from './bytes.js';
import { PARAMETERS_BYTES_MAX } from './protocol.js';

/** More than that in one list is refused. */
export const PARAMETERS_MAX = 64;

const ID_MAX = 0x3fff_ffff;

/** A varint of 1, 2 or 4 bytes, the shortest that fits. */
function varint(value: number): Uint8Array {
  if (value < 0x40) return Uint8Array.of(value);
  if (value < 0x4000) {
    const bytes = new Uint8Array(2);
    writeUint16(bytes, 0, value | 0x4000);
    return bytes;
  }
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value + 0x8000_0000);
  return bytes;
}

/** Bytes of the varint at `offset`: 1, 2, 4 or 8. */
function varintBytes(bytes: Uint8Array, offset: number): number {
  return 1 << (bytes[offset] >> 6);
}

/** Its value; -1 for the 8-byte form, which nothing here needs. */
function varintValue(bytes: Uint8Array, offset: number): number {
  switch (bytes[offset] >> 6) {
    case 0:
      return bytes[offset];
    case 1:
      return readUint16(bytes, offset) & 0x3fff;
    case 2:
      return readUint32(bytes, offset) & ID_MAX;
    default:
      return -1;
  }
}

/**
 * The list as bytes. Copies the values. Throws RangeError for an id outside 0 to 2^30 - 1, for more than 64
 * parameters and for more than 768 bytes in all: that is the caller's mistake.
 */
export function encodeParameters(parameters: ReadonlyMap<number, Uint8Array>): Uint8Array {
  if (parameters.size > PARAMETERS_MAX) {
    throw new RangeError(`${parameters.size} transport parameters are above ${PARAMETERS_MAX}`);
  }
  const parts: Uint8Array[] = [];
  for (const [id, value] of parameters) {
    if (!Number.isInteger(id) || id < 0 || id > ID_MAX) {
      throw new RangeError(`no transport parameter id: ${id}`);
    }
    parts.push(varint(id), varint(value.length), value);
  }
  const bytes = concat(...parts);
  if (bytes.length > PARAMETERS_BYTES_MAX) {
    throw new RangeError(
      `transport parameters of ${bytes.length} bytes are above ${PARAMETERS_BYTES_MAX}`,
    );
  }
  return bytes;
}

/**
 * The list of a peer, or undefined when it is not one: cut off, an id twice, too many, too long, an 8-byte varint.
 * Unknown ids are in the map; the caller ignores them. The values borrow from `bytes`.
 */
export function decodeParameters(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  if (bytes.length > PARAMETERS_BYTES_MAX) return undefined;
  const parameters = new Map<number, Uint8Array>();
  let offset = 0;
  const next = (): number => {
    if (offset >= bytes.length) return -1;
    const size = varintBytes(bytes, offset);
    if (offset + size > bytes.length) return -1;
    const value = varintValue(bytes, offset);
    offset += size;
    return value;
  };
  while (offset < bytes.length) {
    const id = next();
    const length = next();
    if (id < 0 || length < 0 || offset + length > bytes.length) return undefined;
    if (parameters.has(id) || parameters.size === PARAMETERS_MAX) return undefined;
    parameters.set(id, bytes.subarray(offset, offset + length));
    offset += length;
  }
  return parameters;
}
