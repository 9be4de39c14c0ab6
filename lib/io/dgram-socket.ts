/**
 * The engine for every place where the addon does not run: `node:dgram` behind the interface of the native engine.
 *
 * One datagram is one call. It has no trains, no ECN, and no local address for each datagram: `info` says so. Called
 * by `openSocket` only.
 *
 * Invariants: datagrams wait in a bounded inbox and leave in batches, never inside a `send`; at most
 * IN_FLIGHT_DATAGRAMS and IN_FLIGHT_BYTES are handed to node:dgram without its answer.
 */

import type { RemoteInfo, Socket } from 'node:dgram';
import { constants } from 'node:os';
import {
  COUNT_BYTES_RECEIVED,
  COUNT_BYTES_SENT,
  COUNT_DATAGRAMS_RECEIVED,
  COUNT_DATAGRAMS_SENT,
  COUNT_ERRNO_BASE,
  COUNT_KERNEL_DROPS,
  COUNT_PEER_OVERFLOWS,
  COUNT_RECEIVE_CALLS,
  COUNT_RECEIVE_ERRORS,
  COUNT_SEND_BLOCKED,
  COUNT_SEND_CALLS,
  COUNT_SEND_FAILURES,
  COUNTER_PLACES,
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  REMOTE,
  ROW_SHIFT,
  STATUS,
} from '../batch/layout.js';
import { PacketBatch } from '../batch/packet-batch.js';
import type { BatchSocket, EngineInfo, EngineOptions, SocketAddress } from './batch-socket.js';
import { type BoundDgram, bindDgram } from './dgram-bind.js';
import { DgramInbox, INBOX_DATAGRAMS } from './dgram-inbox.js';
import { DgramPeers } from './dgram-peers.js';
import { byteLengthOf, viewOfPart } from './true-bytes.js';

/** Datagrams handed to node:dgram whose callback is still to come. */
export const IN_FLIGHT_DATAGRAMS = 1024;
export const IN_FLIGHT_BYTES = 4 << 20;
/** The largest payloads that IP can carry (RFC 768 over RFC 791 and RFC 8200). */
const IPV4_PAYLOAD_MAX = 65507;
const IPV6_PAYLOAD_MAX = 65527;
const SLAB_BYTES = 1 << 20;
/** How long `close` waits for datagrams that node:dgram has taken and not yet sent. */
const LINGER_MS = 1000;
const { EINVAL, EMSGSIZE } = constants.errno;

const nothing = (): void => {};

/**
 * Binds an engine over node:dgram.
 *
 * @param reason why this engine and not the native one; becomes part of `info.reason`
 * @returns rejects with node:dgram's system error (EADDRINUSE, EACCES, ...)
 */
export async function openDgramSocket(
  options: EngineOptions,
  reason: string,
): Promise<BatchSocket> {
  const bound = await bindDgram(options);
  return new DgramSocket(bound, options.maxPeers, reason);
}

class DgramSocket implements BatchSocket {
  readonly info: EngineInfo;
  readonly local: SocketAddress;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly peers: DgramPeers;
  readonly counters = new Float64Array(COUNTER_PLACES);
  received: PacketBatch;
  onReadable: () => void = nothing;
  onWritable: () => void = nothing;
  onSendError: (remote: SocketAddress, errno: number) => void = nothing;

  readonly #socket: Socket;
  readonly #inbox = new DgramInbox();
  /** At most half of the ids: sources of one batch never leave the application without an id for a destination. */
  readonly #batchRows: number;
  #delivery: NodeJS.Immediate | undefined = undefined;
  #paused = false;
  #inFlight = 0;
  #inFlightBytes = 0;
  #blocked = false;
  #closing: Promise<void> | undefined = undefined;
  /** `close` waits for this when datagrams are in flight. */
  #onIdle: () => void = nothing;

