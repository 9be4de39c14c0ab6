/**
 * One side of a duet: an endpoint, what has arrived for it, and an application that does what it is told.
 *
 * It decides nothing by itself, but takes messages and datagrams as they come. Driven by the duet. Invariant: between two
 * turns the bytes of the last received batch are gone, as they would be in a socket's slab.
 */

import type { TransportConfig } from '../../../lib/core/config.js';
import type { Connection } from '../../../lib/core/connection/connection.js';
import type { Endpoint } from '../../../lib/core/endpoint/endpoint.js';
import * as ring from '../../../lib/core/event-ring.js';
import type { KeyPair } from '../../../lib/core/ports.js';
import type { Stream } from '../../../lib/core/streams/stream.js';
import { AuditedProtection } from '../audited-protection.js';
import { SimulationFailure } from '../failure.js';
import type { Side } from '../goals/goal.js';
import { makeEndpoint, makeProtection, type TracerFor } from '../make-endpoint.js';
import { Rng } from '../rng.js';
import { SimulatedAddresses } from '../surroundings.js';
import type { Ledger } from './ledger.js';

const hasSending = (stream: Stream): boolean => stream.isLocal || !stream.isUnidirectional;
const hasReceiving = (stream: Stream): boolean => !stream.isLocal || !stream.isUnidirectional;

export class Player {
  readonly side: Side;
  readonly endpoint: Endpoint;
  readonly identity: KeyPair;
  readonly protection: AuditedProtection;
  readonly addresses = new SimulatedAddresses();
  readonly streams: Stream[] = [];
  connection: Connection | undefined;
  isClosed = false;
  readonly #ledger: Ledger;
  readonly #known = new Set<number>();

  constructor(
    side: Side,
    config: TransportConfig,
    seed: number,
    ledger: Ledger,
    nowUs: number,
    tracerFor: TracerFor | undefined,
  ) {
    this.side = side;
    this.#ledger = ledger;
    const object = (what: string): never => {
      throw new SimulationFailure(`side ${side}: ${what}`);
    };
    this.protection = new AuditedProtection(makeProtection('plain'), object, () => undefined);
    const made = makeEndpoint({
      place: side,
      config,
      protection: this.protection,
      primitives: 'toy',
      random: new Rng(seed).fork(`side ${side}`).asRandom(),
      addresses: this.addresses,
      nowUs,
      wake: () => undefined,
      tracerFor,
    });
    this.endpoint = made.endpoint;
    this.identity = made.identity;
  }

  get other(): Side {
    return this.side === 0 ? 1 : 0;
  }

  /** Whether its application has heard of the stream. */
  knows(stream: number): boolean {
    return this.#known.has(stream);
  }

  pick(index: number): Stream | undefined {
    return this.streams.length === 0 ? undefined : this.streams[index % this.streams.length];
  }

  // --- what the application does ---------------------------------------------------------------------------------------

  open(isUnidirectional: boolean): void {
    const stream = this.connection?.openStream(isUnidirectional);
    if (stream !== undefined) this.#add(stream);
  }

  write(stream: Stream, byteLength: number): void {
    if (!hasSending(stream) || this.isClosed) return;
    const flow = this.#ledger.flow(stream.id, this.side);
    if (flow.isFinished || flow.resetCode >= 0 || byteLength === 0) return;
    stream.write(flow.next(byteLength));
    if (stream.written !== flow.written) {
      throw new SimulationFailure(`${flow.name} counts ${stream.written} of ${flow.written} bytes`);
    }
  }

  finish(stream: Stream): void {
    if (!hasSending(stream) || this.isClosed) return;
    const flow = this.#ledger.flow(stream.id, this.side);
    if (flow.resetCode >= 0) return;
    flow.isFinished = true;
    stream.finish();
  }

  reset(stream: Stream, code: number): void {
    if (!hasSending(stream) || this.isClosed) return;
    const flow = this.#ledger.flow(stream.id, this.side);
    if (flow.resetCode >= 0 || flow.isAcknowledged) return;
    flow.resetCode = code;
    stream.reset(code);
  }

  /** Reads all that is there, and the end. */
  read(stream: Stream): void {
    const flow = this.#ledger.flow(stream.id, this.other);
    if (!hasReceiving(stream) || flow.isEnded || flow.stopCode >= 0) return;
    for (let chunk = stream.read(); chunk !== undefined; chunk = stream.read()) flow.take(chunk);
    if (stream.takeEnd()) flow.end();
  }

