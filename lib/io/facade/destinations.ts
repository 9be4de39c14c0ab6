/**
 * The peer ids of addresses that an application names as text, without asking the addon twice.
 *
 * Called by `handle`, for each datagram that is sent. Invariant: an id is only given out while its generation is the one
 * that it was remembered with, so a datagram never goes to the address that has taken the id over.
 */

import { PEER_GENERATION, PEER_INTS } from '../../batch/layout.js';

/** Above every id: an entry is generation * ID_SPAN + id, exact in a double. */
const ID_SPAN = 65536;

export class Destinations {
  readonly #columns: Int32Array;
  readonly #intern: (address: string, port: number) => number;
  readonly #most: number;
  readonly #byAddress = new Map<string, Map<number, number>>();
  #size = 0;
  #lastAddress = '';
  #lastPort = 0;
  #lastEntry = 0;

  /** @param most entries; when there are more, all are forgotten: the addon still knows them */
  constructor(
    columns: Int32Array,
    intern: (address: string, port: number) => number,
    most: number,
  ) {
    this.#columns = columns;
    this.#intern = intern;
    this.#most = most;
  }

  /** The id of an address that was interned before and is still the same; else 0. */
  known(address: string, port: number): number {
    if (address === this.#lastAddress && port === this.#lastPort)
      return this.#live(this.#lastEntry);
    const entry = this.#byAddress.get(address)?.get(port) ?? 0;
    const id = this.#live(entry);
    if (id === 0) return 0;
    this.#lastAddress = address;
    this.#lastPort = port;
    this.#lastEntry = entry;
    return id;
  }

  /** The id of a literal address; below 0 when the addon has none, as `NativeDgramSocket.intern`. */
  idOf(address: string, port: number): number {
    const known = this.known(address, port);
    if (known !== 0) return known;
    const id = this.#intern(address, port);
    if (id <= 0) return id;
    if (this.#size >= this.#most) {
      this.#byAddress.clear();
      this.#size = 0;
    }
    let ports = this.#byAddress.get(address);
    if (ports === undefined) {
      ports = new Map();
      this.#byAddress.set(address, ports);
    }
    ports.set(port, this.#generation(id) * ID_SPAN + id);
    this.#size++;
    return id;
  }

  #live(entry: number): number {
    const id = entry % ID_SPAN;
    return id > 0 && this.#generation(id) * ID_SPAN + id === entry ? id : 0;
  }

  /** As a number without a sign, which the entry could not carry. */
  #generation(id: number): number {
    return (this.#columns[id * PEER_INTS + PEER_GENERATION] as number) >>> 0;
  }
}
