/**
 * The peer table of the dgram engine: addresses as small integers, in a table of bounded size.
 *
 * The native engine has its own in C++; this one keeps to the same rules. It sends and receives nothing. Called by
 * `dgram-socket` for each datagram and by `AddressBook` for each new address object.
 *
 * Invariant: an id means one address as long as its generation stays. It is not given away while it is pinned, nor
 * in the receive that reported it, nor between `intern` and the end of the next send unless every other id is held.
 */

import { isIP, SocketAddress as NodeSocketAddress } from 'node:net';
import { COUNT_PEER_EVICTIONS, PEER_GENERATION, PEER_INTS, PEER_PINS } from '../batch/layout.js';
import { NOT_AN_ADDRESS, PEERS_FULL, type Peers, type SocketAddress } from './batch-socket.js';

/** Which addresses a socket can name. `dual`: IPv6 that also speaks IPv4, as `::ffff:a.b.c.d`. */
export type Reach = 'IPv4' | 'IPv6' | 'dual';

interface Peer {
  readonly key: string;
  readonly address: SocketAddress;
  /** The address as the socket's own family writes it. */
  readonly wireAddress: string;
}

const MAPPED_PREFIX = '::ffff:';

export class DgramPeers implements Peers {
  readonly columns: Int32Array;
  readonly #reach: Reach;
  readonly #capacity: number;
  readonly #counters: Float64Array;
  readonly #idOfKey = new Map<string, number>();
  /** By id; place 0 stays empty. */
  readonly #peers: (Peer | undefined)[] = [undefined];
  /** By id: the receive, and the send, before whose end the id must stay. */
  readonly #receivedEpoch: number[] = [0];
  readonly #internedEpoch: number[] = [0];
  /** By id: used since the clock hand passed. */
  readonly #used: boolean[] = [false];
  #receiveEpoch = 1;
  #sendEpoch = 1;
  #hand = 0;

  constructor(reach: Reach, capacity: number, counters: Float64Array) {
    this.#reach = reach;
    this.#capacity = capacity;
    this.#counters = counters;
    this.columns = new Int32Array((capacity + 1) * PEER_INTS);
  }

  intern(address: string, port: number): number {
    const canonical = canonicalAddress(address);
    if (canonical === undefined || !this.#reaches(canonical.family)) return NOT_AN_ADDRESS;
    let id = this.#idOf(canonical.address, canonical.family, port);
    if (id === 0) {
      // Names for a send that never came (a batch that was cleared, a call that threw) give way.
      this.endSend();
      id = this.#idOf(canonical.address, canonical.family, port);
    }
    if (id === 0) return PEERS_FULL;
    this.#internedEpoch[id] = this.#sendEpoch;
    return id;
  }

  /** The id of a datagram's source as node:dgram writes it, or 0 when every id is held. */
  internReceived(address: string, port: number): number {
    const mapped = address.startsWith(MAPPED_PREFIX) && address.includes('.');
    const text = mapped ? address.slice(MAPPED_PREFIX.length) : address;
    const id = this.#idOf(text, text.includes(':') ? 'IPv6' : 'IPv4', port);
    if (id !== 0) this.#receivedEpoch[id] = this.#receiveEpoch;
    return id;
  }

  describe(id: number): SocketAddress {
    return this.#peer(id).address;
  }

  /** The address to hand to node:dgram. */
  wireAddress(id: number): string {
    return this.#peer(id).wireAddress;
  }

  /** A receive begins: ids of the one before may be given away. */
  beginReceive(): void {
    this.#receiveEpoch++;
    // No receive comes between a name and its send: what is named now has no send to come.
    this.endSend();
  }

  /** A send is over: ids named for it may be given away. */
  endSend(): void {
    this.#sendEpoch++;
  }

  #peer(id: number): Peer {
    const peer = this.#peers[id];
    if (peer === undefined) throw new RangeError(`no peer has the id ${id}`);
    return peer;
  }

  #reaches(family: 'IPv4' | 'IPv6'): boolean {
    return this.#reach === 'dual' || this.#reach === family;
  }

  #idOf(address: string, family: 'IPv4' | 'IPv6', port: number): number {
    const key = `${address}|${port}`;
    const known = this.#idOfKey.get(key);
    if (known !== undefined) {
      this.#used[known] = true;
      return known;
    }
    const id = this.#peers.length <= this.#capacity ? this.#peers.length : this.#evict();
    if (id === 0) return 0;
    const mapped = this.#reach === 'dual' && family === 'IPv4';
    this.#peers[id] = {
      key,
      address: Object.freeze({ address, port, family }),
      wireAddress: mapped ? MAPPED_PREFIX + address : address,
    };
    this.#idOfKey.set(key, id);
    this.#receivedEpoch[id] = 0;
    this.#internedEpoch[id] = 0;
    // Unused until it is heard of again: a source that speaks once leaves before one that talks.
    this.#used[id] = false;
    return id;
  }

  /** Takes an id from an address that was silent since the hand passed last; 0 when every id is held. */
  #evict(): number {
    for (let step = 0; step < 2 * this.#capacity; step++) {
      this.#hand = this.#hand === this.#capacity ? 1 : this.#hand + 1;
      const id = this.#hand;
      const column = id * PEER_INTS;
      if (this.columns[column + PEER_PINS] > 0) continue;
      if (this.#receivedEpoch[id] === this.#receiveEpoch) continue;
      if (this.#internedEpoch[id] === this.#sendEpoch) continue;
      if (this.#used[id] === true) {
        this.#used[id] = false;
        continue;
      }
      this.#idOfKey.delete(this.#peer(id).key);
      this.columns[column + PEER_GENERATION]++;
      this.#counters[COUNT_PEER_EVICTIONS]++;
      return id;
    }
    return 0;
  }
}

interface CanonicalAddress {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
}

/**
 * One text for each address: IPv6 in its shortest form (RFC 5952), IPv4 in IPv6 as IPv4, a scope kept as it is.
 * Undefined for anything but a literal.
 */
export function canonicalAddress(text: string): CanonicalAddress | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return { address: text, family: 'IPv4' };
  const percent = text.indexOf('%');
  const scope = percent < 0 ? '' : text.slice(percent);
  const bare = percent < 0 ? text : text.slice(0, percent);
  const { address } = new NodeSocketAddress({ address: bare, family: 'ipv6' });
  if (address.startsWith(MAPPED_PREFIX) && address.includes('.')) {
    return { address: address.slice(MAPPED_PREFIX.length), family: 'IPv4' };
  }
  return { address: address + scope, family: 'IPv6' };
}
