/**
 * The application on a host: connects, takes what the endpoint tells, and hands it to sessions and goals.
 *
 * It calls the core as the API of lib/api does: inside a turn from events, outside of one from its own timers, and then
 * it wakes the host.
 *
 * Invariant: every event is one that may come at this moment; anything else fails the run.
 */

import type { TransportConfig } from '../../lib/core/config.js';
import {
  EVENT_CLOSED,
  EVENT_CONNECT_FAILED,
  EVENT_CONNECTED,
  EVENT_CONNECTION,
  EVENT_DATAGRAM,
  EVENT_FINISHED,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_STREAM,
  EVENT_WRITABLE,
} from '../../lib/core/event-ring.js';
import type { KeyPair } from '../../lib/core/ports.js';
import type { AuditedProtection } from './audited-protection.js';
import type { AppConnection, AppStream, SimulatedEndpoint } from './core-face.js';
import { SimulationFailure } from './failure.js';
import type { GoalSide, Side, StreamEnd } from './goals/goal.js';
import type { MessageGoal } from './goals/message-goal.js';
import { Unread } from './goals/unread.js';
import type { Host } from './host.js';
import type { Application } from './host-model.js';
import type { Invariants } from './invariants.js';
import type { Rng } from './rng.js';
import type { Session } from './session.js';
import type { SimulatedAddresses } from './surroundings.js';

/** How often an attempt is repeated that nobody answered. */
const RETRIES = 20;

export interface PeerParts {
  readonly host: Host;
  readonly endpoint: SimulatedEndpoint;
  readonly identity: KeyPair;
  readonly protection: AuditedProtection | undefined;
  readonly addresses: SimulatedAddresses;
  readonly invariants: Invariants;
  readonly rng: Rng;
  readonly config: TransportConfig;
  /** Where others reach it, when that is not the host's own address: behind a NAT. */
  readonly publicAddress?: () => number;
}

interface Place {
  readonly session: Session;
  readonly side: Side;
  readonly other: Peer;
}

export class Peer implements Application {
  readonly host: Host;
  readonly endpoint: SimulatedEndpoint;
  readonly identity: KeyPair;
  readonly protection: AuditedProtection | undefined;
  readonly addresses: SimulatedAddresses;
  readonly invariants: Invariants;
  /** Connects that failed and were repeated. */
  retries = 0;
  readonly #parts: PeerParts;
  readonly #places: Place[] = [];
  readonly #attempts = new Map<number, Place>();

  constructor(parts: PeerParts) {
    this.#parts = parts;
    this.host = parts.host;
    this.endpoint = parts.endpoint;
    this.identity = parts.identity;
    this.protection = parts.protection;
    this.addresses = parts.addresses;
    this.invariants = parts.invariants;
  }

  /** It takes part in the session, as that side. */
  takePart(session: Session, side: Side, other: Peer): void {
    this.#places.push({ session, side, other });
  }

  connect(session: Session): void {
    const place = this.#places.find((candidate) => candidate.session === session)!;
    // A connection of the peer's making is as good.
    if (session.connections[place.side] !== undefined) return;
    const address = place.other.#parts.publicAddress?.() ?? place.other.host.address;
    this.invariants.free(address);
    const known = { remoteStatic: place.other.identity.publicKey };
    const request = { peer: address, ...(session.spec.areStrangers ? {} : known) };
    this.#attempts.set(this.endpoint.connect(request, this.host.nowUs), place);
    this.host.wake();
  }

  /** Ends the session from this side. */
  close(session: Session, code: number, isGraceful: boolean): void {
    const place = this.#places.find((candidate) => candidate.session === session)!;
    session.connections[place.side]!.close(code, 'the simulation is over', isGraceful);
    this.host.wake();
  }

  onEvent(kind: number, owner: unknown, subject: unknown, value: number): void {
    switch (kind) {
      case EVENT_CONNECTION:
      case EVENT_CONNECTED:
        this.#onOpen(subject as AppConnection, kind === EVENT_CONNECTED ? value : undefined);
        return;
      case EVENT_CONNECT_FAILED:
        this.#onFailed(value, String(subject));
        return;
      default:
        this.#onConnectionEvent(kind, owner as AppConnection, subject, value);
    }
  }

  #onConnectionEvent(kind: number, owner: AppConnection, subject: unknown, value: number): void {
    const place = owner.data as Place | undefined;
    if (place === undefined) throw new SimulationFailure(`event ${kind} of no known connection`);
    const { session, side } = place;
    switch (kind) {
      case EVENT_CLOSED:
        session.end(side, owner);
        return;
      case EVENT_STREAM:
        session.takeStream(side, subject as AppStream);
        return;
      case EVENT_MESSAGE:
        session.takeMessage(side, subject as Uint8Array);
        owner.streams.onMessageTaken((subject as Uint8Array).byteLength);
        return;
      case EVENT_DATAGRAM:
        session.takeDatagram(side, subject as Uint8Array);
        return;
      case EVENT_MESSAGE_DONE: {
        const { goal, number } = subject as { goal: MessageGoal; number: number };
        goal.onMessageDone(number, value);
        return;
      }
      case EVENT_READABLE:
      case EVENT_WRITABLE:
      case EVENT_FINISHED:
      case EVENT_RESET:
      case EVENT_STOPPED:
        onStreamEvent(kind, subject as AppStream, value);
    }
  }

  #onOpen(connection: AppConnection, attempt: number | undefined): void {
    const place =
      attempt === undefined
        ? this.#places.findLast(({ other }) => isSame(other.identity.publicKey, connection))
        : this.#attempts.get(attempt);
    if (place === undefined) throw new SimulationFailure('a connection that nobody asked for');
    if (!isSame(place.other.identity.publicKey, connection)) {
      throw new SimulationFailure('connected to somebody else');
    }
    if (attempt !== undefined) this.#attempts.delete(attempt);
    connection.data = place;
    place.session.open(place.side, connection, this.#goalSide(connection, place));
  }

  #onFailed(attempt: number, reason: string): void {
    const place = this.#attempts.get(attempt);
    if (place === undefined) throw new SimulationFailure(`attempt ${attempt} fails unasked`);
    this.#attempts.delete(attempt);
    if (reason !== 'timeout' || ++this.retries > RETRIES) {
      throw new SimulationFailure(`${this.host.name} could not connect: ${reason}`);
    }
    this.connect(place.session);
  }

  #goalSide(connection: AppConnection, { session, side }: Place): GoalSide {
    const closer = session.spec.close.side;
    const isCloser = closer === 'both' || closer === side;
    const { host } = this;
    return {
      connection,
      scheduler: host.scheduler,
      rng: this.#parts.rng,
      sendBuffer: this.#parts.config.sendBuffer,
      unread: new Unread(this.#parts.config),
      get isOver() {
        return session.isClosing && (isCloser || connection.closed !== undefined);
      },
      wake: () => host.wake(),
    };
  }
}

function onStreamEvent(kind: number, stream: AppStream, value: number): void {
  const end = stream.data as StreamEnd | undefined;
  if (end === undefined)
    throw new SimulationFailure(`event ${kind} of stream ${stream.id}, unknown`);
  if (kind === EVENT_READABLE) end.onReadable();
  else if (kind === EVENT_WRITABLE) end.onWritable();
  else if (kind === EVENT_FINISHED) end.onFinished();
  else if (kind === EVENT_RESET) end.onReset(value);
  else end.onStopped(value);
}

function isSame(publicKey: Uint8Array, connection: AppConnection): boolean {
  return Buffer.compare(publicKey, connection.remotePublicKey) === 0;
}
