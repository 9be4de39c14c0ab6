/**
 * Addresses as objects on one side, as small integers on the other, without building either twice.
 *
 * `addressOf` gives the one frozen object of a peer id; `idOf` gives the id of an address object, an application's
 * or our own. It sends nothing and throws nothing: what is wrong with an address is a code, and the caller says it.
 * Called by `lib/api` and by the transport's driver, for each datagram: both ways are a table look-up when the
 * address was seen before.
 *
 * Invariant: an id is only given out while its generation in the engine's table is the one it was remembered with,
 * so a peer that lost its id is never mistaken for the one that has it now.
 */

import { isIP } from 'node:net';
import { PEER_GENERATION, PEER_INTS } from '../batch/layout.js';
import { NOT_AN_ADDRESS, PEERS_FULL, type Peers, type SocketAddress } from './batch-socket.js';

export { NOT_AN_ADDRESS, PEERS_FULL };
/** `idOf` could not: the port is not an integer from 1 to 65,535. */
export const NOT_A_PORT = -3;
/** `idOf` could not: `family` is there and contradicts `address`. */
export const NOT_THE_FAMILY = -4;
/** `idOf` could not: the value is not an object. */
export const NOT_AN_OBJECT = -5;

/** What an application may give as an address: `family` may be left out. */
export interface AddressLike {
  /** A literal IPv4 or IPv6 address. */
  readonly address: string;
  /** 1 to 65,535. */
  readonly port: number;
  readonly family?: 'IPv4' | 'IPv6' | undefined;
}

interface Remembered {
  readonly id: number;
  readonly generation: number;
  readonly address: string;
  readonly port: number;
  /** The family of `address` as text: IPv6 for `::ffff:192.0.2.1`. */
  readonly family: 'IPv4' | 'IPv6';
}

/** Stands for "none yet": no caller can hold it. */
const NO_OBJECT: SocketAddress = Object.freeze({ address: '', port: 0, family: 'IPv4' });

export class AddressBook {
  /** What `idOf` refused last: what a message about it needs, without reading the caller's object again. */
  rejectedAddress: unknown = undefined;
  rejectedPort: unknown = undefined;
  rejectedFamily: unknown = undefined;

  readonly #peers: Peers;
  readonly #columns: Int32Array;
  /** Peer id -> its frozen object, valid while `#generations` agrees with the engine's column. */
  readonly #objects: (SocketAddress | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #remembered = new WeakMap<object, Remembered>();
  /** The object of ours that was asked for last: runs to one peer cost one comparison. */
  #lastObject = NO_OBJECT;
  #lastObjectId = 0;
  #lastObjectGeneration = 0;
  /** The text that was interned last: a new object for the same address each time costs no new entry. */
  #lastText: Remembered | undefined = undefined;

  /** @param peers the table of one engine; borrowed for as long as the book lives */
  constructor(peers: Peers) {
    this.#peers = peers;
    this.#columns = peers.columns;
  }

  /** The frozen address of a live id: the same object for as long as the id means the same peer. */
  addressOf(id: number): SocketAddress {
    const object = this.#objects[id];
    if (
      object !== undefined &&
      this.#generations[id] === this.#columns[id * PEER_INTS + PEER_GENERATION]
    ) {
      return object;
    }
    return this.#describe(id);
  }

  /**
   * The id of an address object, or one of the codes above. Reads each property of a foreign object once; what an
   * object said before is only used while it still says the same.
   */
  idOf(to: unknown): number {
    if (
      to === this.#lastObject &&
      this.#columns[this.#lastObjectId * PEER_INTS + PEER_GENERATION] === this.#lastObjectGeneration
    ) {
      return this.#lastObjectId;
    }
    if (typeof to !== 'object' || to === null) return NOT_AN_OBJECT;
    const known = this.#remembered.get(to);
    if (known === undefined) return this.#learn(to as AddressLike);
    if (to === this.#objects[known.id]) {
      // One of ours: frozen, so it still says what it said.
      if (!this.#isLive(known)) return this.#learn(to as AddressLike, known);
      this.#lastObject = to as SocketAddress;
      this.#lastObjectId = known.id;
      this.#lastObjectGeneration = known.generation;
      return known.id;
    }
    const address: unknown = (to as AddressLike).address;
    const port: unknown = (to as AddressLike).port;
    // Only now: a getter that sends may have cost this peer its id.
    if (address === known.address && port === known.port && this.#isLive(known)) return known.id;
    return this.#check(to as AddressLike, address, port, known);
  }

  #isLive({ id, generation }: Remembered): boolean {
    return this.#columns[id * PEER_INTS + PEER_GENERATION] === generation;
  }

  #learn(to: AddressLike, known?: Remembered): number {
    return this.#check(to, to.address, to.port, known);
  }

  #check(to: AddressLike, address: unknown, port: unknown, known?: Remembered): number {
    const family: unknown = to.family;
    const last = this.#lastText;
    if (
      last !== undefined &&
      address === last.address &&
      port === last.port &&
      (family === undefined || family === last.family) &&
      this.#isLive(last)
    ) {
      return last.id;
    }
    this.rejectedAddress = address;
    this.rejectedPort = port;
    this.rejectedFamily = family;
    if (typeof address !== 'string') return NOT_AN_ADDRESS;
    if (!isPort(port) && !isHeardPort(port, known)) return NOT_A_PORT;
    const version = isIP(address);
    if (version === 0) return NOT_AN_ADDRESS;
    const textFamily = version === 4 ? 'IPv4' : 'IPv6';
    if (family !== undefined && family !== textFamily) return NOT_THE_FAMILY;
    const id = this.#peers.intern(address, port);
    if (id <= 0) return id;
    const generation = this.#columns[id * PEER_INTS + PEER_GENERATION] as number;
    const remembered = { id, generation, address, port, family: textFamily } as const;
    if (port !== 0) this.#lastText = remembered;
    this.#remembered.set(to, remembered);
    return id;
  }

  #describe(id: number): SocketAddress {
    const { address, port, family } = this.#peers.describe(id);
    const object: SocketAddress = Object.freeze({ address, port, family });
    const generation = this.#columns[id * PEER_INTS + PEER_GENERATION] as number;
    // Filled from the front, so that the arrays stay dense.
    while (this.#objects.length <= id) {
      this.#objects.push(undefined);
      this.#generations.push(0);
    }
    this.#objects[id] = object;
    this.#generations[id] = generation;
    this.#remembered.set(object, { id, generation, address, port, family });
    return object;
  }
}

/** A datagram may come from port 0. Nobody can answer it, which the kernel says of that datagram: no misuse. */
function isHeardPort(port: unknown, known: Remembered | undefined): port is number {
  return port === 0 && known?.port === 0;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535;
}
