/**
 * Batches for the tests of packet protection: rows to seal, rows to open, and what a row says afterwards.
 *
 * Rows lie GUARD_BYTES apart, and the gaps hold GUARD, so that a provider that writes beside its packet is noticed.
 */

import {
  FLAGS,
  HEADER_LENGTH,
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_TAG_BYTES,
  PLAINTEXT_LENGTH,
  ROW_SHIFT,
  STATUS,
} from '../../../lib/batch/layout.js';
import { PacketBatch } from '../../../lib/batch/packet-batch.js';
import type { AeadName, TrafficKey } from '../../../lib/core/ports.js';
import { KEY_BYTES } from '../../../lib/crypto/packet-cipher.js';

export const AEADS = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-poly1305'] as const;
export const OVERHEAD = PACKET_HEADER_BYTES + PACKET_TAG_BYTES;
const GUARD_BYTES = 7;
const GUARD = 0xee;

export interface ToSeal {
  readonly key: number;
  readonly number: number;
  readonly payload: Uint8Array;
}

export interface ToOpen {
  readonly key: number;
  readonly packet: Uint8Array;
}

/** What a row says: everything that a provider writes. */
export interface RowResult {
  readonly status: number;
  readonly flags: number;
  readonly headerLength: number;
  readonly plaintextLength: number;
  readonly number: number;
}

/** `sizeBytes` bytes that depend on `seed` alone. */
export function filled(sizeBytes: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  let state = (seed + 1) * 2654435761;
  for (let i = 0; i < sizeBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** A key that depends on its arguments alone; both directions get the same bytes. */
export function trafficKey(
  aead: AeadName,
  direction: 'seal' | 'open',
  seed = 0,
  generation = 0,
): TrafficKey {
  const size = KEY_BYTES[aead];
  return {
    aead,
    direction,
    key: filled(size, seed * 100 + generation * 2 + 1),
    iv: filled(12, seed * 100 + generation * 2 + 2),
    headerKey: filled(size, seed * 100 + 99),
  };
}

export const CONNECTION_ID = Uint8Array.of(0xc0, 1, 2, 3, 4, 5, 6, 7);

export function batchToSeal(packets: readonly ToSeal[]): PacketBatch {
  const batch = emptyBatch(packets.map(({ payload }) => payload.length + OVERHEAD));
  packets.forEach(({ key, number, payload }, index) => {
    const at = index << ROW_SHIFT;
    const offset = batch.rows[at + OFFSET];
    batch.bytes[offset] = 0x40;
    batch.bytes.set(CONNECTION_ID, offset + 1);
    batch.bytes.fill(0, offset + 9, offset + PACKET_HEADER_BYTES);
    batch.bytes.set(payload, offset + PACKET_HEADER_BYTES);
    batch.rows[at + KEY] = key;
    batch.doubles[(at + PACKET_NUMBER) >> 1] = number;
  });
  return batch;
}

export function batchToOpen(packets: readonly ToOpen[]): PacketBatch {
  const batch = emptyBatch(packets.map(({ packet }) => packet.length));
  packets.forEach(({ key, packet }, index) => {
    const at = index << ROW_SHIFT;
    batch.bytes.set(packet, batch.rows[at + OFFSET]);
    batch.rows[at + KEY] = key;
  });
  return batch;
}

function emptyBatch(lengths: readonly number[]): PacketBatch {
  const total = lengths.reduce((sum, length) => sum + length + GUARD_BYTES, GUARD_BYTES);
  const batch = new PacketBatch(total, lengths.length);
  batch.bytes.fill(GUARD);
  let offset = GUARD_BYTES;
  lengths.forEach((length, index) => {
    batch.rows[(index << ROW_SHIFT) + OFFSET] = offset;
    batch.rows[(index << ROW_SHIFT) + LENGTH] = length;
    offset += length + GUARD_BYTES;
  });
  batch.length = lengths.length;
  return batch;
}

export function resultOf(batch: PacketBatch, index: number): RowResult {
  const at = index << ROW_SHIFT;
  return {
    status: batch.rows[at + STATUS],
    flags: batch.rows[at + FLAGS],
    headerLength: batch.rows[at + HEADER_LENGTH],
    plaintextLength: batch.rows[at + PLAINTEXT_LENGTH],
    number: batch.doubles[(at + PACKET_NUMBER) >> 1],
  };
}

export function resultsOf(batch: PacketBatch): RowResult[] {
  return Array.from({ length: batch.length }, (_, index) => resultOf(batch, index));
}

export function statusesOf(batch: PacketBatch): number[] {
  return resultsOf(batch).map(({ status }) => status);
}

/** A copy of a row's bytes. */
export function bytesOf(batch: PacketBatch, index: number): Uint8Array {
  const at = index << ROW_SHIFT;
  const offset = batch.rows[at + OFFSET];
  return batch.bytes.slice(offset, offset + batch.rows[at + LENGTH]);
}

/** A copy of an opened row's payload. */
export function payloadOf(batch: PacketBatch, index: number): Uint8Array {
  return bytesOf(batch, index).slice(PACKET_HEADER_BYTES, -PACKET_TAG_BYTES);
}

/** Whether the bytes between the packets are as they were. */
export function guardsHold(batch: PacketBatch): boolean {
  let at = 0;
  for (let index = 0; index <= batch.length; index++) {
    const last = index === batch.length;
    const end = last ? batch.bytes.length : batch.rows[(index << ROW_SHIFT) + OFFSET];
    if (!batch.bytes.subarray(at, end).every((byte) => byte === GUARD)) return false;
    if (!last) at = end + batch.rows[(index << ROW_SHIFT) + LENGTH];
  }
  return true;
}
