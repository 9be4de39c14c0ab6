/**
 * The connections of an endpoint, by slot and by connection id.
 *
 * A slot is a small number that rows, wheel and queue carry; it is given to another connection only after the first has
 * left. It opens and closes nothing. Called by the endpoint.
 *
 * Invariant: an id leads to a slot exactly as long as the connection in it holds that id.
 */

import type { Connection } from '../connection/connection.js';
import type { Random } from '../ports.js';
import { ConnectionIndex } from './connection-index.js';

export class ConnectionTable {
  readonly #slots: (Connection | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #index: ConnectionIndex;
  readonly #most: number;
  #count = 0;

  /** @param most connections at once */
  constructor(most: number, random: Random) {
    this.#most = most;
    this.#index = ConnectionIndex.seededBy(random);
  }

  get size(): number {
    return this.#count;
  }

  /** There are as many connections as may be. */
  get isFull(): boolean {
    return this.#count >= this.#most;
  }

  /** A free slot, now taken; -1 when there are as many connections as may be. */
  reserve(): number {
    if (this.isFull) return -1;
    this.#count++;
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    this.#slots.push(undefined);
    return this.#slots.length - 1;
  }

  set(slot: number, connection: Connection): void {
    this.#slots[slot] = connection;
  }

  get(slot: number): Connection | undefined {
    return this.#slots[slot];
  }

  /** The slot is free again. Its ids have been removed before. */
  release(slot: number): void {
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    this.#count--;
  }

  addId(id: Uint8Array, slot: number): void {
    this.#index.add(id, slot);
  }

  removeId(id: Uint8Array): void {
    this.#index.remove(id);
  }

  /** The slot of the id that lies at `at`; -1 for none. */
  find(bytes: Uint8Array, at: number): number {
    return this.#index.find(bytes, at);
  }

  *[Symbol.iterator](): IterableIterator<Connection> {
    for (const connection of this.#slots) if (connection !== undefined) yield connection;
  }
}
