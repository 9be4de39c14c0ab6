/**
 * Packet protection over rows, for the JavaScript providers: everything but the primitives.
 *
 * Follows docs/wire-format.md; `open` and `seal` promise what `lib/core/ports.ts` says. The native provider does the
 * same in C++, and tests compare the two bit by bit. Called by the core once per batch and direction.
 *
 * What holds for each row, in this order:
 * - STATUS is not 0: left alone.
 * - STATUS_NO_KEY: no live key, or one of the other direction. Bytes left alone.
 * - STATUS_TOO_SHORT: below 29 bytes, or not wholly inside the slab. Bytes left alone.
 * - STATUS_KEY_EXHAUSTED, STATUS_SOURCE_LOST (sealing). Bytes left alone; the packet number is not used up.
 * - STATUS_FORGED: the tag does not fit, there is no key for its phase, or its number would reach 2^53. Counted; header
 *   bytes as they came; payload and tag zeroed. No column but STATUS is written.
 * - STATUS_REPLAYED, STATUS_TOO_OLD: all columns are written as for an opened row (the number is worth an
 *   acknowledgement); counted nowhere; never moves a key phase.
 *
 * Invariant: nothing is thrown for what rows or bytes hold.
 */

import {
  FLAG_KEY_UPDATED,
  FLAG_PREVIOUS_KEY,
  FLAGS,
  HEADER_KEY_PHASE,
  HEADER_LENGTH,
  HEADER_MASK_BITS,
  KEY,
  KEY_COUNT_FORGED,
  KEY_COUNT_LARGEST,
  KEY_COUNT_OPENED,
  KEY_COUNT_SEALED,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_NUMBER_OFFSET,
  PACKET_TAG_BYTES,
  PLAINTEXT_LENGTH,
  ROW_SHIFT,
  SOURCE,
  SOURCE_LENGTH,
  SOURCE_OFFSET,
  STATUS,
  STATUS_FORGED,
  STATUS_KEY_EXHAUSTED,
  STATUS_NO_KEY,
  STATUS_SOURCE_LOST,
  STATUS_TOO_SHORT,
} from '../batch/layout.js';
import type { PacketBatch } from '../batch/packet-batch.js';
import type { Protection, TrafficKey } from '../core/ports.js';
import { type KeySlot, KeyTable, MAX_KEY_SLOTS, type PhaseKey } from './key-table.js';
import { type CipherSuite, IV_BYTES, MASK_STRIDE, SAMPLE_BYTES } from './packet-cipher.js';
import { expandPacketNumber, MAX_PACKET_NUMBER, readUint32, writeNonce } from './packet-number.js';

/** Packets that one key may seal (RFC 9001 section 6.6: 2^23, the AES-GCM limit at any packet size). */
export const SEAL_LIMIT = 2 ** 23;
const PACKET_MIN_BYTES = PACKET_HEADER_BYTES + PACKET_TAG_BYTES;
/** Rows of one key whose header masks are made in one call. */
const RUN_ROWS = 64;

export interface RowProtectionOptions {
  /** Key slots, 1 to MAX_KEY_SLOTS. Default MAX_KEY_SLOTS. */
  readonly maxSlots?: number;
  /** Packets that one key may seal. Default SEAL_LIMIT; tests lower it. */
  readonly sealLimit?: number;
}

/** A Protection over the primitives of one suite. */
export class RowProtection implements Protection {
  readonly name: 'node' | 'noble';
  readonly kernel: string;
  readonly counts: Float64Array;
  readonly #keys: KeyTable;
  readonly #sealLimit: number;
  readonly #nonce = new Uint8Array(IV_BYTES);
  readonly #header = new Uint8Array(PACKET_HEADER_BYTES);
  readonly #samples = new Uint8Array(RUN_ROWS * SAMPLE_BYTES);
  readonly #masks = new Uint8Array(RUN_ROWS * MASK_STRIDE);
  readonly #run = new Int32Array(RUN_ROWS);

  constructor(suite: CipherSuite, options: RowProtectionOptions = {}) {
    this.name = suite.name;
    this.kernel = suite.kernel;
    this.#keys = new KeyTable(suite, options.maxSlots ?? MAX_KEY_SLOTS);
    this.#sealLimit = options.sealLimit ?? SEAL_LIMIT;
    this.counts = this.#keys.counts;
  }

  installKey(key: TrafficKey): number {
    return this.#keys.install(key);
  }

  updateKey(id: number, key: Uint8Array, iv: Uint8Array): boolean {
    return this.#keys.update(id, key, iv);
  }

  retirePrevious(id: number): void {
    this.#keys.retirePrevious(id);
  }