  stop(stream: Stream, code: number): void {
    if (!hasReceiving(stream) || this.isClosed) return;
    const flow = this.#ledger.flow(stream.id, this.other);
    if (flow.stopCode >= 0 || flow.isEnded || flow.resetWith >= 0) return;
    flow.stopCode = code;
    stream.stop(code);
  }

  sendMessage(byteLength: number): void {
    const parcels = this.#ledger.messages[this.side];
    const bytes = parcels.make(byteLength);
    const result = this.connection?.sendMessage(bytes, parcels.sizes.length);
    if (result === 0) parcels.commit(bytes);
  }

  sendDatagram(byteLength: number): void {
    const parcels = this.#ledger.datagrams[this.side];
    const bytes = parcels.make(byteLength);
    const result = this.connection?.sendDatagram(bytes) ?? -1;
    if (result >= 0) parcels.commit(bytes);
  }

  close(isGraceful: boolean): void {
    if (this.connection === undefined || this.isClosed) return;
    this.#ledger.closers.add(this.side);
    this.connection.close(4000 + this.side, 'the end of the operations', isGraceful);
  }

  // --- what it is told ---------------------------------------------------------------------------------------------------

  /** Takes the events; how many there were. */
  dispatch(): number {
    const { events } = this.endpoint;
    let taken = 0;
    while (events.take()) {
      taken++;
      this.#onEvent(events.kind, events.subject, events.value);
    }
    return taken;
  }

  #onEvent(kind: number, subject: unknown, value: number): void {
    if (this.isClosed)
      throw new SimulationFailure(`side ${this.side}: event ${kind} after the end`);
    switch (kind) {
      case ring.EVENT_CONNECTION:
      case ring.EVENT_CONNECTED:
        if (this.connection !== undefined) throw new SimulationFailure('two connections');
        this.connection = subject as Connection;
        return;
      case ring.EVENT_CONNECT_FAILED:
        throw new SimulationFailure(`the connection failed: ${String(subject)}`);
      case ring.EVENT_CLOSED:
        this.#onClosed();
        return;
      case ring.EVENT_STREAM:
        this.#add(subject as Stream);
        return;
      case ring.EVENT_MESSAGE:
        this.#ledger.messages[this.other].take(subject as Uint8Array);
        this.connection!.streams.onMessageTaken((subject as Uint8Array).byteLength);
        return;
      case ring.EVENT_DATAGRAM:
        this.#ledger.datagrams[this.other].take(subject as Uint8Array);
        return;
      case ring.EVENT_MESSAGE_DONE:
        if (value === 0) this.#ledger.messages[this.side].done(subject as number);
        else if (this.#ledger.closers.size === 0) {
          throw new SimulationFailure(`message ${subject} of side ${this.side} failed: ${value}`);
        }
        return;
      case ring.EVENT_FINISHED:
        this.#ledger.flow((subject as Stream).id, this.side).isAcknowledged = true;
        return;
      case ring.EVENT_RESET:
        this.#ledger.flow((subject as Stream).id, this.other).reset(value);
        return;
      case ring.EVENT_STOPPED:
        this.#ledger.flow((subject as Stream).id, this.side).stop(value);
        this.reset(subject as Stream, value);
    }
  }

  #add(stream: Stream): void {
    if (this.#known.has(stream.id)) throw new SimulationFailure(`stream ${stream.id} came twice`);
    this.#known.add(stream.id);
    this.streams.push(stream);
  }

  /** Nobody but the applications may end a connection whose idle timeout no case can reach before its close. */
  #onClosed(): void {
    this.isClosed = true;
    const { closed } = this.connection!;
    const { closers } = this.#ledger;
    const isExpected =
      (closed?.origin === 'local' && closers.has(this.side) && closed.code === 4000 + this.side) ||
      (closed?.origin === 'remote' &&
        closers.has(this.other) &&
        closed.code === 4000 + this.other) ||
      ((closed?.origin === 'idle' || closed?.origin === 'reset') && closers.has(this.other));
    if (!isExpected) {
      throw new SimulationFailure(`side ${this.side} was closed: ${JSON.stringify(closed)}`);
    }
  }
}

/** Whether the stream has a half that sends, for who wants to know what is missing. */
export { hasSending };
