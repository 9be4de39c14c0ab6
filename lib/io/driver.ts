/**
 * The turn: receive, handle, dispatch, transmit, send, arm. All work of an endpoint happens in one.
 *
 * It joins a socket engine to the core's endpoint, gives it time, and calls the application; it knows no frame and no
 * connection. Opened by `lib/api/endpoint`.
 *
 * Invariants: the socket is read before timers run, so an event loop that was blocked fires no false probe timeout;
 * application code runs only in `dispatch`, and not after `close`; one turn receives for at most RECEIVE_US and sends at
 * most SEND_BATCHES, then the event loop goes on; at most one timer and one immediate wait.
 */

import { COUNT_SEND_FAILURES, PEER_INTS, PEER_PINS, ROW_SHIFT, STATUS } from '../batch/layout.js';
import { PacketBatch } from '../batch/packet-batch.js';
import type { Endpoint } from '../core/endpoint/endpoint.js';
import type { Addresses } from '../core/ports.js';
import { addressBytes } from './address-bytes.js';
import type { BatchSocket } from './batch-socket.js';
import { nowUs } from './clock.js';

/** A batch to send: four datagrams of 65,507 bytes, or five trains. */
const SLAB_BYTES = 256 << 10;
const SLAB_ROWS = 1024;
/**
 * How long one turn goes on receiving while the socket is full. What it brings is acknowledged together: each ACK wakes
 * the peer, which can cost more than all the packets that it is for.
 */
const RECEIVE_US = 1000;
/** Batches that one turn sends before the event loop goes on. */
const SEND_BATCHES = 2;
/**
 * After a turn that moved that many datagrams, the event loop is kept from sleeping for SPIN_US: in bulk the next batch is
 * a few microseconds away, and waking a process that sleeps costs its peer more than a train does.
 */
const SPIN_DATAGRAMS = 64;
const SPIN_US = 100;
/** An armed timer that is late by more than that: the event loop was blocked. */
const STALL_US = 10_000;
/** Node's longest timer. */
const FOREVER_MS = 0x7fffffff;

/**
 * Called with each event of the core: see core/event-ring. What it throws surfaces as an uncaught exception after the
 * turn, which goes on.
 */
export type Dispatch = (kind: number, owner: unknown, subject: unknown, value: number) => void;

/** The core's view of the socket's peer table. */
export function addressesOf(socket: BatchSocket): Addresses {
  const { columns } = socket.peers;
  return {
    sourceOf(peer) {
      const { address, port } = socket.peers.describe(peer);
      return { address: addressBytes(address), port, peer };
    },
    pin(peer) {
      columns[peer * PEER_INTS + PEER_PINS]++;
    },
    unpin(peer) {
      columns[peer * PEER_INTS + PEER_PINS]--;
    },
  };
}

export class Driver {
  readonly endpoint: Endpoint;
  readonly #socket: BatchSocket;
  readonly #batch = new PacketBatch(SLAB_BYTES, SLAB_ROWS);
  #dispatch: Dispatch = ignore;
  /** First row of the batch that the socket has not taken. */
  #unsent = 0;
  #isBlocked = false;
  #isInTurn = false;
  #isOpen = true;
  #closed: Promise<void> | undefined = undefined;
  /** The event loop was blocked, and what has arrived meanwhile is not read yet. */
  #isStalled = false;
  #sendFailures = 0;
  #isWoken = false;
  /** Datagrams that this turn has moved, and until when the event loop may not sleep for them. */
  #moved = 0;
  #spinUntilUs = 0;
  #immediate: NodeJS.Immediate | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #armedUs = Number.POSITIVE_INFINITY;
  #isReferenced = true;
  /** Turns in which something waited for longer than STALL_US. */
  stalls = 0;

  constructor(socket: BatchSocket, endpoint: Endpoint) {
    this.#socket = socket;
    this.endpoint = endpoint;
    socket.onReadable = () => this.#onReadable();
    socket.onWritable = () => this.#onWritable();
  }

  /** Events go to `dispatch` from now on. */
  start(dispatch: Dispatch): void {
    this.#dispatch = dispatch;
    this.#socket.resume();
  }

