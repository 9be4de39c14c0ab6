/**
 * From a traffic secret to a packet key, an IV, a header key, and the secret of the next phase: HKDF-Expand (RFC 5869)
 * with SHA-256 and the labels of docs/handshake.md.
 *
 * Called by key-schedule.ts and by tests that write down golden values.
 *
 * Invariant: one secret, one label, one result.
 */

import type { HandshakePrimitives } from '../ports.js';
import { ascii, wipe } from './bytes.js';
import type { Suite } from './protocol.js';

export const SECRET_BYTES = 32;
const IV_BYTES = 12;

const LABEL_KEY = ascii('burstwire key');
const LABEL_IV = ascii('burstwire iv');
const LABEL_HEADER_KEY = ascii('burstwire hp');
const LABEL_NEXT = ascii('burstwire ku');
const ONE = Uint8Array.of(1);

/** One block of HKDF-Expand: up to 32 bytes. */
function expand(
  primitives: HandshakePrimitives,
  secret: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const block = primitives.hmacSha256(secret, info, ONE);
  if (length === block.length) return block;
  const result = block.slice(0, length);
  wipe(block);
  return result;
}

export interface PhaseKey {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
}

/** The key and the IV of one phase. */
export function phaseKey(
  primitives: HandshakePrimitives,
  secret: Uint8Array,
  suite: Suite,
): PhaseKey {
  return {
    key: expand(primitives, secret, LABEL_KEY, suite.keyBytes),
    iv: expand(primitives, secret, LABEL_IV, IV_BYTES),
  };
}

/** Of the first phase's secret; it serves all phases. */
export function headerKey(
  primitives: HandshakePrimitives,
  secret: Uint8Array,
  suite: Suite,
): Uint8Array {
  return expand(primitives, secret, LABEL_HEADER_KEY, suite.keyBytes);
}

/** The secret of the phase behind this one. */
export function nextSecret(primitives: HandshakePrimitives, secret: Uint8Array): Uint8Array {
  return expand(primitives, secret, LABEL_NEXT, SECRET_BYTES);
}
