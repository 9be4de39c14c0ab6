/**
 * Makes a connection of what a handshake has agreed on: its keys, its memory, its listener for secrets.
 *
 * Whether there shall be one, and who hears of it, is the admission's affair. Called by it.
 *
 * Invariant: of a connection that cannot be made nothing is left, but its secrets, which the caller wipes.
 */

import { Connection } from '../connection/connection.js';
import { CONNECTION_BYTES } from '../connection/connection-bytes.js';
import type { ConnectionHost } from '../connection/connection-host.js';
import {
  defaultTransportParameters,
  type TransportParameters,
} from '../connection/transport-parameters.js';
import { TRANSPORT_PARAMETER_ERROR } from '../error-codes.js';
import type { EventRing } from '../event-ring.js';
import { KeySchedule, type SecretListener } from '../handshake/key-schedule.js';
import type { Outcome } from '../handshake/outcome.js';
import type { SecretSink } from '../ports.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { FaultGuard } from './fault-guard.js';

export class ConnectionMaker {
  readonly #options: EndpointOptions;
  readonly #events: EventRing;
  readonly #host: ConnectionHost;
  readonly #guard: FaultGuard;

  constructor(
    options: EndpointOptions,
    events: EventRing,
    host: ConnectionHost,
    guard: FaultGuard,
  ) {
    this.#options = options;
    this.#events = events;
    this.#host = host;
    this.#guard = guard;
  }

  /**
   * `parameters`: those of the peer; undefined when they are not well-formed. Without room for keys, or memory for the
   * rest, there is no connection.
   */
  make(
    outcome: Outcome,
    parameters: TransportParameters | undefined,
    slot: number,
    nowUs: number,
  ): Connection | undefined {
    const { config, protection, primitives, memory, random, addresses } = this.#options;
    let keys: KeySchedule | undefined;
    try {
      const bytes = new Uint8Array(CONNECTION_BYTES);
      keys = KeySchedule.install({
        place: bytes,
        protection,
        primitives,
        suite: outcome.suite,
        sendSecret: outcome.sendSecret,
        receiveSecret: outcome.receiveSecret,
        onSecret: secretListener(outcome, this.#options.onSecret),
      });
      if (keys === undefined) return undefined;
      const connection = new Connection({
        bytes,
        config,
        memory,
        random,
        events: this.#events,
        host: this.#host,
        slot,
        outcome,
        keys,
        parameters: parameters ?? defaultTransportParameters(),
        addresses,
        nowUs,
      });
      if (parameters === undefined) connection.fail(TRANSPORT_PARAMETER_ERROR, 0, nowUs);
      return connection;
    } catch (error) {
      keys?.close();
      this.#guard.note(error);
      return undefined;
    }
  }
}

/** Says of each secret what the key schedule does not know: whose it is. */
function secretListener(
  { role, handshakeHash, suite, localId, remoteId }: Outcome,
  sink: SecretSink | undefined,
): SecretListener | undefined {
  if (sink === undefined) return undefined;
  const { aead } = suite;
  const peer = role === 'initiator' ? 'responder' : 'initiator';
  return (direction, phase, secret) => {
    const sender = direction === 'send' ? role : peer;
    const destinationId = direction === 'send' ? remoteId : localId;
    sink({ handshakeHash, sender, phase, aead, destinationId, secret });
  };
}
