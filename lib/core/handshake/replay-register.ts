/**
 * What timestamps each static key has used: an initiation that comes a second time is known.
 *
 * Every initiation of a known-responder pattern carries the initiator's time, higher each time it makes a new one. For
 * each key the last ones are remembered, and below the lowest of a full memory nothing is taken; so several
 * connections of one key may arrive out of order. Bounded in keys and in time: what it forgets can be replayed, which
 * then costs one half-open handshake and makes no connection, because nobody confirms it. Called by inbound.ts.
 *
 * Invariant: while a key is remembered, each of its timestamps is accepted once.
 */

import { mapKey } from './bytes.js';

/** Timestamps remembered of one key: so many connects of one peer may overtake one that is late. */
const DEPTH = 256;

interface Entry {
  readonly timestamps: number[];
  /** Nothing at or below is accepted. */
  floor: number;
  seenUs: number;
}

export interface ReplayRegisterOptions {
  /** Static keys remembered; default 4,096. */
  readonly keys?: number;
  /** How long a silent key is remembered, microseconds; default one hour. */
  readonly keepUs?: number;
}

export class ReplayRegister {
  readonly #keys: number;
  readonly #keepUs: number;
  /** In the order of last use: the first is the one to forget. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: ReplayRegisterOptions = {}) {
    this.#keys = options.keys ?? 4096;
    this.#keepUs = options.keepUs ?? 3_600_000_000;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether `accept` would take it. Changes nothing. */
  isFresh(remoteStatic: Uint8Array, timestampUs: number): boolean {
    const entry = this.#entries.get(mapKey(remoteStatic));
    if (entry === undefined) return true;
    return timestampUs > entry.floor && !entry.timestamps.includes(timestampUs);
  }

  /** Remembers the timestamp; false when it has been used before or is too old to tell. */
  accept(remoteStatic: Uint8Array, timestampUs: number, nowUs: number): boolean {
    const key = mapKey(remoteStatic);
    const entry = this.#entries.get(key) ?? { timestamps: [], floor: -1, seenUs: nowUs };
    if (timestampUs <= entry.floor || entry.timestamps.includes(timestampUs)) return false;
    entry.timestamps.push(timestampUs);
    if (entry.timestamps.length > DEPTH) {
      const lowest = Math.min(...entry.timestamps);
      entry.timestamps.splice(entry.timestamps.indexOf(lowest), 1);
      entry.floor = lowest;
    }
    entry.seenUs = nowUs;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#forget(nowUs);
    return true;
  }

  #forget(nowUs: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#keys && nowUs - entry.seenUs < this.#keepUs) return;
      this.#entries.delete(key);
    }
  }
}
