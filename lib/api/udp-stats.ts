/**
 * The counters of a socket as one plain object. Called by `UdpSocket.stats`.
 *
 * Invariant: a snapshot; nothing in it changes later.
 */

import {
  COUNT_BYTES_RECEIVED,
  COUNT_BYTES_SENT,
  COUNT_CONTROL_TRUNCATED,
  COUNT_DATAGRAMS_RECEIVED,
  COUNT_DATAGRAMS_SENT,
  COUNT_ERRNO_BASE,
  COUNT_GSO_FALLBACKS,
  COUNT_KERNEL_DROPS,
  COUNT_PEER_EVICTIONS,
  COUNT_PEER_OVERFLOWS,
  COUNT_RECEIVE_CALLS,
  COUNT_RECEIVE_ERRORS,
  COUNT_SEGMENTS_RECEIVED,
  COUNT_SEND_BLOCKED,
  COUNT_SEND_CALLS,
  COUNT_SEND_FAILURES,
  COUNT_SEND_NO_BUFFERS,
  COUNT_TRAINS_SENT,
  COUNT_TRUNCATED,
} from '../batch/layout.js';
import type { BatchSocket } from '../io/batch-socket.js';
import { errnoName } from './errno-name.js';

/** Counted since `bind`. Bytes are payload bytes. */
export interface UdpStats {
  /** Datagrams that the kernel took. */
  readonly datagramsSent: number;
  readonly bytesSent: number;
  /** System calls made to send; with the dgram engine, datagrams handed to node:dgram. */
  readonly sendCalls: number;
  /** Trains sent with UDP_SEGMENT: kernel messages of more than one datagram. */
  readonly trainsSent: number;
  /** Datagrams that failed with an error of their own. */
  readonly sendFailures: number;
  /** Trains that the kernel refused and that went out datagram by datagram. */
  readonly gsoFallbacks: number;
  /** Sends cut short by a full socket buffer. */
  readonly sendBlocked: number;
  /** Sends cut short by a full device or by lack of memory. */
  readonly noBuffers: number;
  readonly datagramsReceived: number;
  readonly bytesReceived: number;
  /** System calls made to receive; with the dgram engine, datagrams that node:dgram delivered. */
  readonly receiveCalls: number;
  /** Datagrams that arrived as segments of a coalesced train (UDP_GRO). */
  readonly segmentsReceived: number;
  /** Dropped for lack of room: by the kernel (SO_RXQ_OVFL), or by the dgram engine's bounded inbox. */
  readonly kernelDrops: number;
  /** Datagrams that the kernel cut (MSG_TRUNC). */
  readonly truncated: number;
  /** Messages whose control data the kernel cut (MSG_CTRUNC). */
  readonly controlTruncated: number;
  /** Receive calls that failed; none of them ends the socket. */
  readonly receiveErrors: number;
  /** Addresses forgotten to make room for new ones. */
  readonly peerEvictions: number;
  /** Datagrams dropped because no address could be forgotten. */
  readonly peerOverflows: number;
  /** How often each error was seen, by code: `{ EMSGSIZE: 2 }`. */
  readonly errors: Readonly<Record<string, number>>;
  /** Bytes that the kernel gave. */
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
}

const ERRNO_COUNT = 255;

export function readStats(engine: BatchSocket): UdpStats {
  engine.refreshCounters();
  const { counters } = engine;
  return {
    datagramsSent: counters[COUNT_DATAGRAMS_SENT],
    bytesSent: counters[COUNT_BYTES_SENT],
    sendCalls: counters[COUNT_SEND_CALLS],
    trainsSent: counters[COUNT_TRAINS_SENT],
    sendFailures: counters[COUNT_SEND_FAILURES],
    gsoFallbacks: counters[COUNT_GSO_FALLBACKS],
    sendBlocked: counters[COUNT_SEND_BLOCKED],
    noBuffers: counters[COUNT_SEND_NO_BUFFERS],
    datagramsReceived: counters[COUNT_DATAGRAMS_RECEIVED],
    bytesReceived: counters[COUNT_BYTES_RECEIVED],
    receiveCalls: counters[COUNT_RECEIVE_CALLS],
    segmentsReceived: counters[COUNT_SEGMENTS_RECEIVED],
    kernelDrops: counters[COUNT_KERNEL_DROPS],
    truncated: counters[COUNT_TRUNCATED],
    controlTruncated: counters[COUNT_CONTROL_TRUNCATED],
    receiveErrors: counters[COUNT_RECEIVE_ERRORS],
    peerEvictions: counters[COUNT_PEER_EVICTIONS],
    peerOverflows: counters[COUNT_PEER_OVERFLOWS],
    errors: errorsByCode(counters),
    receiveBufferSize: engine.receiveBufferSize,
    sendBufferSize: engine.sendBufferSize,
  };
}

function errorsByCode(counters: Float64Array): Record<string, number> {
  const errors: Record<string, number> = {};
  for (let errno = 1; errno <= ERRNO_COUNT; errno++) {
    const count = counters[COUNT_ERRNO_BASE + errno];
    if (count > 0) errors[errnoName(errno)] = count;
  }
  return errors;
}