  retireKey(id: number): void {
    this.#keys.retire(id);
  }

  seal(batch: PacketBatch, from: number, to: number): number {
    return this.#inRuns(batch, from, to, true);
  }

  open(batch: PacketBatch, from: number, to: number): number {
    return this.#inRuns(batch, from, to, false);
  }

  /** Cuts the rows into runs of one key, so that the masks of a run are made at once. Returns rows done. */
  #inRuns(batch: PacketBatch, from: number, to: number, sealing: boolean): number {
    const { rows } = batch;
    let done = 0;
    let row = from;
    while (row < to) {
      const id = rows[(row << ROW_SHIFT) + KEY];
      const slot = this.#keys.find(id);
      const usable = slot !== undefined && slot.sealing === sealing;
      let length = 0;
      for (; row < to && length < RUN_ROWS; row++) {
        const at = row << ROW_SHIFT;
        if (rows[at + STATUS] !== 0) continue;
        if (rows[at + KEY] !== id) break;
        const status = usable ? statusOfShape(batch, at) : STATUS_NO_KEY;
        if (status === 0) this.#run[length++] = row;
        else rows[at + STATUS] = status;
      }
      if (slot === undefined || length === 0) continue;
      done += sealing ? this.#sealRun(batch, slot, length) : this.#openRun(batch, slot, length);
    }
    return done;
  }

  #sealRun(batch: PacketBatch, slot: KeySlot, length: number): number {
    const { bytes, rows } = batch;
    let sealed = 0;
    for (let i = 0; i < length; i++) {
      const row = this.#run[i];
      const status = this.#sealRow(batch, row, slot);
      if (status === 0) this.#run[sealed++] = row;
      else rows[(row << ROW_SHIFT) + STATUS] = status;
    }
    this.#makeMasks(batch, slot, sealed);
    for (let i = 0; i < sealed; i++) {
      this.#applyMask(bytes, rows[(this.#run[i] << ROW_SHIFT) + OFFSET], i);
    }
    return sealed;
  }

  /** All but header protection. Returns the row's STATUS; what it refuses it leaves alone. */
  #sealRow(batch: PacketBatch, row: number, slot: KeySlot): number {
    const { bytes, rows, doubles } = batch;
    const { counts } = this;
    const at = row << ROW_SHIFT;
    const number = doubles[(at + PACKET_NUMBER) >> 1];
    const rises = number > counts[slot.counts + KEY_COUNT_LARGEST];
    const isNumber = rises && number <= MAX_PACKET_NUMBER && Number.isInteger(number);
    if (!isNumber || counts[slot.counts + KEY_COUNT_SEALED] >= this.#sealLimit) {
      return STATUS_KEY_EXHAUSTED;
    }
    if (rows[at + SOURCE_LENGTH] !== 0 && !copySource(batch, at)) return STATUS_SOURCE_LOST;
    const offset = rows[at + OFFSET];
    bytes[offset] = (bytes[offset] & ~HEADER_KEY_PHASE) | slot.phase;
    for (let i = 0; i < 4; i++) {
      bytes[offset + PACKET_NUMBER_OFFSET + i] = (number >>> (24 - 8 * i)) & 0xff;
    }
    const body = this.#prepare(bytes, offset, rows[at + LENGTH], slot.current, number);
    slot.current.cipher.seal(this.#nonce, this.#header, body);
    counts[slot.counts + KEY_COUNT_SEALED]++;
    counts[slot.counts + KEY_COUNT_LARGEST] = number;
    return 0;
  }

  #openRun(batch: PacketBatch, slot: KeySlot, length: number): number {
    let opened = 0;
    this.#makeMasks(batch, slot, length);
    for (let i = 0; i < length; i++) {
      const status = this.#openRow(batch, this.#run[i], slot, i);
      batch.rows[(this.#run[i] << ROW_SHIFT) + STATUS] = status;
      if (status === 0) opened++;
    }
    return opened;
  }

  /** Opens with the one key that the phase bit names. Returns the row's STATUS. */
  #openRow(batch: PacketBatch, row: number, slot: KeySlot, maskIndex: number): number {
    const { bytes, rows } = batch;
    const at = row << ROW_SHIFT;
    const offset = rows[at + OFFSET];
    const length = rows[at + LENGTH];
    this.#applyMask(bytes, offset, maskIndex);
    const sameKey = (bytes[offset] & HEADER_KEY_PHASE) === slot.phase;
    const key = sameKey ? slot.current : (slot.next ?? slot.previous);
    const number = expandPacketNumber(
      readUint32(bytes, offset + PACKET_NUMBER_OFFSET),
      this.counts[slot.counts + KEY_COUNT_LARGEST] + 1,
    );
    const fits = key !== undefined && number <= MAX_PACKET_NUMBER;
    const body = fits ? this.#prepare(bytes, offset, length, key, number) : undefined;
    if (body === undefined || !key!.cipher.open(this.#nonce, this.#header, body)) {
      bytes.fill(0, offset + PACKET_HEADER_BYTES, offset + length);
      this.#applyMask(bytes, offset, maskIndex);
      this.counts[slot.counts + KEY_COUNT_FORGED]++;
      return STATUS_FORGED;
    }
    rows[at + HEADER_LENGTH] = PACKET_HEADER_BYTES;
    rows[at + PLAINTEXT_LENGTH] = length - PACKET_MIN_BYTES;
    batch.doubles[(at + PACKET_NUMBER) >> 1] = number;
    return this.#admit(rows, at, slot, sameKey, number);
  }

  /** An authentic packet: the window has the last word. */
  #admit(rows: Int32Array, at: number, slot: KeySlot, sameKey: boolean, number: number): number {
    const byPrevious = !sameKey && slot.next === undefined;
    rows[at + FLAGS] &= ~(FLAG_KEY_UPDATED | FLAG_PREVIOUS_KEY);
    if (byPrevious) rows[at + FLAGS] |= FLAG_PREVIOUS_KEY;
    const status = slot.window!.accept(number);
    if (status !== 0) return status;
    this.counts[slot.counts + KEY_COUNT_OPENED]++;
    this.counts[slot.counts + KEY_COUNT_LARGEST] = slot.window!.largest;
    if (!sameKey && slot.next !== undefined) {
      slot.previous = slot.current;
      slot.current = slot.next;
      slot.next = undefined;
      slot.phase ^= HEADER_KEY_PHASE;
      rows[at + FLAGS] |= FLAG_KEY_UPDATED;
    }
    return 0;
  }

  /** Fills nonce and header for the cipher; returns payload and tag as a view. */
  #prepare(
    bytes: Uint8Array,
    offset: number,
    length: number,
    key: PhaseKey,
    number: number,
  ): Uint8Array {
    writeNonce(this.#nonce, key.iv, number);
    for (let i = 0; i < PACKET_HEADER_BYTES; i++) this.#header[i] = bytes[offset + i];
    return bytes.subarray(offset + PACKET_HEADER_BYTES, offset + length);
  }

  #makeMasks(batch: PacketBatch, slot: KeySlot, length: number): void {
    const { bytes, rows } = batch;
    for (let i = 0; i < length; i++) {
      const from = rows[(this.#run[i] << ROW_SHIFT) + OFFSET] + PACKET_HEADER_BYTES;
      this.#samples.set(bytes.subarray(from, from + SAMPLE_BYTES), i * SAMPLE_BYTES);
    }
    if (length > 0) slot.header.mask(this.#samples, length, this.#masks);
  }

  /** Puts header protection on, or takes it off: the same. */
  #applyMask(bytes: Uint8Array, offset: number, index: number): void {
    const mask = index * MASK_STRIDE;
    bytes[offset] ^= this.#masks[mask] & HEADER_MASK_BITS;
    for (let i = 0; i < 4; i++) {
      bytes[offset + PACKET_NUMBER_OFFSET + i] ^= this.#masks[mask + 1 + i];
    }
  }
}

function statusOfShape(batch: PacketBatch, at: number): number {
  const offset = batch.rows[at + OFFSET];
  const length = batch.rows[at + LENGTH];
  const inside = offset >= 0 && offset + length <= batch.bytes.length;
  return length >= PACKET_MIN_BYTES && inside ? 0 : STATUS_TOO_SHORT;
}

/**
 * Copies the end of the payload from its source. False when source and row do not fit each other. A batch has no more
 * sources than rows: the addon does not look behind them.
 */
function copySource(batch: PacketBatch, at: number): boolean {
  const { bytes, rows } = batch;
  if (rows[at + SOURCE] >= batch.capacity) return false;
  const source = batch.sources[rows[at + SOURCE]];
  const from = rows[at + SOURCE_OFFSET];
  const length = rows[at + SOURCE_LENGTH];
  const payload = rows[at + LENGTH] - PACKET_MIN_BYTES;
  if (source === undefined || from < 0 || length < 0 || length > payload) return false;
  if (from + length > source.byteLength) return false;
  const to = rows[at + OFFSET] + rows[at + LENGTH] - PACKET_TAG_BYTES - length;
  bytes.set(source.subarray(from, from + length), to);
  return true;
}