  /** Something was written, opened or closed: a turn follows in this tick, once. Free inside a turn. */
  wake(): void {
    if (this.#isInTurn || this.#isWoken || !this.#isOpen) return;
    this.#isWoken = true;
    process.nextTick(this.#onWoken);
  }

  ref(): void {
    this.#isReferenced = true;
    this.#timer?.ref();
    this.#immediate?.ref();
    this.#socket.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#timer?.unref();
    if (this.#immediate !== undefined) holdNothing(this.#immediate);
    this.#socket.unref();
  }

  /**
   * Sends what is left to send (the closes of connections), as far as the socket takes it now, and closes the socket.
   * Handshakes of peers that wait get no answer. May be called inside an event; no event follows.
   */
  close(): Promise<void> {
    if (this.#closed === undefined) {
      this.#isOpen = false;
      clearTimeout(this.#timer);
      clearImmediate(this.#immediate);
      // Each would cost its key agreements, a thousand of them at once.
      this.endpoint.dropWaiting();
      const now = nowUs();
      while (this.#sendBatch(now));
      this.#closed = this.#socket.close();
    }
    return this.#closed;
  }

  readonly #onWoken = (): void => {
    this.#isWoken = false;
    this.#turn(false, false);
  };

  readonly #onImmediate = (): void => {
    this.#immediate = undefined;
    const now = nowUs();
    if (this.endpoint.hasWork || this.endpoint.deadlineUs <= now) this.#turn(false, true);
    else this.#arm(now);
  };

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#noteStall(nowUs());
    this.#armedUs = Number.POSITIVE_INFINITY;
    // What has arrived while the event loop was busy comes first: it may be what the timer waits for. Timers run before
    // the loop looks at sockets, immediates after that.
    this.#setImmediate();
  };

  #onReadable(): void {
    this.#turn(true, true);
  }

  #onWritable(): void {
    this.#isBlocked = false;
    this.#turn(false, false);
  }

  /** `isDrained`: whatever has arrived is read before this, or in this turn, so timers may run. */
  #turn(isReadable: boolean, isDrained: boolean): void {
    if (this.#isInTurn || !this.#isOpen) return;
    this.#isInTurn = true;
    this.#moved = 0;
    const now = nowUs();
    this.#noteStall(now);
    try {
      if (isReadable) this.#receive(now);
      if (isDrained) this.#runTimers(now);
      this.#dispatchEvents();
      this.#send(now);
      this.endpoint.endTurn();
    } finally {
      this.#isInTurn = false;
      // Also when the socket has thrown: then its exception surfaces, and the next turn comes all the same.
      if (this.#moved >= SPIN_DATAGRAMS) this.#spinUntilUs = nowUs() + SPIN_US;
      this.#arm(now);
    }
  }

  #receive(now: number): void {
    const until = now + RECEIVE_US;
    // The second look costs no system call where the first has emptied the socket: the engine knows.
    for (let at = now; this.#isOpen && at < until && this.#socket.receive() > 0; at = nowUs()) {
      this.#moved += this.#socket.received.length;
      this.endpoint.receive(this.#socket.received, at);
      this.#dispatchEvents();
      this.endpoint.endTurn();
    }
  }

  /** A stall excuses what is overdue now that the socket was read, and nothing after that. */
  #runTimers(now: number): void {
    const isStalled = this.#isStalled;
    this.#isStalled = false;
    if (!this.#isOpen || this.endpoint.deadlineUs > now) return;
    if (isStalled) this.endpoint.onStall(now);
    this.endpoint.onTimer(now);
  }

  #dispatchEvents(): void {
    const { events } = this.endpoint;
    while (this.#isOpen && events.take()) {
      try {
        this.#dispatch(events.kind, events.owner, events.subject, events.value);
      } catch (error) {
        process.nextTick(rethrow, error);
      }
    }
  }

  #send(now: number): void {
    for (let batches = 0; batches < SEND_BATCHES && this.#isOpen; batches++) {
      const isMore = this.#sendBatch(now);
      // A batch that could not be filled or sent may have events as well.
      this.#dispatchEvents();
      if (!isMore) return;
    }
  }

  /** False when there is nothing more to send now, or no room for it. */
  #sendBatch(now: number): boolean {
    if (this.#isBlocked) return false;
    if (this.#unsent === this.#batch.length) {
      this.#unsent = 0;
      if (this.endpoint.transmit(this.#batch, now) === 0) return false;
    }
    return this.#flush(now);
  }

  /** False when the socket has no room for all of the batch: 'writable' follows. */
  #flush(now: number): boolean {
    const { bytes, rows, length } = this.#batch;
    const from = this.#unsent;
    const taken = this.#socket.send(bytes, rows, from, length);
    this.#unsent = from + taken;
    this.#moved += taken;
    const failures = this.#socket.counters[COUNT_SEND_FAILURES];
    if (failures !== this.#sendFailures) {
      this.#sendFailures = failures;
      this.#reportUnsent(from, this.#unsent, now);
    }
    this.#isBlocked = this.#unsent < length;
    return !this.#isBlocked;
  }

  #reportUnsent(from: number, to: number, now: number): void {
    for (let row = from; row < to; row++) {
      const errno = this.#batch.rows[(row << ROW_SHIFT) + STATUS];
      if (errno !== 0) this.endpoint.onUnsent(this.#batch, row, errno, now);
    }
  }

  #noteStall(now: number): void {
    if (now - this.#armedUs <= STALL_US) return;
    this.stalls++;
    this.#isStalled = true;
  }

  #setImmediate(): void {
    if (this.#immediate !== undefined || !this.#isOpen) return;
    this.#immediate = setImmediate(this.#onImmediate);
    if (!this.#isReferenced) holdNothing(this.#immediate);
  }

  /** One timer for everything: armed for the earliest deadline, moved only when that comes earlier. */
  #arm(now: number): void {
    if (!this.#isOpen || this.#isBlocked) return;
    if (this.endpoint.hasWork || now < this.#spinUntilUs) {
      this.#setImmediate();
      return;
    }
    const deadline = this.endpoint.deadlineUs;
    if (deadline === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.min(Math.max(Math.ceil((deadline - now) / 1000), 1), FOREVER_MS);
    const armedUs = now + waitMs * 1000;
    // Compared as it would be armed: a deadline that is over must not move the timer away with each turn.
    if (armedUs >= this.#armedUs) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onTimer, waitMs);
    this.#armedUs = armedUs;
    if (!this.#isReferenced) this.#timer.unref();
  }
}

function ignore(): void {}

function rethrow(error: unknown): never {
  throw error;
}

/**
 * An immediate that is not to keep the process alive. The event loop would go to sleep over it until something else wakes
 * it, for seconds perhaps; it does not sleep over a timer.
 */
function holdNothing(immediate: NodeJS.Immediate): void {
  immediate.unref();
  setTimeout(ignore, 1).unref();
}
