/**
 * What the simulator uses of the core, in one place. Types only.
 *
 * Invariant: nothing in test/sim reaches around these.
 */

import type { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { EventRing } from '../../lib/core/event-ring.js';

/** The part of an endpoint that a driver drives: a host drives anything of this shape. */
export interface DrivenEndpoint {
  readonly events: EventRing;
  readonly deadlineUs: number;
  readonly hasWork: boolean;
  receive(rx: PacketBatch, nowUs: number): void;
  onTimer(nowUs: number): void;
  onStall(nowUs: number): void;
  transmit(tx: PacketBatch, nowUs: number): number;
  onUnsent(tx: PacketBatch, row: number, errno: number, nowUs: number): void;
  endTurn(): void;
}

/** An endpoint as simulations use it: driven, and asked for connections. */
export interface SimulatedEndpoint extends DrivenEndpoint {
  readonly connectionCount: number;
  connect(request: { peer: number; remoteStatic?: Uint8Array }, nowUs: number): number;
  connections(): Iterable<AppConnection>;
}

/** A stream as an application holds it. */
export interface AppStream {
  data: unknown;
  readonly id: number;
  readonly isLocal: boolean;
  readonly isUnidirectional: boolean;
  readonly written: number;
  readonly released: number;
  readonly buffered: number;
  /** All that was sent is acknowledged, the end or the reset included. */
  readonly isFinished: boolean;
  readonly bytesReadable: number;
  readonly isEnded: boolean;
  /** Takes the end out: whether it was there. */
  takeEnd(): boolean;
  write(chunk: Uint8Array): void;
  finish(): void;
  reset(code: number): void;
  read(): Uint8Array | undefined;
  stop(code: number): void;
}

/** Figures of a connection that simulations look at. */
export interface AppStats {
  readonly smoothedRttUs: number;
  readonly minRttUs: number;
  readonly congestionWindow: number;
  readonly slowStartThreshold: number;
  readonly bytesInFlight: number;
  readonly pathMtu: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  readonly spuriouslyLost: number;
  readonly probeTimeouts: number;
  readonly keyUpdates: number;
  readonly ecn: string;
}

export interface AppCloseInfo {
  readonly origin: string;
  readonly isApplication: boolean;
  readonly code: number;
  readonly name: string;
  readonly reason: string;
}

/** A connection as an application holds it. */
export interface AppConnection {
  data: unknown;
  readonly phase: string;
  readonly deadlineUs: number;
  readonly peer: number;
  readonly remotePublicKey: Uint8Array;
  readonly closed: AppCloseInfo | undefined;
  readonly maxDatagramPayload: number;
  readonly streams: { onMessageTaken(byteLength: number): void };
  openStream(isUnidirectional: boolean): AppStream | undefined;
  sendMessage(bytes: Uint8Array, token: unknown): number;
  sendDatagram(bytes: Uint8Array): number;
  close(code: number, reason: string, isGraceful: boolean): void;
  stats(): AppStats;
}
