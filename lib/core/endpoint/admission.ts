/**
 * From handshakes to connections: gives messages to the handshake machine and makes connections of what comes out.
 *
 * It moves no packets; handshake-options and connection-maker put its two parts together. Called by the endpoint for
 * handshake messages, timers, connects, and for each connection's first opened packet.
 *
 * Invariant: keys that a handshake has announced end in a connection that holds them, or are wiped at once.
 */

import type { Connection } from '../connection/connection.js';
import type { ConnectionHost } from '../connection/connection-host.js';
import {
  decodeTransportParameters,
  encodeTransportParameters,
  localTransportParameters,
} from '../connection/transport-parameters.js';
import { CONNECTION_REFUSED } from '../error-codes.js';
import {
  EVENT_CONNECT_FAILED,
  EVENT_CONNECTED,
  EVENT_CONNECTION,
  type EventRing,
} from '../event-ring.js';
import { sameBytes } from '../handshake/bytes.js';
import { DROP_REFUSED } from '../handshake/drop-reasons.js';
import { Handshakes } from '../handshake/handshakes.js';
import { type HandshakeEvent, type Outcome, wipeOutcome } from '../handshake/outcome.js';
import type { Source } from '../handshake/source.js';
import { ConnectionMaker } from './connection-maker.js';
import type { ConnectionTable } from './connection-table.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { FaultGuard } from './fault-guard.js';
import { handshakeOptions } from './handshake-options.js';
import type { Shard } from './shard.js';

/** A peer to connect to. */
export interface ConnectRequest {
  /** Peer id of its address. */
  readonly peer: number;
  /** Its static key, 32 bytes, when known (IK); without it: XX. Copied. */
  readonly remoteStatic?: Uint8Array | undefined;
  readonly token?: Uint8Array | undefined;
}

export class Admission {
  readonly handshakes: Handshakes;
  #isAccepting: boolean;
  readonly #refusal: Uint8Array;
  readonly #options: EndpointOptions;
  readonly #table: ConnectionTable;
  readonly #events: EventRing;
  readonly #host: ConnectionHost;
  readonly #counts: EndpointCounts;
  readonly #guard: FaultGuard;
  readonly #maker: ConnectionMaker;
  /** Connections of ours that wait for confirmation before the application hears of them: slot -> attempt. */
  readonly #waiting = new Map<number, number>();

  constructor(
    options: EndpointOptions,
    table: ConnectionTable,
    events: EventRing,
    host: ConnectionHost,
    counts: EndpointCounts,
    guard: FaultGuard,
    shard: Shard | undefined,
  ) {
    this.#options = options;
    this.#table = table;
    this.#events = events;
    this.#host = host;
    this.#counts = counts;
    this.#guard = guard;
    this.#maker = new ConnectionMaker(options, events, host, guard);
    const parameters = localTransportParameters(options.config);
    const refusal = { ...parameters, refusalCode: CONNECTION_REFUSED };
    this.#refusal = encodeTransportParameters(refusal);
    this.handshakes = new Handshakes({
      ...handshakeOptions(options, shard, encodeTransportParameters(parameters)),
      isRouted: (id) => table.find(id, 0) >= 0,
    });
    this.#isAccepting = options.isAccepting ?? true;
  }

  /** Whether connections that peers begin are taken, as long as there is room; else they are refused. */
  setAccepting(isAccepting: boolean): void {
    this.#isAccepting = isAccepting;
  }

  /** Begins a handshake; its number comes back in EVENT_CONNECTED or EVENT_CONNECT_FAILED. */
  connect(request: ConnectRequest, nowUs: number): number {
    const { remoteStatic, token } = request;
    const attempt = this.handshakes.connect(
      {
        source: this.#options.addresses.sourceOf(request.peer),
        ...(remoteStatic === undefined ? {} : { remoteStatic }),
        ...(token === undefined ? {} : { token }),
      },
      nowUs,
    );
    this.settle(nowUs);
    return attempt;
  }

  /** Ends an attempt without an event. */
  cancel(attempt: number, nowUs: number): void {
    this.handshakes.cancel(attempt);
    for (const [slot, waiting] of this.#waiting) {
      if (waiting === attempt) this.#drop(this.#table.get(slot), nowUs);
    }
  }

