/**
 * What a connection is made of, and what follows from both sides' transport parameters before it begins.
 *
 * It keeps nothing. `endpoint/connection-maker` fills the options in; the state of the connection calls the rest, once.
 *
 * Invariant: what a peer asks for is brought within our limits here, not where it is used.
 */

import type { TransportConfig } from '../config.js';
import type { EventRing } from '../event-ring.js';
import type { KeySchedule } from '../handshake/key-schedule.js';
import type { Outcome } from '../handshake/outcome.js';
import type { Addresses, Memory, Random } from '../ports.js';
import { Streams } from '../streams/streams.js';
import type { ConnectionHost } from './connection-host.js';
import type { TransportParameters } from './transport-parameters.js';

/** A peer's idle timeout below that is taken for that. */
const IDLE_TIMEOUT_MIN_US = 1_000_000;

export interface ConnectionOptions {
  readonly config: TransportConfig;
  readonly memory: Memory;
  readonly random: Random;
  readonly events: EventRing;
  readonly host: ConnectionHost;
  readonly slot: number;
  readonly outcome: Outcome;
  readonly keys: KeySchedule;
  readonly parameters: TransportParameters;
  readonly addresses: Addresses;
  readonly nowUs: number;
  /** CONNECTION_BYTES, of which `keys` has its part already; default: new ones. */
  readonly bytes?: Uint8Array;
}

/** Its streams, with the peer's limits. @param owner of their events */
export function makeStreams(options: ConnectionOptions, owner: unknown): Streams {
  const { config, memory, events, host, slot, parameters, outcome } = options;
  const streams = new Streams({
    isInitiator: outcome.role === 'initiator',
    config,
    memory,
    events,
    owner,
    onSendable: () => host.markReady(slot),
  });
  streams.setPeerLimits({
    maxData: parameters.initialMaxData,
    maxStreamDataBidiLocal: parameters.initialMaxStreamDataBidiLocal,
    maxStreamDataBidiRemote: parameters.initialMaxStreamDataBidiRemote,
    maxStreamDataUni: parameters.initialMaxStreamDataUni,
    maxStreamsBidi: parameters.initialMaxStreamsBidi,
    maxStreamsUni: parameters.initialMaxStreamsUni,
    maxMessageSize: parameters.maxMessageSize,
  });
  return streams;
}

/** The smaller of both sides' timeouts, us, where 0 is none; Infinity without any (RFC 9000 section 10.1). */
export function idleTimeout(ownUs: number, peerUs: number): number {
  const own = ownUs > 0 ? ownUs : Number.POSITIVE_INFINITY;
  const peer = peerUs > 0 ? Math.max(peerUs, IDLE_TIMEOUT_MIN_US) : Number.POSITIVE_INFINITY;
  return Math.min(own, peer);
}
