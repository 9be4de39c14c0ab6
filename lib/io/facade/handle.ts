/**
 * One socket of `burstwire/dgram` on the addon: opened late, fed one datagram at a time, sending once a tick.
 *
 * It checks no argument and makes no error object: results below 0 are -errno, as of the addon. Called by
 * `lib/api/dgram/socket`. Invariant: after `close` no event comes.
 */

import { COUNTER_PLACES, PEER_INTS, PEER_PINS } from '../../batch/layout.js';
import {
  type Binding,
  BLOCKED_FOR_A_WHILE,
  DGRAM_BROADCAST,
  DGRAM_MULTICAST_LOOPBACK,
  DGRAM_MULTICAST_TTL,
  DGRAM_TTL,
  type NativeDgramSocket,
  READABLE,
  WRITABLE,
} from '../../native/binding.js';
import { Destinations } from './destinations.js';
import { Inbox, sharedReceive } from './inbox.js';
import {
  beginDispatch,
  beginTick,
  flushAll,
  type Message,
  Outbox,
  type Settled,
} from './outbox.js';

export type { Message, Settled } from './outbox.js';

/** Addresses that one socket remembers. A server with more clients describes some of them again. */
const MAX_PEERS = 4096;

/** Wait after ENOBUFS: the socket is writable already, only time helps. */
const WAIT_MS = 1;

/** An errno below 0: the address is none of the socket's family, or every id is taken by datagrams that wait. */
const EINVAL = -22;
const ENOBUFS = -105;
const EMSGSIZE = -90;

/** The most bytes of a datagram (RFC 768), over IPv4 and IPv6. */
const MOST_BYTES_IPV4 = 65507;
const MOST_BYTES_IPV6 = 65527;

/** 'UDP', 'TCP', 'PIPE' or 'UNKNOWN'; undefined when the descriptor is no socket. */
export function socketTypeOf(binding: Binding, fd: number): string | undefined {
  return binding.describeDescriptor(fd);
}

export interface BindFlags {
  readonly ipv6Only: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
}

/** What the socket hears. */
export interface HandleEvents {
  onMessage(message: Buffer, address: string, port: number): void;
  /** An error that an earlier datagram has brought back (ICMP): -errno. */
  onError(errno: number): void;
}

/** Trains in both directions, where the kernel has them and nobody has switched them off. */
export interface Trains {
  readonly gso: boolean;
  readonly gro: boolean;
}

/** An object of its own type: async_hooks shows it. */
class UDPWRAP {}

export class DgramHandle {
  readonly #native: NativeDgramSocket;
  readonly #events: HandleEvents;
  readonly #trains: Trains;
  readonly #columns: Int32Array;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #destinations: Destinations;
  readonly #mostBytes: number;
  /** Held here: the addon only borrows it. */
  readonly #resource = new UDPWRAP();
  #open = true;
  /** A batch is being told. */
  #telling = false;
  /** The peer of a connected socket, pinned; 0 = none. */
  #connectedTo = 0;
  #waiting: NodeJS.Timeout | undefined;