  /** A handshake message; borrowed for the call. Returns what became of it (handshake/drop-reasons). */
  onMessage(message: Uint8Array, source: Source, nowUs: number): number {
    // Before it is answered: a peer that knows our key takes the answer for a connection.
    const isWelcome = this.#isAccepting && !this.#table.isFull;
    this.handshakes.refuseWith(isWelcome ? undefined : this.#refusal);
    const reason = this.handshakes.receive(message, source, nowUs);
    if (reason === DROP_REFUSED && this.#isAccepting) this.#counts.refusedFull++;
    this.settle(nowUs);
    return reason;
  }

  /** What throws in it has ended the handshake that it concerned; those behind it have their turn in the next call. */
  onTimer(nowUs: number): void {
    try {
      this.handshakes.onTimer(nowUs);
    } catch (error) {
      this.#guard.note(error);
    }
    this.settle(nowUs);
  }

  /** The first packet of a connection has opened: it is the peer's proof. */
  onFirstPacket(connection: Connection, nowUs: number): void {
    this.handshakes.onFirstProtectedPacket(connection.localIds.first);
    this.settle(nowUs);
  }

  /** The connection is gone: whatever its handshake still keeps goes with it. */
  onGone(connection: Connection, nowUs: number): void {
    const attempt = this.#waiting.get(connection.slot);
    this.#waiting.delete(connection.slot);
    if (attempt !== undefined) {
      // It has ended before the peer has proved itself: for the application it never began.
      const reason = connection.closed?.origin === 'remote' ? 'refused' : 'timeout';
      this.#events.push(EVENT_CONNECT_FAILED, undefined, reason, attempt);
    }
    if (connection.isConfirmed) return;
    this.handshakes.forget(connection.localIds.first);
    this.settle(nowUs);
  }

  /** Handles what the handshakes have to say. */
  settle(nowUs: number): void {
    for (const event of this.handshakes.takeEvents()) {
      try {
        this.#onEvent(event, nowUs);
      } catch (error) {
        this.#guard.note(error);
      }
    }
  }

  #onEvent(event: HandshakeEvent, nowUs: number): void {
    switch (event.kind) {
      case 'established':
        this.#establish(event.outcome, event.attempt, nowUs);
        return;
      case 'confirmed':
        this.#confirm(event.localId, event.attempt, nowUs);
        return;
      case 'discarded':
        this.#drop(this.#find(event.localId), nowUs);
        return;
      case 'failed':
        this.#events.push(EVENT_CONNECT_FAILED, undefined, event.reason, event.attempt);
    }
  }

  /** Ends a connection that nobody has heard of, without a word to anybody. */
  #drop(connection: Connection | undefined, nowUs: number): void {
    if (connection === undefined) return;
    this.#waiting.delete(connection.slot);
    connection.discard(nowUs);
    this.#host.markReady(connection.slot);
  }

  #establish(outcome: Outcome, attempt: number | undefined, nowUs: number): void {
    const parameters = decodeTransportParameters(outcome.remoteParameters);
    if (attempt !== undefined && parameters !== undefined && parameters.refusalCode !== 0) {
      this.#giveUp(outcome, attempt, 'refused');
      return;
    }
    const slot = this.#table.reserve();
    const connection = slot < 0 ? undefined : this.#maker.make(outcome, parameters, slot, nowUs);
    if (connection === undefined) {
      if (slot >= 0) this.#table.release(slot);
      this.#counts.refusedFull++;
      this.#giveUp(outcome, attempt, 'tooManyConnections');
      return;
    }
    this.#counts.connectionsOpened++;
    this.#table.set(slot, connection);
    this.#table.addId(outcome.localId, slot);
    connection.trace(this.#options.tracerFor?.(connection));
    this.#host.markReady(slot);
    if (attempt === undefined) return;
    // The responder tells its application of us when it has a packet of ours.
    connection.isPingPending = true;
    if (outcome.pattern.startsWith('IK')) this.#announce(connection, attempt);
    else this.#waiting.set(slot, attempt);
  }

  /** No connection comes of this handshake. */
  #giveUp(outcome: Outcome, attempt: number | undefined, reason: string): void {
    wipeOutcome(outcome);
    if (attempt === undefined) {
      this.handshakes.forget(outcome.localId);
      return;
    }
    this.handshakes.cancel(attempt);
    this.#events.push(EVENT_CONNECT_FAILED, undefined, reason, attempt);
  }

  #confirm(localId: Uint8Array, attempt: number | undefined, nowUs: number): void {
    const connection = this.#find(localId);
    if (connection === undefined) return;
    connection.confirm();
    if (connection.isAnnounced) return;
    const waiting = this.#waiting.get(connection.slot) ?? attempt;
    this.#waiting.delete(connection.slot);
    if (waiting !== undefined) {
      this.#announce(connection, waiting);
    } else if (this.#isAccepting) {
      connection.isAnnounced = true;
      this.#events.push(EVENT_CONNECTION, connection, connection);
    } else {
      connection.fail(CONNECTION_REFUSED, 0, nowUs);
    }
  }

  #announce(connection: Connection, attempt: number): void {
    connection.isAnnounced = true;
    this.#events.push(EVENT_CONNECTED, connection, connection, attempt);
  }

  /** The live connection whose first id of ours this is. */
  #find(localId: Uint8Array): Connection | undefined {
    const slot = this.#table.find(localId, 0);
    const connection = slot < 0 ? undefined : this.#table.get(slot);
    return connection !== undefined && sameBytes(connection.localIds.first, localId)
      ? connection
      : undefined;
  }
}
