/**
 * What a connection asks of the endpoint that it lives in.
 *
 * A type only; `endpoint/endpoint` implements it.
 */

import type { IdHost } from './connection-ids.js';

export interface ConnectionHost extends IdHost {
  /** The connection has something to send, or a new deadline: it gets its turn. */
  markReady(slot: number): void;
}