  constructor(binding: Binding, ipv6: boolean, trains: Trains, events: HandleEvents) {
    const columns = new Int32Array((MAX_PEERS + 1) * PEER_INTS);
    const { batch } = sharedReceive();
    this.#columns = columns;
    this.#events = events;
    this.#trains = trains;
    this.#mostBytes = ipv6 ? MOST_BYTES_IPV6 : MOST_BYTES_IPV4;
    this.#native = new binding.DgramSocket({
      ipv6,
      maxPeers: MAX_PEERS,
      counters: new Float64Array(COUNTER_PLACES),
      columns,
      slab: batch.bytes,
      rows: batch.rows,
      resource: this.#resource,
      onBatch: (count) => this.#onBatch(count),
      onDatagram: () => this.#onDatagram(),
      onBatchEnd: () => this.#onBatchEnd(),
      onWritable: () => this.#onWritable(),
      onError: (errno) => events.onError(errno),
    });
    const native = this.#native;
    this.#inbox = new Inbox(binding.gather, columns, (id) => native.describe(id));
    this.#outbox = new Outbox(
      columns,
      (bytes, rows, from, to) => native.send(bytes, rows, from, to),
      () => this.#waitForRoom(),
    );
    this.#destinations = new Destinations(
      columns,
      (address, port) => native.intern(address, port),
      MAX_PEERS,
    );
  }

  get sendQueueCount(): number {
    return this.#outbox.count;
  }

  get sendQueueSize(): number {
    return this.#outbox.byteLength;
  }

  bind(address: string, port: number, flags: BindFlags): number {
    const { gso, gro } = this.#trains;
    const { ipv6Only, reuseAddress, reusePort } = flags;
    return this.#native.bind(address, port, ipv6Only, reuseAddress, reusePort, gso, gro);
  }

  /** Takes over a bound descriptor, or a copy of it. It is read one datagram at a time, since others may read it too. */
  adopt(fd: number, duplicate: boolean): number {
    return this.#native.adopt(fd, duplicate, this.#trains.gso);
  }

  connect(address: string, port: number): number {
    this.#outbox.flush();
    const error = this.#native.connect(address, port);
    if (error < 0) return error;
    const id = this.#destinations.idOf(address, port);
    if (id <= 0) return ENOBUFS;
    this.#connectedTo = id;
    this.#columns[id * PEER_INTS + PEER_PINS]++;
    return 0;
  }

  disconnect(): number {
    this.#outbox.flush();
    const error = this.#native.disconnect();
    if (error < 0) return error;
    this.#columns[this.#connectedTo * PEER_INTS + PEER_PINS]--;
    this.#connectedTo = 0;
    return 0;
  }

  name(remote: boolean): [address: string, port: number] | number {
    return this.#native.name(remote);
  }

  setTtl(value: number): number {
    return this.#native.setOption(DGRAM_TTL, value);
  }

  setMulticastTtl(value: number): number {
    return this.#native.setOption(DGRAM_MULTICAST_TTL, value);
  }

  setMulticastLoopback(on: boolean): number {
    return this.#native.setOption(DGRAM_MULTICAST_LOOPBACK, on ? 1 : 0);
  }

  setBroadcast(on: boolean): number {
    return this.#native.setOption(DGRAM_BROADCAST, on ? 1 : 0);
  }

  setMulticastInterface(address: string): number {
    return this.#native.setMulticastInterface(address);
  }

  setMembership(
    join: boolean,
    group: string,
    via: string | undefined,
    source: string | undefined,
  ): number {
    const { gso, gro } = this.#trains;
    return this.#native.setMembership(join, group, via, source, gso, gro);
  }

  bufferSize(receive: boolean, bytes: number): number {
    return this.#native.bufferSize(receive, bytes);
  }

  /** The id of a destination that was sent to before; else 0. */
  knownDestination(address: string, port: number): number {
    return this.#destinations.known(address, port);
  }

  /** Sends to a literal address. */
  send(
    message: Message,
    byteLength: number,
    address: string,
    port: number,
    settled?: Settled,
  ): void {
    const id = this.#destinations.idOf(address, port);
    if (id > 0) this.sendTo(message, byteLength, id, settled);
    else settled?.(id === -1 ? EINVAL : ENOBUFS, byteLength);
  }

  /** Sends to an id of `knownDestination`. */
  sendTo(message: Message, byteLength: number, id: number, settled?: Settled): void {
    if (byteLength <= this.#mostBytes) this.#outbox.add(message, byteLength, id, false, settled);
    else this.#refuse(byteLength, settled);
  }

  /** Sends to where the socket is connected to. */
  sendConnected(message: Message, byteLength: number, settled?: Settled): void {
    if (byteLength > this.#mostBytes) this.#refuse(byteLength, settled);
    else this.#outbox.add(message, byteLength, this.#connectedTo, true, settled);
  }

  ref(): void {
    this.#native.ref();
  }

  unref(): void {
    this.#native.unref();
  }

  close(): void {
    if (!this.#open) return;
    this.#outbox.close();
    this.#open = false;
    clearTimeout(this.#waiting);
    this.#native.close();
    // The end of a batch is not told to a closed socket: what its listeners have sent elsewhere goes now.
    if (this.#telling) this.#onBatchEnd();
  }

  /** Behind what was sent before, since callbacks come in order. */
  #refuse(byteLength: number, settled: Settled | undefined): void {
    this.#outbox.flush();
    settled?.(EMSGSIZE, byteLength);
  }

  #onBatch(count: number): number {
    this.#telling = true;
    beginDispatch();
    this.#inbox.take(count);
    return count;
  }

  #onDatagram(): void {
    beginTick();
    const inbox = this.#inbox;
    if (inbox.next()) this.#events.onMessage(inbox.message, inbox.address, inbox.port);
  }

  #onBatchEnd(): void {
    this.#telling = false;
    flushAll();
  }

  #onWritable(): void {
    this.#native.listen(READABLE);
    this.#outbox.flush();
  }

  #waitForRoom(): void {
    if (!this.#open || this.#waiting !== undefined) return;
    if (this.#native.blocked() !== BLOCKED_FOR_A_WHILE) {
      this.#native.listen(READABLE | WRITABLE);
      return;
    }
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.#outbox.flush();
    }, WAIT_MS);
  }
}
