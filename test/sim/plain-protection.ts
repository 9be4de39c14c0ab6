/**
 * Packet protection that protects from nothing but accidents, for speed: packets stay in clear, and a keyed checksum
 * over all of the packet stands for the tag.
 *
 * It keeps what the Protection port says of rows (lib/core/ports.ts, lib/crypto/row-protection.ts): statuses, columns,
 * counters, key phases, the replay window, sources. Only the bytes differ from a real provider's. Slots and windows are
 * those of lib/crypto.
 *
 * Invariant: a packet that was changed anywhere, or sealed with another key, is STATUS_FORGED.
 */

import {
  FLAG_KEY_UPDATED,
  FLAG_PREVIOUS_KEY,
  FLAGS,
  HEADER_KEY_PHASE,
  HEADER_LENGTH,
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
} from '../../lib/batch/layout.js';
import type { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { Protection, TrafficKey } from '../../lib/core/ports.js';
import { type KeySlot, KeyTable } from '../../lib/crypto/key-table.js';
import type { CipherSuite, PacketCipher } from '../../lib/crypto/packet-cipher.js';
import { expandPacketNumber, MAX_PACKET_NUMBER } from '../../lib/crypto/packet-number.js';
import { LaneHash } from './lane-hash.js';

const PACKET_MIN_BYTES = PACKET_HEADER_BYTES + PACKET_TAG_BYTES;

/** Four words of key. It is a PacketCipher so that lib/crypto's KeyTable can hold it; nobody calls it as one. */
class PlainKey implements PacketCipher {
  readonly words = new Int32Array(4);

  constructor(key: Uint8Array) {
    for (let at = 0; at < key.length; at++) {
      this.words[at & 3] = Math.imul(this.words[at & 3] ^ key[at], 0x01000193) + at;
    }
  }

  seal(): void {
    throw new Error('rows are sealed by PlainProtection itself');
  }

  open(): boolean {
    throw new Error('rows are opened by PlainProtection itself');
  }

  wipe(): void {
    this.words.fill(0);
  }
}

const plainSuite: CipherSuite = {
  name: 'node',
  kernel: 'none',
  packetCipher: (_aead, key) => new PlainKey(key),
  headerCipher: () => ({ mask: (_samples, _count, masks) => masks.fill(0), wipe: () => undefined }),
};

export interface PlainProtectionOptions {
  /** Key slots. Default 4,096. */
  readonly maxSlots?: number;
  /** Packets that one key may seal. Default 2^23. */
  readonly sealLimit?: number;
  /** What KEY_COUNT_SEALED counts a packet as: many bring key updates about sooner. Default 1. */
  readonly packetsCountAs?: number;
}

export class PlainProtection implements Protection {
  readonly name = 'node';
  readonly kernel = 'none';
  readonly counts: Float64Array;
  readonly #keys: KeyTable;
  readonly #sealLimit: number;
  readonly #countAs: number;
  readonly #hash = new LaneHash();
  #viewed: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#viewed.buffer);

  constructor(options: PlainProtectionOptions = {}) {
    this.#keys = new KeyTable(plainSuite, options.maxSlots ?? 4096);
    this.#sealLimit = options.sealLimit ?? 2 ** 23;
    this.#countAs = options.packetsCountAs ?? 1;
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
    let sealed = 0;
    for (let row = from; row < to; row++) {
      const at = row << ROW_SHIFT;
      if (batch.rows[at + STATUS] !== 0) continue;
      const slot = this.#slotOf(batch, at, true);
      const status = slot === undefined ? STATUS_NO_KEY : this.#sealRow(batch, at, slot);
      batch.rows[at + STATUS] = status;
      if (status === 0) sealed++;
    }
    return sealed;
  }

  open(batch: PacketBatch, from: number, to: number): number {
    let opened = 0;
    for (let row = from; row < to; row++) {
      const at = row << ROW_SHIFT;
      if (batch.rows[at + STATUS] !== 0) continue;
      const slot = this.#slotOf(batch, at, false);
      const status = slot === undefined ? STATUS_NO_KEY : this.#openRow(batch, at, slot);
      batch.rows[at + STATUS] = status;
      if (status === 0) opened++;
    }
    return opened;
  }

  #slotOf(batch: PacketBatch, at: number, sealing: boolean): KeySlot | undefined {
    const slot = this.#keys.find(batch.rows[at + KEY]);
    return slot?.sealing === sealing ? slot : undefined;
  }

  #sealRow(batch: PacketBatch, at: number, slot: KeySlot): number {
    const { bytes, rows, doubles } = batch;
    const { counts } = this;
    const offset = rows[at + OFFSET];
    const length = rows[at + LENGTH];
    if (!isInside(batch, offset, length)) return STATUS_TOO_SHORT;
    const number = doubles[(at + PACKET_NUMBER) >> 1];
    const rises = number > counts[slot.counts + KEY_COUNT_LARGEST];
    if (!rises || number > MAX_PACKET_NUMBER || !Number.isInteger(number)) {
      return STATUS_KEY_EXHAUSTED;
    }
    if (counts[slot.counts + KEY_COUNT_SEALED] >= this.#sealLimit) return STATUS_KEY_EXHAUSTED;
    if (!fetchSource(batch, at)) return STATUS_SOURCE_LOST;
    const view = this.#viewOf(bytes);
    bytes[offset] = (bytes[offset] & ~HEADER_KEY_PHASE) | slot.phase;
    view.setUint32(offset + PACKET_NUMBER_OFFSET, number % 2 ** 32);
    const end = offset + length - PACKET_TAG_BYTES;
    this.#sum(view, offset, end, slot.current.cipher as PlainKey, number);
    this.#hash.write(view, end);
    counts[slot.counts + KEY_COUNT_SEALED] += this.#countAs;
    counts[slot.counts + KEY_COUNT_LARGEST] = number;
    return 0;
  }

  #openRow(batch: PacketBatch, at: number, slot: KeySlot): number {
    const { bytes, rows } = batch;
    const offset = rows[at + OFFSET];
    const length = rows[at + LENGTH];
    if (!isInside(batch, offset, length)) return STATUS_TOO_SHORT;
    const view = this.#viewOf(bytes);
    const sameKey = (bytes[offset] & HEADER_KEY_PHASE) === slot.phase;
    const key = sameKey ? slot.current : (slot.next ?? slot.previous);
    const number = expandPacketNumber(
      view.getUint32(offset + PACKET_NUMBER_OFFSET),
      this.counts[slot.counts + KEY_COUNT_LARGEST] + 1,
    );
    const end = offset + length - PACKET_TAG_BYTES;
    const fits = key !== undefined && number <= MAX_PACKET_NUMBER;
    if (fits) this.#sum(view, offset, end, key.cipher as PlainKey, number);
    if (!fits || !this.#hash.isAt(view, end)) {
      bytes.fill(0, offset + PACKET_HEADER_BYTES, offset + length);
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
    const isNext = !sameKey && slot.next !== undefined;
    rows[at + FLAGS] &= ~(FLAG_KEY_UPDATED | FLAG_PREVIOUS_KEY);
    if (!sameKey && !isNext) rows[at + FLAGS] |= FLAG_PREVIOUS_KEY;
    const status = slot.window!.accept(number);
    if (status !== 0) return status;
    this.counts[slot.counts + KEY_COUNT_OPENED]++;
    this.counts[slot.counts + KEY_COUNT_LARGEST] = slot.window!.largest;
    if (isNext) {
      slot.previous = slot.current;
      slot.current = slot.next!;
      slot.next = undefined;
      slot.phase ^= HEADER_KEY_PHASE;
      rows[at + FLAGS] |= FLAG_KEY_UPDATED;
    }
    return 0;
  }

  #sum(view: DataView, from: number, end: number, key: PlainKey, number: number): void {
    const { words } = key;
    this.#hash.begin(words[0], words[1], words[2], words[3]);
    this.#hash.word(number);
    this.#hash.word(number / 2 ** 32);
    this.#hash.bytes(view, from, end - from);
    this.#hash.finish();
  }

  #viewOf(bytes: Uint8Array): DataView {
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }
}

function isInside(batch: PacketBatch, offset: number, length: number): boolean {
  return length >= PACKET_MIN_BYTES && offset >= 0 && offset + length <= batch.bytes.length;
}

/** Copies the end of the payload from where the row says. False when it is not there any more. */
function fetchSource(batch: PacketBatch, at: number): boolean {
  const { bytes, rows } = batch;
  const length = rows[at + SOURCE_LENGTH];
  if (length === 0) return true;
  const source = batch.sources[rows[at + SOURCE]];
  const from = rows[at + SOURCE_OFFSET];
  const room = rows[at + LENGTH] - PACKET_MIN_BYTES;
  if (source === undefined || length < 0 || length > room) return false;
  if (from < 0 || from + length > source.length) return false;
  const end = rows[at + OFFSET] + rows[at + LENGTH] - PACKET_TAG_BYTES;
  bytes.set(source.subarray(from, from + length), end - length);
  return true;
}
