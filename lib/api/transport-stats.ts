/**
 * The counters of an endpoint as one plain object. Called by `Endpoint.stats`.
 *
 * Invariant: a snapshot; nothing in it changes later.
 */

import type { Endpoint as CoreEndpoint } from '../core/endpoint/endpoint.js';
import type { EndpointCounts } from '../core/endpoint/endpoint-counts.js';
import { DROP_REASON_NAMES } from '../core/handshake/drop-reasons.js';
import type { BatchSocket } from '../io/batch-socket.js';
import { readStats, type UdpStats } from './udp-stats.js';

/** Counted since `bind`. */
export interface EndpointStats extends Readonly<Omit<EndpointCounts, never>> {
  /** Connections now, those in their closing period included. */
  readonly connections: number;
  /** Handshake messages by what became of them. */
  readonly handshakes: Readonly<Record<string, number>>;
  /** Times that the event loop was blocked for longer than 10 ms while a timer waited. */
  readonly stalls: number;
  /** The socket below. */
  readonly socket: UdpStats;
}

export function readEndpointStats(
  core: CoreEndpoint,
  engine: BatchSocket,
  stalls: number,
): EndpointStats {
  const handshakes: Record<string, number> = {};
  core.handshakeCounts.forEach((count, reason) => {
    if (count > 0) handshakes[DROP_REASON_NAMES[reason] ?? String(reason)] = count;
  });
  return {
    ...core.counts,
    connections: core.connectionCount,
    handshakes,
    stalls,
    socket: readStats(engine),
  };
}
