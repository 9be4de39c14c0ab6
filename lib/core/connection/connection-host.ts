/**
 * What a connection asks of the endpoint that it lives in.
 *
 * A type only; `endpoint/endpoint` implements it.
 */

import type { IdHost } from './connection-ids.js';

export interface ConnectionHost extends IdHost {
  /** The connection has something to send, or a new deadline: it gets its turn. */
  markReady(slot: number): void;
  /** A datagram that ends with these 16 bytes is a stateless reset for the connection; undefined: none is. Copies them. */
  watchToken(slot: number, token: Uint8Array | undefined): void;
}
