/**
 * Why a connection ended, in words and numbers.
 *
 * Types and the few makers of them; it sends nothing. Made by closing.ts and timers.ts, shown by `lib/api`.
 *
 * Invariant: it is made once for a connection and never changes.
 */

import { errorName } from '../error-codes.js';

export interface CloseInfo {
  /**
   * Who ended it: 'local' (we closed it, or found the peer in breach of the protocol), 'remote' (the peer sent
   * CONNECTION_CLOSE), 'idle' (nothing came for the idle timeout), 'discarded' (another handshake with the same peer won),
   * 'reset' (the peer has lost the connection, as when it was started anew: it sent a stateless reset).
   */
  readonly origin: 'local' | 'remote' | 'idle' | 'discarded' | 'reset';
  /** Whether the application chose the code; else it is one of core/error-codes. */
  readonly isApplication: boolean;
  readonly code: number;
  /** `FLOW_CONTROL_ERROR`; of an application's code, its number as text. */
  readonly name: string;
  readonly reason: string;
}

/** Bytes of a reason phrase that are sent, and that are kept of a peer's. */
export const REASON_BYTES_MAX = 256;

export function closeInfo(
  origin: CloseInfo['origin'],
  isApplication: boolean,
  code: number,
  reason: string,
): CloseInfo {
  const name = isApplication ? String(code) : errorName(code);
  return Object.freeze({ origin, isApplication, code, name, reason });
}

/** Text as UTF-8, cut at REASON_BYTES_MAX. The core has no TextEncoder. */
export function encodeReason(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    const encoded = encodePoint(point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
    if (bytes.length + encoded.length > REASON_BYTES_MAX) break;
    bytes.push(...encoded);
  }
  return Uint8Array.from(bytes);
}

function encodePoint(point: number): number[] {
  if (point < 0x80) return [point];
  if (point < 0x800) return [0xc0 | (point >> 6), 0x80 | (point & 0x3f)];
  if (point < 0x10000) {
    return [0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)];
  }
  return [
    0xf0 | (point >> 18),
    0x80 | ((point >> 12) & 0x3f),
    0x80 | ((point >> 6) & 0x3f),
    0x80 | (point & 0x3f),
  ];
}

/** UTF-8 as text; what is none becomes U+FFFD. Reads at most REASON_BYTES_MAX bytes. */
export function decodeReason(bytes: Uint8Array, at: number, length: number): string {
  const end = at + Math.min(length, REASON_BYTES_MAX);
  let text = '';
  let next = at;
  while (next < end) {
    const first = bytes[next];
    const extra = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : -1;
    let point = extra <= 0 ? first : first & (0x3f >> extra);
    let isWhole = extra >= 0 && next + extra < end;
    for (let index = 1; isWhole && index <= extra; index++) {
      const byte = bytes[next + index];
      isWhole = (byte & 0xc0) === 0x80;
      point = (point << 6) | (byte & 0x3f);
    }
    const isPoint = isWhole && point <= 0x10ffff && (point < 0xd800 || point >= 0xe000);
    text += isPoint ? String.fromCodePoint(point) : '\ufffd';
    next += isPoint ? extra + 1 : 1;
  }
  return text;
}
