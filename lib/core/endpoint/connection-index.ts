/**
 * Which slot a connection id belongs to: a hash table from 8 bytes to a small integer.
 *
 * Open addressing with linear probing, four integers an entry (id, id, slot + 1, hash) in one array, so that a look-up
 * is one cache line as a rule. Deletion shifts the entries behind back into the gap; there are no tombstones, and a table
 * that has seen a million connections is as quick as on its first day. It grows by doubling and never shrinks: the endpoint
 * limits connections. Called by connection-table and reset-tokens.
 *
 * Everybody may ask for any id, but only ids that we made up by chance are in it, and the hash has a seed: so nobody can
 * build ids that all meet in one place.
 *
 * Invariant: no empty entry lies between the place of an id's hash and the place of the id; at most half are taken.
 */

import type { Random } from '../ports.js';

const ENTRY_SHIFT = 2;
/** Of an entry: the id's words, the slot + 1 (0 = empty), the hash. */
const LOW = 0;
const HIGH = 1;
const SLOT = 2;
const HASH = 3;

const ID_BYTES = 8;
const FIRST_CAPACITY = 64;
/** Slots are 32-bit integers, and 0 means empty. */
const SLOT_MAX = 0x7fff_fffe;

export class ConnectionIndex {
  readonly #seed: number;
  #entries = new Int32Array(FIRST_CAPACITY << ENTRY_SHIFT);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  /** @param seed 32 random bits that nobody else knows */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** A table with a seed of chance. */
  static seededBy(random: Random): ConnectionIndex {
    const seed = new Uint8Array(4);
    random.fill(seed);
    return new ConnectionIndex(wordAt(seed, 0));
  }

  /** Ids in the table. */
  get size(): number {
    return this.#size;
  }

  /** The slot of the 8 bytes at `at`, -1 when they are no id of ours. The caller has made sure that they are there. */
  find(bytes: Uint8Array, at: number): number {
    const low = wordAt(bytes, at);
    const high = wordAt(bytes, at + 4);
    return this.#entries[this.#place(low, high, hashOfId(low, high, this.#seed)) + SLOT] - 1;
  }

  /** The id leads to the slot from now on. Copies the id; throws RangeError when it has not 8 bytes. */
  add(id: Uint8Array, slot: number): void {
    checkId(id);
    if (!Number.isInteger(slot) || slot < 0 || slot > SLOT_MAX) {
      throw new RangeError(`no slot: ${slot}`);
    }
    const low = wordAt(id, 0);
    const high = wordAt(id, 4);
    const hashed = hashOfId(low, high, this.#seed);
    let place = this.#place(low, high, hashed);
    if (this.#entries[place + SLOT] === 0) {
      if (2 * (this.#size + 1) > this.#mask + 1) {
        this.#grow();
        place = this.#place(low, high, hashed);
      }
      this.#size++;
    }
    this.#entries[place + LOW] = low;
    this.#entries[place + HIGH] = high;
    this.#entries[place + SLOT] = slot + 1;
    this.#entries[place + HASH] = hashed;
  }

  /** False when the id was not there. Throws RangeError when it has not 8 bytes. */
  remove(id: Uint8Array): boolean {
    checkId(id);
    const low = wordAt(id, 0);
    const high = wordAt(id, 4);
    const place = this.#place(low, high, hashOfId(low, high, this.#seed));
    if (this.#entries[place + SLOT] === 0) return false;
    this.#size--;
    this.#close(place >> ENTRY_SHIFT);
    return true;
  }

  /** Where the id is, or the empty entry where it would be: an offset in `#entries`. */
  #place(low: number, high: number, hashed: number): number {
    const entries = this.#entries;
    const mask = this.#mask;
    let index = hashed & mask;
    for (;;) {
      const place = index << ENTRY_SHIFT;
      if (entries[place + SLOT] === 0) return place;
      if (entries[place + LOW] === low && entries[place + HIGH] === high) return place;
      index = (index + 1) & mask;
    }
  }

  /** Fills the gap with the next entry that may move there, and that one's gap in turn. */
  #close(from: number): void {
    const entries = this.#entries;
    const mask = this.#mask;
    let gap = from;
    for (let index = (gap + 1) & mask; ; index = (index + 1) & mask) {
      const place = index << ENTRY_SHIFT;
      if (entries[place + SLOT] === 0) break;
      // How far the entry is from the place of its hash: it may move back that far.
      const distance = (index - entries[place + HASH]) & mask;
      if (distance < ((index - gap) & mask)) continue;
      entries.copyWithin(gap << ENTRY_SHIFT, place, place + (1 << ENTRY_SHIFT));
      gap = index;
    }
    entries.fill(0, gap << ENTRY_SHIFT, (gap + 1) << ENTRY_SHIFT);
  }

  #grow(): void {
    const old = this.#entries;
    const capacity = 2 * (this.#mask + 1);
    const mask = capacity - 1;
    const entries = new Int32Array(capacity << ENTRY_SHIFT);
    for (let from = 0; from < old.length; from += 1 << ENTRY_SHIFT) {
      if (old[from + SLOT] === 0) continue;
      let index = old[from + HASH] & mask;
      while (entries[(index << ENTRY_SHIFT) + SLOT] !== 0) index = (index + 1) & mask;
      const to = index << ENTRY_SHIFT;
      for (let word = 0; word < 1 << ENTRY_SHIFT; word++) entries[to + word] = old[from + word];
    }
    this.#entries = entries;
    this.#mask = mask;
  }
}

function checkId(id: Uint8Array): void {
  if (id.length !== ID_BYTES) throw new RangeError(`connection id of ${id.length} bytes`);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/**
 * 32 bits of an id, under a seed. The seed multiplies between the two words: where it were only added or xor-ed, ids that
 * cancel each other under one seed would meet under many.
 */
export function hashOfId(low: number, high: number, seed: number): number {
  let mixed = Math.imul(low ^ seed, 0x9e37_79b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15), seed | 1) ^ high;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
