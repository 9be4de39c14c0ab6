/**
 * The counters of an endpoint and of a connection as plain objects. Called by their `stats`.
 *
 * Invariant: a snapshot; nothing in it changes later.
 */

import type { Connection as CoreConnection } from '../core/connection/connection.js';
import type { ConnectionStats as CoreStats } from '../core/connection/stats.js';
import type { Endpoint as CoreEndpoint } from '../core/endpoint/endpoint.js';
import type { EndpointCounts } from '../core/endpoint/endpoint-counts.js';
import { DROP_REASON_NAMES } from '../core/handshake/drop-reasons.js';
import type { BatchSocket } from '../io/batch-socket.js';
import { readStats, type UdpStats } from './udp-stats.js';

/** Counted since `bind`. */
export interface EndpointStats extends Readonly<EndpointCounts> {
  /** Connections now, those in their closing period included. */
  readonly connections: number;
  /** Handshake messages by what became of them. */
  readonly handshakes: Readonly<Record<string, number>>;
  /** Times that the event loop was blocked for longer than 10 ms while a timer waited. */
  readonly stalls: number;
  /** The socket below. */
  readonly socket: UdpStats;
}

/** What a connection measures and counts. Names that end in `Us` are microseconds. */
export interface ConnectionStats extends CoreStats {
  /** Smoothed round trip time, ms (RFC 9002 section 5.3). */
  readonly rtt: number;
  /** Congestion window, bytes: as `congestionWindow`. */
  readonly cwnd: number;
  /** Packets declared lost: as `packetsLost`. */
  readonly lost: number;
  /** Bytes of streams that were sent more than once: as `retransmittedBytes`. */
  readonly retransmitted: number;
  /** Unreliable datagrams that came and gave way, because nobody took them. */
  readonly datagramsUnread: number;
  /** Streams of the peer that wait for a listener or a loop now: at most twice `maxStreams`, then the peer waits. */
  readonly streamsUnclaimed: number;
  /** Messages that do: they hold their bytes of the connection's window, and a place among its streams. */
  readonly messagesUntaken: number;
}

/** What the API's side of a connection counts itself. */
export type InboxCounts = Pick<
  ConnectionStats,
  'datagramsUnread' | 'streamsUnclaimed' | 'messagesUntaken'
>;

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

export function readConnectionStats(core: CoreConnection, inbox: InboxCounts): ConnectionStats {
  const stats = core.stats();
  return {
    ...stats,
    rtt: stats.smoothedRttUs / 1000,
    cwnd: stats.congestionWindow,
    lost: stats.packetsLost,
    retransmitted: Number(stats.retransmittedBytes),
    ...inbox,
  };
}
