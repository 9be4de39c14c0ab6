/**
 * One direction of a test, seen from one side: what it has moved so far, and how it is stopped.
 *
 * Implemented by stream-traffic, datagram-traffic and latency; used by the client and by the server's test. Types only.
 */

export interface Totals {
  /** Bytes that were acknowledged (of a sender of streams), put into packets (of datagrams), or received. */
  readonly bytes: number;
  /** The same by stream or by connection. */
  readonly lanes: readonly number[];
  /** Datagrams that went or came, or requests that were answered. */
  readonly count?: number;
  /** Datagrams that were to go as well, and gave way before they were sent. */
  readonly dropped?: number;
  readonly outOfOrder?: number;
  readonly jitterUs?: number;
}

export interface Traffic {
  /** Resolves when all was moved that was to be moved; never when the time is the limit. */
  readonly finished: Promise<void>;
  totals(): Totals;
  /** The end: totals stay as they are from now on. */
  stop(): void;
}
