/**
 * The key slots of a JavaScript provider: install, update, retire, and the counters of each.
 *
 * It does not touch packets (`row-protection.ts` does, and moves `phase`, `next` and `previous` when one opens with the
 * next key). A slot serves one direction of one connection; its keys follow one another by phase (RFC 9001 section 6).
 *
 * Invariants: an id names at most one live slot, and 0 and negative numbers name none; a slot holds at most two keys;
 * a key that leaves its slot is wiped at once.
 */

import {
  HEADER_KEY_PHASE,
  KEY_COUNT_FORGED,
  KEY_COUNT_LARGEST,
  KEY_COUNT_OPENED,
  KEY_COUNT_SEALED,
  KEY_COUNTS,
  KEY_SLOT_BITS,
} from '../batch/layout.js';
import type { AeadName, TrafficKey } from '../core/ports.js';
import { invalidKey, requireBytes } from './errors.js';
import {
  type CipherSuite,
  type HeaderCipher,
  IV_BYTES,
  KEY_BYTES,
  type PacketCipher,
} from './packet-cipher.js';
import { ReplayWindow } from './replay-window.js';
import { SecretBytes } from './secret.js';

/** The most slots that an id can name. */
export const MAX_KEY_SLOTS = 1 << KEY_SLOT_BITS;
const SLOT_MASK = MAX_KEY_SLOTS - 1;
/** Ids must be positive in an int32: 13 bits are left. Generations go from 1 to this and round again. */
const LAST_GENERATION = (1 << (31 - KEY_SLOT_BITS)) - 1;

/** One key of a phase. */
export interface PhaseKey {
  readonly cipher: PacketCipher;
  readonly iv: SecretBytes;
}

/** One direction of a connection. */
export interface KeySlot {
  readonly aead: AeadName;
  readonly sealing: boolean;
  readonly header: HeaderCipher;
  /** Opening slots only. */
  readonly window: ReplayWindow | undefined;
  /** Where the counters of the slot begin. */
  readonly counts: number;
  /** The phase bit of `current`: 0 or HEADER_KEY_PHASE. */
  phase: number;
  current: PhaseKey;
  /** Opening: waits for the peer's first packet of the other phase. */
  next: PhaseKey | undefined;
  /** Opening: of the phase before, for late packets. */
  previous: PhaseKey | undefined;
}

export class KeyTable {
  readonly counts: Float64Array;
  readonly #suite: CipherSuite;
  readonly #slots: (KeySlot | undefined)[] = [];
  readonly #generations: number[] = [];
  /** In the order they were freed: a generation comes back as late as it can. */
  readonly #free: number[] = [];
  readonly #maxSlots: number;

  /** @param maxSlots 1 to MAX_KEY_SLOTS; the memory of a counter is touched only once its slot is used */
  constructor(suite: CipherSuite, maxSlots: number) {
    this.#suite = suite;
    this.#maxSlots = maxSlots;
    this.counts = new Float64Array(maxSlots * KEY_COUNTS);
  }

  /** See `Protection.installKey`. @throws TypeError ERR_INVALID_KEY */
  install(key: TrafficKey): number {
    checkTrafficKey(key);
    const index = this.#free.shift() ?? this.#slots.length;
    if (index >= this.#maxSlots) return -1;
    const sealing = key.direction === 'seal';
    this.#slots[index] = {
      aead: key.aead,
      sealing,
      header: this.#suite.headerCipher(key.aead, key.headerKey),
      window: sealing ? undefined : new ReplayWindow(),
      counts: index * KEY_COUNTS,
      phase: 0,
      current: this.#phaseKey(key.aead, key.key, key.iv),
      next: undefined,
      previous: undefined,
    };
    const generation = ((this.#generations[index] ?? 0) % LAST_GENERATION) + 1;
    this.#generations[index] = generation;
    this.#clearCounts(index * KEY_COUNTS);
    return (generation << KEY_SLOT_BITS) | index;
  }

  /** The live slot of an id; undefined for every other number. */
  find(id: number): KeySlot | undefined {
    if (id <= 0) return undefined;
    const index = id & SLOT_MASK;
    return this.#generations[index] === id >>> KEY_SLOT_BITS ? this.#slots[index] : undefined;
  }

  /** See `Protection.updateKey`. @throws TypeError ERR_INVALID_KEY */
  update(id: number, key: Uint8Array, iv: Uint8Array): boolean {
    const slot = this.find(id);
    if (slot === undefined) return false;
    requireBytes('key', key, KEY_BYTES[slot.aead]);
    requireBytes('iv', iv, IV_BYTES);
    if (!slot.sealing) {
      if (slot.next !== undefined || slot.previous !== undefined) return false;
      slot.next = this.#phaseKey(slot.aead, key, iv);
      return true;
    }
    wipe(slot.current);
    slot.current = this.#phaseKey(slot.aead, key, iv);
    slot.phase ^= HEADER_KEY_PHASE;
    this.counts[slot.counts + KEY_COUNT_SEALED] = 0;
    return true;
  }

  /** See `Protection.retirePrevious`. */
  retirePrevious(id: number): void {
    const slot = this.find(id);
    if (slot?.previous === undefined) return;
    wipe(slot.previous);
    slot.previous = undefined;
  }

  /** See `Protection.retireKey`. */
  retire(id: number): void {
    const slot = this.find(id);
    if (slot === undefined) return;
    wipe(slot.current);
    if (slot.next !== undefined) wipe(slot.next);
    if (slot.previous !== undefined) wipe(slot.previous);
    slot.header.wipe();
    const index = id & SLOT_MASK;
    this.#slots[index] = undefined;
    this.#free.push(index);
  }

  #phaseKey(aead: AeadName, key: Uint8Array, iv: Uint8Array): PhaseKey {
    return { cipher: this.#suite.packetCipher(aead, key), iv: SecretBytes.copyOf(iv) };
  }

  #clearCounts(at: number): void {
    this.counts[at + KEY_COUNT_SEALED] = 0;
    this.counts[at + KEY_COUNT_OPENED] = 0;
    this.counts[at + KEY_COUNT_FORGED] = 0;
    this.counts[at + KEY_COUNT_LARGEST] = -1;
  }
}

function wipe(key: PhaseKey): void {
  key.cipher.wipe();
  key.iv.wipe();
}

/** Throws ERR_INVALID_KEY unless names and sizes are right. Every provider installs by the same rules. */
export function checkTrafficKey(key: TrafficKey): void {
  if (!Object.hasOwn(KEY_BYTES, key.aead)) {
    throw invalidKey('aead', `one of ${Object.keys(KEY_BYTES).join(', ')}`, key.aead);
  }
  if (key.direction !== 'seal' && key.direction !== 'open') {
    throw invalidKey('direction', "'seal' or 'open'", key.direction);
  }
  requireBytes('key', key.key, KEY_BYTES[key.aead]);
  requireBytes('iv', key.iv, IV_BYTES);
  requireBytes('headerKey', key.headerKey, KEY_BYTES[key.aead]);
}
