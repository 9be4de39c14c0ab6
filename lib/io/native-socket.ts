/**
 * The native engine: the addon's UdpSocket as a BatchSocket.
 *
 * It holds the memory (slab, rows, columns, counters), turns readiness into calls, and waits where the kernel asks
 * for patience. It neither parses addresses nor reads errno: the addon does. Called by `open-socket`.
 *
 * Invariant: the descriptor is watched for reading unless paused, and for writing only after a short send.
 */

import { getSystemErrorName } from 'node:util';
import {
  COUNT_PEER_OVERFLOWS,
  COUNTER_PLACES,
  PEER_INTS,
  RECEIVE_MESSAGES,
  RECEIVE_ROWS,
  RECEIVE_STRIDE,
} from '../batch/layout.js';
import { PacketBatch } from '../batch/packet-batch.js';
import {
  type Binding,
  BLOCKED_FOR_A_WHILE,
  type NativeUdpSocket,
  READABLE,
  type UdpSocketOptions,
  WRITABLE,
} from '../native/binding.js';
import {
  type BatchSocket,
  type EngineInfo,
  type EngineOptions,
  PEERS_FULL,
  type Peers,
  type SocketAddress,
} from './batch-socket.js';

/** ESTALE: the receive slab was transferred away by the application. */
const SLAB_GONE = -116;

/** First wait after ENOBUFS or ENOMEM, doubled up to the last while it goes on. */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 64;

/** The longest that a timer of Node can wait (2^31 - 1 ms). */
const FOREVER_MS = 0x7fffffff;

const NO_ROWS = new Int32Array(0);

/**
 * What all sockets of this thread receive into: a batch is borrowed until its turn ends, and no turn begins inside
 * another. One slab stays in the cache; one for each socket (4 MiB) does not.
 */
let shared: PacketBatch | undefined;

/** The shared batch; another one when an application has transferred its memory away. */
function sharedBatch(): PacketBatch {
  if (shared === undefined || shared.bytes.byteLength === 0 || shared.rows.length === 0) {
    shared = new PacketBatch(RECEIVE_MESSAGES * RECEIVE_STRIDE, RECEIVE_ROWS);
  }
  return shared;
}

/**
 * Opens and binds a socket on the addon.
 *
 * Throws what the kernel said, in Node's shape: `code`, `errno`, `syscall`, `address`, `port`.
 */
export function openNativeSocket(binding: Binding, options: EngineOptions): BatchSocket {
  return new NativeSocket(binding, options);
}

class NativeSocket implements BatchSocket {
  readonly info: EngineInfo;
  readonly local: SocketAddress;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  readonly peers: NativePeers;
  readonly counters = new Float64Array(COUNTER_PLACES);
  received: PacketBatch;
  onReadable: () => void = nothing;
  onWritable: () => void = nothing;
  onSendError: (remote: SocketAddress, errno: number) => void = nothing;

  readonly #handle: NativeUdpSocket;
  #events = READABLE;
  #waitMs = FIRST_WAIT_MS;
  #overflows = 0;
  #waiting: NodeJS.Timeout | undefined;
  /** Holds the process while nothing is watched: a descriptor that nobody waits for does not. */
  readonly #keepAlive: NodeJS.Timeout;
  #referenced = true;
  #open = true;

