/**
 * What every socket engine offers: batches in, batches out, peers as small integers.
 *
 * This file holds types only. `native-socket` (the C++ addon) and `dgram-socket` (node:dgram) implement them;
 * `lib/api/udp-socket` and the transport's driver use them and cannot tell the two apart but by `info`.
 *
 * Invariants that every engine keeps:
 * - `receive` and `send` never throw for what the network or the kernel does.
 * - No application code runs inside `receive`, `send` or `sendViews`.
 * - A row is settled exactly once: taken by the kernel (STATUS 0) or failed (STATUS = errno). Rows behind the
 *   settled ones are untouched and still the caller's.
 */

import type { PacketBatch } from '../batch/packet-batch.js';

/** An IP address and a UDP port. `address` is a literal; a link-local one carries its scope (`fe80::1%eth0`). */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
  readonly family: 'IPv4' | 'IPv6';
}

/** Which engine runs, with what, and why not with more. */
export interface EngineInfo {
  readonly name: 'native' | 'dgram';
  /** Trains are sent with UDP_SEGMENT. */
  readonly gso: boolean;
  /** Trains are received with UDP_GRO. */
  readonly gro: boolean;
  /** ECN marks are read and written. */
  readonly ecn: boolean;
  /** Why the engine, or one of the three above, is less than was asked for. */
  readonly reason?: string;
}

/** Every option of an engine, already validated. Buffer sizes in bytes. */
export interface EngineOptions {
  /** A literal IPv4 or IPv6 address of this machine. */
  readonly address: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  readonly reusePort: boolean;
  /** Take this bound socket of a group over (socket-group) instead of binding one; native only. */
  readonly adoptedFd?: number | undefined;
  readonly gso: boolean;
  readonly gro: boolean;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  /** Addresses remembered at once; the longest silent one gives way. */
  readonly maxPeers: number;
}

/** `intern` could not: the text is not a literal address that this socket can reach. */
export const NOT_AN_ADDRESS = -1;
/** `intern` could not: every id is pinned. */
export const PEERS_FULL = -2;

/** Addresses as small integers, in a table of bounded size. */
export interface Peers {
  /**
   * Generation and pins of each id, `PEER_INTS` places apart (see layout). An id means the same address as long as
   * its generation is the same; it is not given to another while its pins are above 0, nor before the next `receive`.
   */
  readonly columns: Int32Array;
  /** The id (1 or more) of a literal address and a port, or NOT_AN_ADDRESS, or PEERS_FULL. */
  intern(address: string, port: number): number;
  /** The address behind a live id. Builds strings: cold path only. */
  describe(id: number): SocketAddress;
}

export interface BatchSocket {
  readonly info: EngineInfo;
  /** The bound address. */
  readonly local: SocketAddress;
  /** Sizes in bytes that the kernel really gave, without its bookkeeping factor of 2. */
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly peers: Peers;
  /** See COUNT_* in the layout. Written by the engine, read by anyone. */
  readonly counters: Float64Array;
  /** Asks the kernel for what it only tells when asked: drops since the last datagram. One system call; cold path. */
  refreshCounters(): void;
  /** What `receive` filled last: borrowed until the next `receive`. A new object after the old one was detached. */
  readonly received: PacketBatch;

  /** Called when `receive` may return datagrams. Exceptions thrown in it reach 'uncaughtException'. */
  onReadable: () => void;
  /** Called once after a short `send`: there may be room again. */
  onWritable: () => void;
  /**
   * Called when a datagram that `send` had already settled as taken fails after all. The native engine never does
   * that; `node:dgram` reports every error only later. `errno` is positive.
   */
  onSendError: (remote: SocketAddress, errno: number) => void;

  /** Fills `received` from row 0 on; returns the number of rows, 0 when there is nothing now. One system call. */
  receive(): number;
  /**
   * Sends rows `from` to `to` (exclusive) of one slab. Returns how many rows, counted from `from`, are settled; fewer
   * than given: the kernel has no room, and `onWritable` follows.
   */
  send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number;
  /** The same with the bytes of row i in `payloads[i]`; OFFSET and LENGTH are not read. Borrows until return. */
  sendViews(payloads: readonly Uint8Array[], rows: Int32Array, from: number, to: number): number;

  /**
   * Sends the first `byteLength` of one buffer, cut into datagrams of `segmentSize` bytes, as far as it goes without trouble: no row is filled
   * for what is sent. Returns how many datagrams were; the caller goes on from there with `send`. 0 is always right.
   */
  sendSegments(
    bytes: Uint8Array,
    byteLength: number,
    segmentSize: number,
    remote: number,
    source: number,
    ecn: number,
  ): number;

  /** Stops and resumes reading; while paused the kernel's buffer fills and then drops. */
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  /** Idempotent; may be called inside any callback. Resolves when the descriptor is closed. */
  close(): Promise<void>;
}