  constructor(bound: BoundDgram, maxPeers: number, reason: string) {
    const reasons = bound.reason === undefined ? reason : `${reason}; ${bound.reason}`;
    this.info = Object.freeze({
      name: 'dgram',
      gso: false,
      gro: false,
      ecn: false,
      reason: reasons,
    });
    this.local = bound.local;
    this.receiveBufferSize = bound.receiveBufferSize;
    this.sendBufferSize = bound.sendBufferSize;
    this.#batchRows = Math.min(INBOX_DATAGRAMS, maxPeers >> 1);
    this.received = new PacketBatch(SLAB_BYTES, this.#batchRows);
    this.peers = new DgramPeers(bound.reach, maxPeers, this.counters);
    this.#socket = bound.socket;
    this.#socket.on('message', (bytes, remote) => this.#arrived(bytes, remote));
    // A receive error belongs to some datagram of the past and never ends the socket.
    this.#socket.on('error', (error) => this.#countError(COUNT_RECEIVE_ERRORS, error));
  }

  /** Nothing to ask: node:dgram does not tell what the kernel dropped. */
  refreshCounters(): void {}

  receive(): number {
    this.peers.beginReceive();
    if (this.received.bytes.byteLength === 0) {
      // The application transferred the slab away.
      this.received = new PacketBatch(SLAB_BYTES, this.#batchRows);
    }
    const { bytes, rows } = this.received;
    let count = 0;
    let end = 0;
    for (let held = this.#inbox.peek(); held !== undefined; held = this.#inbox.peek()) {
      const size = held.bytes.byteLength;
      if (count === this.#batchRows || end + size > SLAB_BYTES) break;
      this.#inbox.drop();
      const remote = this.peers.internReceived(held.address, held.port);
      if (remote === 0) {
        this.counters[COUNT_PEER_OVERFLOWS]++;
        continue;
      }
      const row = count << ROW_SHIFT;
      bytes.set(held.bytes, end);
      rows[row + OFFSET] = end;
      rows[row + LENGTH] = size;
      rows[row + FLAGS] = 0;
      rows[row + STATUS] = 0;
      rows[row + REMOTE] = remote;
      rows[row + LOCAL] = 0;
      end += size;
      count++;
    }
    this.received.length = count;
    this.counters[COUNT_DATAGRAMS_RECEIVED] += count;
    this.counters[COUNT_BYTES_RECEIVED] += end;
    return count;
  }

  send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number {
    for (let index = from; index < to; index++) {
      const row = index << ROW_SHIFT;
      const payload = viewOfPart(bytes, rows[row + OFFSET], rows[row + LENGTH]);
      if (!this.#sendOne(payload, rows, row)) return this.#stopped(index - from);
    }
    this.peers.endSend();
    return to - from;
  }

  sendViews(payloads: readonly Uint8Array[], rows: Int32Array, from: number, to: number): number {
    for (let index = from; index < to; index++) {
      const row = index << ROW_SHIFT;
      if (!this.#sendOne(payloads[index], rows, row)) return this.#stopped(index - from);
    }
    this.peers.endSend();
    return to - from;
  }

  /** node:dgram knows no trains, so rows are as good. */
  sendSegments(): number {
    return 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  /** False: no room, the row is untouched. */
  #sendOne(payload: Uint8Array, rows: Int32Array, row: number): boolean {
    if (this.#closing !== undefined) return false;
    const size = byteLengthOf(payload);
    const id = rows[row + REMOTE];
    const remote = this.peers.describe(id);
    const refusal = refusalOf(remote, size);
    if (refusal !== 0) {
      rows[row + STATUS] = refusal;
      this.counters[COUNT_SEND_FAILURES]++;
      this.counters[COUNT_ERRNO_BASE + refusal]++;
      return true;
    }
    if (this.#inFlight >= IN_FLIGHT_DATAGRAMS || this.#inFlightBytes + size > IN_FLIGHT_BYTES) {
      return false;
    }
    // node:dgram may keep the bytes past this call; the caller's are only borrowed.
    const copy = Buffer.allocUnsafe(size);
    copy.set(payload);
    this.#inFlight++;
    this.#inFlightBytes += size;
    this.#socket.send(copy, remote.port, this.peers.wireAddress(id), (error) => {
      this.#sent(size, remote, error);
    });
    rows[row + STATUS] = 0;
    this.counters[COUNT_SEND_CALLS]++;
    this.counters[COUNT_DATAGRAMS_SENT]++;
    this.counters[COUNT_BYTES_SENT] += size;
    return true;
  }

  #stopped(settled: number): number {
    this.peers.endSend();
    if (this.#closing === undefined) {
      this.#blocked = true;
      this.counters[COUNT_SEND_BLOCKED]++;
    }
    return settled;
  }

  #sent(size: number, remote: SocketAddress, error: Error | null): void {
    this.#inFlight--;
    this.#inFlightBytes -= size;
    if (this.#inFlight === 0) this.#onIdle();
    const errno = error ? this.#failLate(size, error) : 0;
    if (this.#closing !== undefined) return;
    const half = this.#inFlight * 2 <= IN_FLIGHT_DATAGRAMS;
    const writable = this.#blocked && half && this.#inFlightBytes * 2 <= IN_FLIGHT_BYTES;
    if (writable) this.#blocked = false;
    try {
      if (errno !== 0) this.onSendError(remote, errno);
    } finally {
      if (writable) this.onWritable();
    }
  }

  /** It was counted as sent when node:dgram took it; the kernel did not. Returns its errno. */
  #failLate(size: number, error: NodeJS.ErrnoException): number {
    this.counters[COUNT_DATAGRAMS_SENT]--;
    this.counters[COUNT_BYTES_SENT] -= size;
    return this.#countError(COUNT_SEND_FAILURES, error);
  }

  #arrived(bytes: Uint8Array, remote: RemoteInfo): void {
    if (this.#closing !== undefined) return;
    this.counters[COUNT_RECEIVE_CALLS]++;
    if (!this.#inbox.push({ bytes, address: remote.address, port: remote.port })) {
      this.counters[COUNT_KERNEL_DROPS]++;
      return;
    }
    if (this.#inbox.full && !this.#paused) this.#deliver();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#delivery !== undefined || this.#paused || this.#closing !== undefined) return;
    if (this.#inbox.length > 0) this.#delivery = setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    clearImmediate(this.#delivery);
    this.#delivery = undefined;
    if (this.#paused || this.#closing !== undefined) return;
    try {
      this.onReadable();
    } finally {
      // What the reader left waits for the next turn of the loop, after the timers.
      this.#schedule();
    }
  }

  /** Counts an error in its place and by its errno, which it returns: positive, 1 to 255. */
  #countError(place: number, error: NodeJS.ErrnoException): number {
    const errno = errnoOf(error);
    this.counters[place]++;
    this.counters[COUNT_ERRNO_BASE + errno]++;
    return errno;
  }

  async #finish(): Promise<void> {
    clearImmediate(this.#delivery);
    this.#inbox.clear();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LINGER_MS);
        this.#onIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

/** What the kernel would answer and node:dgram would throw, or say only later: an errno, or 0. */
function refusalOf({ port, family }: SocketAddress, size: number): number {
  // Datagrams come from port 0; none can be sent there.
  if (port === 0) return EINVAL;
  return size > (family === 'IPv4' ? IPV4_PAYLOAD_MAX : IPV6_PAYLOAD_MAX) ? EMSGSIZE : 0;
}

/** The errno of a system error as this system numbers it; EIO when it has none that fits the counters. */
function errnoOf(error: NodeJS.ErrnoException): number {
  const table: Readonly<Record<string, number>> = constants.errno;
  const fits = (errno: number | undefined): errno is number =>
    errno !== undefined && errno >= 1 && errno <= 255;
  const byCode = table[error.code ?? ''];
  if (fits(byCode)) return byCode;
  const negated = error.errno === undefined ? undefined : -error.errno;
  return fits(negated) ? negated : constants.errno.EIO;
}