  constructor(binding: Binding, options: EngineOptions) {
    const columns = new Int32Array((options.maxPeers + 1) * PEER_INTS);
    this.#handle = openHandle(binding, options, this.counters, columns);
    const { gso, gro, ecn, address, port, family, ...rest } = this.#handle.info();
    const reason = missing(options, gso, gro, ecn);
    this.info = { name: 'native', gso, gro, ecn, ...(reason === undefined ? {} : { reason }) };
    this.local = Object.freeze({ address, port, family });
    this.receiveBufferSize = rest.receiveBufferSize;
    this.sendBufferSize = rest.sendBufferSize;
    this.peers = new NativePeers(this.#handle, columns);
    this.received = this.#attach();
    this.#handle.start((events) => this.#onEvents(events));
    this.#handle.listen(this.#events);
    // Last: it must not outlive a constructor that throws.
    this.#keepAlive = setInterval(nothing, FOREVER_MS);
  }

  receive(): number {
    let count = this.#handle.receive();
    if (count === SLAB_GONE) {
      this.received = this.#attach();
      count = this.#handle.receive();
    }
    this.received.length = count > 0 ? count : 0;
    if (this.counters[COUNT_PEER_OVERFLOWS] !== this.#overflows) {
      this.#overflows = this.counters[COUNT_PEER_OVERFLOWS];
      this.peers.forgetNames();
    }
    return this.received.length;
  }

  send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number {
    return this.#settle(this.#handle.send(bytes, rows, from, to), to - from);
  }

  sendViews(payloads: readonly Uint8Array[], rows: Int32Array, from: number, to: number): number {
    return this.#settle(this.#handle.sendViews(payloads, rows, from, to), to - from);
  }

  sendSegments(
    bytes: Uint8Array,
    byteLength: number,
    segmentSize: number,
    remote: number,
    source: number,
    ecn: number,
  ): number {
    return this.#handle.sendSegments(bytes, byteLength, segmentSize, remote, source, ecn);
  }

  refreshCounters(): void {
    if (this.#open) this.#handle.refreshDrops();
  }

  pause(): void {
    this.#listen(this.#events & ~READABLE);
  }

  resume(): void {
    this.#listen(this.#events | READABLE);
  }

  ref(): void {
    this.#referenced = true;
    this.#waiting?.ref();
    this.#keepAlive.ref();
    this.#handle.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#waiting?.unref();
    this.#keepAlive.unref();
    this.#handle.unref();
  }

  close(): Promise<void> {
    if (this.#open) {
      this.#open = false;
      clearTimeout(this.#waiting);
      clearInterval(this.#keepAlive);
      this.#handle.close();
    }
    return Promise.resolve();
  }

  #attach(): PacketBatch {
    const batch = sharedBatch();
    this.#handle.attach(batch.bytes, batch.rows);
    return batch;
  }

  #listen(events: number): void {
    this.#events = events;
    if (this.#open) this.#handle.listen(events);
  }

  #onEvents(events: number): void {
    // Room first: an answer that was held back should not wait for a full batch of new questions.
    if ((events & WRITABLE) !== 0 && (this.#events & WRITABLE) !== 0) {
      this.#listen(this.#events & ~WRITABLE);
      this.onWritable();
    }
    if ((events & READABLE) !== 0 && (this.#events & READABLE) !== 0 && this.#open) {
      this.onReadable();
    }
  }

  /** Waits when a send stopped early; a whole one ends the patience of the ones before. Returns `settled`. */
  #settle(settled: number, given: number): number {
    if (settled < given) this.#waitForRoom();
    else this.#waitMs = FIRST_WAIT_MS;
    return settled;
  }

  #waitForRoom(): void {
    if (!this.#open) return;
    if (this.#handle.blocked() !== BLOCKED_FOR_A_WHILE) {
      this.#listen(this.#events | WRITABLE);
      return;
    }
    if (this.#waiting !== undefined) return;
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.onWritable();
    }, this.#waitMs);
    if (!this.#referenced) this.#waiting.unref();
    this.#waitMs = Math.min(this.#waitMs * 2, LAST_WAIT_MS);
  }
}

class NativePeers implements Peers {
  readonly columns: Int32Array;
  readonly #handle: NativeUdpSocket;

  constructor(handle: NativeUdpSocket, columns: Int32Array) {
    this.#handle = handle;
    this.columns = columns;
  }

  intern(address: string, port: number): number {
    const id = this.#handle.intern(address, port);
    if (id !== PEERS_FULL) return id;
    this.forgetNames();
    return this.#handle.intern(address, port);
  }

  /**
   * Ids that were named for a send that never came (a batch that was cleared, a call that threw) are held until the
   * end of the next send: this is one, of nothing.
   */
  forgetNames(): void {
    this.#handle.sendViews([], NO_ROWS, 0, 0);
  }

  describe(id: number): SocketAddress {
    const peer = this.#handle.describe(id);
    if (peer === undefined) throw new RangeError(`no peer has the id ${id}`);
    const [address, port, family] = peer;
    return { address, port, family };
  }
}

function nothing(): void {}

/** Why less than what was asked for runs; undefined when all of it does. */
function missing(
  options: EngineOptions,
  gso: boolean,
  gro: boolean,
  ecn: boolean,
): string | undefined {
  const reasons = [];
  if (options.gso && !gso) reasons.push('this kernel refuses UDP_SEGMENT');
  if (options.gro && !gro) reasons.push('this kernel refuses UDP_GRO');
  if (!ecn) reasons.push('this kernel refuses IP_RECVTOS or IPV6_RECVTCLASS');
  return reasons.length > 0 ? reasons.join('; ') : undefined;
}

/** The addon's socket alone, not read yet. Throws as `openNativeSocket`. */
export function openHandle(
  binding: Binding,
  options: EngineOptions & UdpSocketOptions,
  counters: Float64Array,
  columns: Int32Array,
): NativeUdpSocket {
  try {
    return new binding.UdpSocket(options, counters, columns);
  } catch (error) {
    throw describeError(error, options);
  }
}

/** `bind EADDRINUSE 127.0.0.1:53`, as Node itself says it. */
function describeError(error: unknown, { address, port }: EngineOptions): unknown {
  if (!(error instanceof Error) || !('errno' in error) || !('syscall' in error)) return error;
  const errno = Number(error.errno);
  const code = getSystemErrorName(errno);
  const described = new Error(`${String(error.syscall)} ${code} ${address}:${port}`);
  return Object.assign(described, { code, errno, syscall: error.syscall, address, port });
}
