/**
 * One of several endpoints behind one port: its connection ids name it, so that whoever steers datagrams finds it.
 *
 * The first byte of an id is the shard; the other seven are chance. Which datagram goes to which socket the kernel
 * decides (native/udp/steering.cc), by the same byte; here is what makes such ids and sees whose an id is. Made by the
 * endpoint. Clauses S1 to S4 of docs/wire-format.md.
 *
 * Invariant: no id of ours names another shard, so no two shards of a group ever give out the same id.
 */

import type { Random } from '../ports.js';

/** Shards that a byte can name. */
export const SHARDS_MAX = 256;

/** Which one of how many: 0 <= index < count <= SHARDS_MAX. */
export interface ShardPlace {
  readonly index: number;
  readonly count: number;
}

export class Shard implements ShardPlace {
  readonly index: number;
  readonly count: number;
  readonly #random: Random;

  /** Throws RangeError for a place that is none. */
  constructor({ index, count }: ShardPlace, random: Random) {
    const isPlace = Number.isInteger(count) && count <= SHARDS_MAX && index < count && index >= 0;
    if (!isPlace || !Number.isInteger(index)) throw new RangeError(`no shard ${index} of ${count}`);
    this.index = index;
    this.count = count;
    this.#random = random;
  }

  /** Fills in a connection id. */
  fillId = (id: Uint8Array): void => {
    this.#random.fill(id);
    id[0] = this.index;
  };

  /** Whether the id that begins at `at` is, or was, one of this shard's. */
  isOurs(bytes: Uint8Array, at: number): boolean {
    return bytes[at] === this.index;
  }

  /** Whether it is one of another shard of the group: the datagram was steered wrongly. */
  isOthers(bytes: Uint8Array, at: number): boolean {
    return bytes[at] !== this.index && bytes[at] < this.count;
  }
}
