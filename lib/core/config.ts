/**
 * Every limit and constant of a transport that can be set, with its default and the reason for it.
 *
 * Plain numbers; `lib/api/endpoint-options` checks what a user gives and fills in the rest. It decides nothing.
 *
 * Invariant: every cap on memory is finite; only times and rates may be Infinity (never, unlimited).
 */

export interface TransportConfig {
  /**
   * 'cubic' (RFC 9438), 'bbr' (draft-ietf-ccwg-bbr), 'newreno' (RFC 9002 section 7), or 'ledbat'
   * (draft-irtf-iccrg-ledbat-plus-plus), which yields to all others.
   */
  readonly congestion: 'cubic' | 'bbr' | 'newreno' | 'ledbat';
  /** Largest UDP payload sent, the ceiling of path MTU discovery: 1,200 to 65,507. */
  readonly maxDatagramSize: number;
  /** Silence after which a connection ends, us; the smaller of both sides' counts. */
  readonly idleTimeoutUs: number;
  /** Silence after which a PING is sent, us; Infinity = never. */
  readonly keepAliveUs: number;
  /** Streams of each kind (bidirectional, unidirectional) that the peer may have open at once. */
  readonly maxStreams: number;
  /** Largest receive window of a stream, bytes. Auto-tuning grows towards it. */
  readonly maxStreamData: number;
  /** Largest receive window of the connection, bytes. */
  readonly maxConnectionData: number;
  /** Receive windows at the beginning, bytes (never above the largest). */
  readonly initialStreamData: number;
  readonly initialConnectionData: number;
  /** Bytes written and not yet acknowledged that a stream holds before it pushes back. */
  readonly sendBuffer: number;
  /** Largest message received, bytes. */
  readonly maxMessageSize: number;
  /** Unreliable datagrams that wait to be sent: entries and bytes; the oldest gives way. */
  readonly datagramQueue: number;
  readonly datagramQueueBytes: number;
  /** Connections at once. */
  readonly maxConnections: number;
  /** Bytes a second of the whole endpoint and of one connection; Infinity = no limit. */
  readonly rateLimit: number;
  readonly connectionRateLimit: number;
  /** Whether packets are marked ECT(0). */
  readonly ecn: boolean;
  /** How late a timer of the host may fire, us: the pacer does not wait for less. */
  readonly timerGranularityUs: number;
}

export const DEFAULT_CONFIG: TransportConfig = {
  congestion: 'cubic',
  maxDatagramSize: 65_507,
  idleTimeoutUs: 30_000_000,
  keepAliveUs: 10_000_000,
  maxStreams: 1024,
  maxStreamData: 16 << 20,
  maxConnectionData: 24 << 20,
  initialStreamData: 512 << 10,
  initialConnectionData: 1 << 20,
  sendBuffer: 4 << 20,
  maxMessageSize: 16 << 20,
  datagramQueue: 1024,
  datagramQueueBytes: 4 << 20,
  maxConnections: 16_384,
  rateLimit: Number.POSITIVE_INFINITY,
  connectionRateLimit: Number.POSITIVE_INFINITY,
  ecn: true,
  timerGranularityUs: 1000,
};

/** Smallest datagram that every path carries (RFC 9000 section 14). */
export const BASE_DATAGRAM_BYTES = 1200;
/** Longest that an acknowledgement is held back, us (RFC 9000 section 18.2). */
export const MAX_ACK_DELAY_US = 25_000;
/** Units of the ACK Delay field: 2^3 us (RFC 9000 section 18.2). */
export const ACK_DELAY_EXPONENT = 3;
/** RFC 9002 section 6.2.2. */
export const INITIAL_RTT_US = 333_000;
/** RFC 9002 section 6.1.2. */
export const GRANULARITY_US = 1000;
