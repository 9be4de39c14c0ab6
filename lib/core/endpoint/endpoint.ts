/**
 * All connections behind one socket, sans-IO: batches and time go in, batches and events come out.
 *
 * The driver's turn calls `receive`, reads `events`, calls `onTimer` when `deadlineUs` has come, then `transmit` until it
 * returns 0, then `endTurn`. There is no socket, no clock and no dice in here. The passes over a batch are receive-pass and
 * transmit-pass; the parts are in endpoint-state; this file is the door, time, and what connections ask of their endpoint.
 *
 * Invariants: nothing that arrives makes it throw, nor does a lack of memory (fault-guard.ts); no application code runs
 * inside; a batch that `transmit` returned holds sealed packets, handshake messages and resets only.
 */

import type { PacketBatch } from '../../batch/packet-batch.js';
import type { Connection } from '../connection/connection.js';
import type { ConnectionHost } from '../connection/connection-host.js';
import type { EventRing } from '../event-ring.js';
import type { ConnectRequest } from './admission.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { EndpointOptions } from './endpoint-options.js';
import { EndpointState } from './endpoint-state.js';
import { ReceivePass } from './receive-pass.js';
import { TransmitPass } from './transmit-pass.js';

export class Endpoint implements ConnectionHost {
  readonly events: EventRing;
  readonly counts: EndpointCounts;
  readonly #state: EndpointState;
  readonly #receivePass: ReceivePass;
  readonly #transmitPass: TransmitPass;
  #isStalled = false;

  /** Throws TypeError and RangeError for keys and lists of the wrong size. */
  constructor(options: EndpointOptions) {
    const release = (connection: Connection, nowUs: number) => this.#release(connection, nowUs);
    this.#state = new EndpointState(options, this, release);
    this.events = this.#state.events;
    this.counts = this.#state.counts;
    this.#receivePass = new ReceivePass(this.#state);
    this.#transmitPass = new TransmitPass(this.#state, release);
  }

  /** Connections, those in their closing period included. */
  get connectionCount(): number {
    return this.#state.table.size;
  }

  /** Handshake messages by what became of them (core/handshake/drop-reasons). */
  get handshakeCounts(): Float64Array {
    return this.#state.admission.handshakes.counts;
  }

  connections(): Iterable<Connection> {
    return this.#state.table;
  }

  /** Whether connections of peers are taken; else they are refused with CONNECTION_REFUSED (docs/handshake.md, T8). */
  setAccepting(isAccepting: boolean): void {
    this.#state.admission.setAccepting(isAccepting);
  }

  /** Begins a connection; its number comes back in EVENT_CONNECTED or EVENT_CONNECT_FAILED. */
  connect(request: ConnectRequest, nowUs: number): number {
    return this.#state.admission.connect(request, nowUs);
  }

  /** Ends an attempt without an event. An unknown number is ignored. */
  cancel(attempt: number, nowUs: number): void {
    this.#state.admission.cancel(attempt, nowUs);
  }

  // --- batches -------------------------------------------------------------------------------------------------------

  /** Takes `rx.length` rows. Borrows the batch until `endTurn`. */
  receive(rx: PacketBatch, nowUs: number): void {
    this.#receivePass.receive(rx, nowUs);
  }

  /** Bytes of received batches are no longer borrowed. */
  endTurn(): void {
    this.#receivePass.endTurn();
  }

  /** Whether `transmit` would have something to send now. */
  get hasWork(): boolean {
    return this.#transmitPass.hasWork;
  }

  /** Fills and seals rows; returns how many. 0: nothing to send now. */
  transmit(tx: PacketBatch, nowUs: number): number {
    return this.#transmitPass.transmit(tx, nowUs);
  }

  /** The socket failed a row of a batch that `transmit` made. */
  onUnsent(tx: PacketBatch, row: number, errno: number, nowUs: number): void {
    this.#transmitPass.onUnsent(tx, row, errno, nowUs);
  }

  // --- time (stage 5) ------------------------------------------------------------------------------------------------

  /** When to call `onTimer` and `transmit` next; Infinity for never. */
  get deadlineUs(): number {
    const { wheel, admission } = this.#state;
    const { deadlineUs } = this.#transmitPass;
    return Math.min(wheel.nextUs, admission.handshakes.deadlineUs, deadlineUs);
  }

  /** The event loop was blocked: timers that are due in this turn are not the peers' fault. */
  onStall(_nowUs: number): void {
    this.#isStalled = true;
  }

  /** Does what is due. Call it after the socket was drained. */
  onTimer(nowUs: number): void {
    const { admission, guard } = this.#state;
    this.#transmitPass.onTimer(nowUs);
    if (admission.handshakes.deadlineUs <= nowUs) guard.run(this.#runHandshakes, nowUs);
    guard.run(this.#expire, nowUs);
    this.#isStalled = false;
  }

  readonly #runHandshakes = (nowUs: number): void => this.#state.admission.onTimer(nowUs);

  readonly #expire = (nowUs: number): void => {
    const { wheel, table, ready, guard } = this.#state;
    for (let slot = wheel.expire(nowUs); slot >= 0; slot = wheel.expire(nowUs)) {
      const connection = table.get(slot);
      if (connection === undefined) continue;
      ready.push(slot);
      guard.working = connection;
      if (this.#isStalled) connection.onStall(nowUs);
      connection.onTimer(nowUs);
    }
  };

  // --- ConnectionHost ------------------------------------------------------------------------------------------------

  markReady(slot: number): void {
    this.#state.ready.push(slot);
    this.#state.options.wake?.();
  }

  addId(id: Uint8Array, slot: number): void {
    this.#state.table.addId(id, slot);
  }

  removeId(id: Uint8Array): void {
    this.#state.table.removeId(id);
  }

  createId(): Uint8Array {
    return this.#state.admission.handshakes.newConnectionId();
  }

  tokenOf(id: Uint8Array): Uint8Array {
    return this.#state.resets.tokenOf(id);
  }

  watchToken(slot: number, token: Uint8Array | undefined): void {
    this.#state.resetTokens.set(slot, token);
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  /** Closes all connections with a code of the application; `transmit` then sends their CONNECTION_CLOSE. */
  close(code: number, reason: string): void {
    this.setAccepting(false);
    this.dropWaiting();
    for (const connection of this.#state.table) connection.close(code, reason, false);
  }

  /** Handshake messages that wait for their turn: nobody will answer them. */
  dropWaiting(): void {
    this.#state.handshakeQueue.clear();
  }

  /** Takes it out, whatever throws meanwhile. */
  #release(connection: Connection, nowUs: number): void {
    const { table, wheel, admission, guard, counts } = this.#state;
    const { slot } = connection;
    if (table.get(slot) !== connection) return;
    wheel.clear(slot);
    this.#transmitPass.forget(slot);
    try {
      connection.release();
      admission.onGone(connection, nowUs);
    } catch (error) {
      guard.note(error);
    } finally {
      table.release(slot);
      counts.connectionsClosed++;
    }
  }
}
