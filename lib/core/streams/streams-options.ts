/**
 * What a Streams is made with, and what the peer allows it.
 *
 * Types only. Filled in by `connection/connection-state`.
 *
 * Invariant: limits only grow after the beginning (RFC 9000 section 4).
 */

import type { TransportConfig } from '../config.js';
import type { EventRing } from '../event-ring.js';
import type { Memory } from '../ports.js';

export interface StreamsOptions {
  readonly isInitiator: boolean;
  readonly config: TransportConfig;
  readonly memory: Memory;
  readonly events: EventRing;
  /** The Connection: owner of the events. */
  readonly owner: unknown;
  /** Something to send has appeared. */
  onSendable(): void;
}

/** What the peer lets us do at the beginning: its transport parameters (RFC 9000 section 18.2). */
export interface PeerLimits {
  readonly maxData: number;
  readonly maxStreamDataBidiLocal: number;
  readonly maxStreamDataBidiRemote: number;
  readonly maxStreamDataUni: number;
  readonly maxStreamsBidi: number;
  readonly maxStreamsUni: number;
  readonly maxMessageSize: number;
}
