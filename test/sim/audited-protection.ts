/**
 * A witness around packet protection: sees every key and every packet of a host, and objects to what must never be.
 *
 * It changes nothing. What it objects to: a packet number that does not rise, a (key, number) that is sealed or
 * accepted twice, a row that the core wants sealed and that cannot be.
 *
 * Invariant: `liveKeys` is the number of slots that were installed and not retired.
 */

import {
  KEY,
  LENGTH,
  PACKET_NUMBER,
  REMOTE,
  ROW_SHIFT,
  STATUS,
  STATUS_KEY_EXHAUSTED,
  STATUS_NO_KEY,
  STATUS_TOO_SHORT,
} from '../../lib/batch/layout.js';
import type { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { Protection, TrafficKey } from '../../lib/core/ports.js';

/** What is remembered of one key slot. */
interface Seen {
  phase: number;
  largestSealed: number;
  /** `number` of packets accepted: one set for all phases, as they share the numbers. */
  readonly accepted: Set<number>;
}

export class AuditedProtection implements Protection {
  readonly name: Protection['name'];
  readonly kernel: string;
  readonly counts: Float64Array;
  liveKeys = 0;
  packetsSealed = 0;
  bytesSealed = 0;
  packetsOpened = 0;
  keyUpdates = 0;
  readonly #inner: Protection;
  readonly #keys = new Map<number, Seen>();
  readonly #object: (what: string) => void;
  readonly #onOpened: (remote: number) => void;

  /** @param object called with what is wrong @param onOpened called with the peer id of each packet that opened */
  constructor(
    inner: Protection,
    object: (what: string) => void,
    onOpened: (remote: number) => void,
  ) {
    this.#inner = inner;
    this.#object = object;
    this.#onOpened = onOpened;
    this.name = inner.name;
    this.kernel = inner.kernel;
    this.counts = inner.counts;
  }

  installKey(key: TrafficKey): number {
    const id = this.#inner.installKey(key);
    if (id < 0) return id;
    if (this.#keys.has(id)) this.#object(`key ${id} was given out twice`);
    this.#keys.set(id, { phase: 0, largestSealed: -1, accepted: new Set() });
    this.liveKeys++;
    return id;
  }

  updateKey(id: number, key: Uint8Array, iv: Uint8Array): boolean {
    const isUpdated = this.#inner.updateKey(id, key, iv);
    const seen = this.#keys.get(id);
    if (isUpdated && seen !== undefined) {
      seen.phase++;
      this.keyUpdates++;
    }
    return isUpdated;
  }

  retirePrevious(id: number): void {
    this.#inner.retirePrevious(id);
  }

  retireKey(id: number): void {
    this.#inner.retireKey(id);
    if (this.#keys.delete(id)) this.liveKeys--;
  }

  seal(batch: PacketBatch, from: number, to: number): number {
    const { rows, doubles } = batch;
    const skipped = countSettled(batch, from, to);
    const sealed = this.#inner.seal(batch, from, to);
    if (sealed + skipped > to - from) this.#object(`seal says ${sealed} of ${to - from} rows`);
    for (let row = from; row < to; row++) {
      const at = row << ROW_SHIFT;
      const status = rows[at + STATUS];
      if (
        status === STATUS_KEY_EXHAUSTED ||
        status === STATUS_NO_KEY ||
        status === STATUS_TOO_SHORT
      ) {
        this.#object(`a row of key ${rows[at + KEY]} could not be sealed: status ${status}`);
      }
      if (status !== 0) continue;
      const seen = this.#keys.get(rows[at + KEY]);
      const number = doubles[(at + PACKET_NUMBER) >> 1];
      if (seen === undefined) continue;
      if (!(number > seen.largestSealed)) {
        this.#object(`packet number ${number} was sealed after ${seen.largestSealed}`);
      }
      seen.largestSealed = number;
      this.packetsSealed++;
      this.bytesSealed += rows[at + LENGTH];
    }
    return sealed;
  }

  open(batch: PacketBatch, from: number, to: number): number {
    const { rows, doubles } = batch;
    const opened = this.#inner.open(batch, from, to);
    for (let row = from; row < to; row++) {
      const at = row << ROW_SHIFT;
      if (rows[at + STATUS] !== 0) continue;
      const seen = this.#keys.get(rows[at + KEY]);
      const number = doubles[(at + PACKET_NUMBER) >> 1];
      if (seen?.accepted.has(number)) this.#object(`packet ${number} was accepted twice`);
      seen?.accepted.add(number);
      this.packetsOpened++;
      this.#onOpened(rows[at + REMOTE]);
    }
    return opened;
  }
}

function countSettled(batch: PacketBatch, from: number, to: number): number {
  let settled = 0;
  for (let row = from; row < to; row++) {
    if (batch.rows[(row << ROW_SHIFT) + STATUS] !== 0) settled++;
  }
  return settled;
}
