/**
 * SHA-256 and HMAC-SHA256 (RFC 2104) over `node:crypto`, of parts that lie in different arrays.
 *
 * No state between calls. Used by `primitives.ts`; a handshake calls these some thirty times, so they go through the
 * one-shot `crypto.hash`, a few times faster than a Hash or Hmac object.
 *
 * Invariant: the parts are only read, and what was mixed with a key is wiped.
 */

// As a namespace: runtimes that lack `hash` must still be able to load this file.
import * as crypto from 'node:crypto';

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

const digest: (data: Uint8Array) => Uint8Array =
  typeof crypto.hash === 'function'
    ? (data) => crypto.hash('sha256', data, 'buffer')
    : (data) => crypto.createHash('sha256').update(data).digest();

/** SHA-256 of the parts, one behind the other. 32 bytes, owned by the caller. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return plain(digest(parts[0]));
  return plain(digest(gather(0, parts)));
}

/** HMAC-SHA256 of the parts, one behind the other, under a key of any size. 32 bytes, owned by the caller. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const blockKey = key.length > BLOCK_BYTES ? digest(key) : key;
  const inner = gather(BLOCK_BYTES, parts);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = i < blockKey.length ? blockKey[i] : 0;
    inner[i] = byte ^ INNER_PAD;
    outer[i] = byte ^ OUTER_PAD;
  }
  outer.set(digest(inner), BLOCK_BYTES);
  const mac = digest(outer);
  inner.fill(0, 0, BLOCK_BYTES);
  outer.fill(0);
  return plain(mac);
}

/** One array: `room` bytes, then the parts. */
function gather(room: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = room;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = room;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A Uint8Array rather than the Buffer that Node returns, whose `slice` shares memory. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
