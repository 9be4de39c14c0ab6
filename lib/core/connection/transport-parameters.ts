/**
 * The transport parameters of one side, typed: what a connection may do to it (RFC 9000 section 18.2).
 *
 * The list as bytes is handshake/parameters; here are the meanings, the limits and the defaults. It applies nothing.
 * Called by the endpoint, before a handshake and after it. The clauses T1 to T8 are in docs/handshake.md.
 *
 * Invariant: what `decodeTransportParameters` returns is complete and within the limits of the table.
 */

import { MAX_ACK_DELAY_US, type TransportConfig } from '../config.js';
import { decodeParameters, encodeParameters } from '../handshake/parameters.js';
import { STREAMS_MAX } from '../wire/frame-types.js';
import { VARINT_MAX, varintBytes, writeVarint } from '../wire/varint.js';
import { REMOTE_IDS_MAX } from './connection-ids.js';

export interface TransportParameters {
  /** Silence after which this side drops the connection, ms; 0 = never. */
  readonly maxIdleTimeoutMs: number;
  /** Largest UDP payload that it takes, bytes. */
  readonly maxUdpPayloadSize: number;
  /** Bytes that may be sent to it on all streams, until it says more. */
  readonly initialMaxData: number;
  /** The same for a bidirectional stream that it opens, one that its peer opens, and a unidirectional one. */
  readonly initialMaxStreamDataBidiLocal: number;
  readonly initialMaxStreamDataBidiRemote: number;
  readonly initialMaxStreamDataUni: number;
  /** Streams of each kind that its peer may open, until it says more. */
  readonly initialMaxStreamsBidi: number;
  readonly initialMaxStreamsUni: number;
  /** Longest that it holds an acknowledgement back, ms. */
  readonly maxAckDelayMs: number;
  /** Connection ids of its peer that it keeps. */
  readonly activeConnectionIdLimit: number;
  /** Largest DATAGRAM frame that it takes, bytes, type and length included (RFC 9221 section 3); 0 = none. */
  readonly maxDatagramFrameSize: number;
  /** Largest message that it takes, bytes; 0 = none. */
  readonly maxMessageSize: number;
  /** Of a responder that takes no connection: the error code that says why; 0 = it does take it. */
  readonly refusalCode: number;
}

type Field = keyof TransportParameters;

/** Field, id, least and most (T2), and what it is for a peer that does not say (T5). */
const TABLE: readonly (readonly [Field, number, number, number, number])[] = [
  ['maxIdleTimeoutMs', 0x01, 0, VARINT_MAX, 0],
  ['maxUdpPayloadSize', 0x03, 1200, VARINT_MAX, 65_527],
  ['initialMaxData', 0x04, 0, VARINT_MAX, 0],
  ['initialMaxStreamDataBidiLocal', 0x05, 0, VARINT_MAX, 0],
  ['initialMaxStreamDataBidiRemote', 0x06, 0, VARINT_MAX, 0],
  ['initialMaxStreamDataUni', 0x07, 0, VARINT_MAX, 0],
  ['initialMaxStreamsBidi', 0x08, 0, STREAMS_MAX, 0],
  ['initialMaxStreamsUni', 0x09, 0, STREAMS_MAX, 0],
  ['maxAckDelayMs', 0x0b, 0, 2 ** 14 - 1, 25],
  ['activeConnectionIdLimit', 0x0e, 2, VARINT_MAX, 2],
  ['maxDatagramFrameSize', 0x20, 0, VARINT_MAX, 0],
  ['maxMessageSize', 0x3b01, 0, VARINT_MAX, 0],
  ['refusalCode', 0x3b02, 0, VARINT_MAX, 0],
];

/** Ours, as they are told to every peer. */
export function localTransportParameters(config: TransportConfig): TransportParameters {
  return {
    maxIdleTimeoutMs: Number.isFinite(config.idleTimeoutUs)
      ? Math.ceil(config.idleTimeoutUs / 1000)
      : 0,
    maxUdpPayloadSize: 65_527,
    initialMaxData: config.initialConnectionData,
    initialMaxStreamDataBidiLocal: config.initialStreamData,
    initialMaxStreamDataBidiRemote: config.initialStreamData,
    initialMaxStreamDataUni: config.initialStreamData,
    initialMaxStreamsBidi: config.maxStreams,
    initialMaxStreamsUni: config.maxStreams,
    maxAckDelayMs: MAX_ACK_DELAY_US / 1000,
    activeConnectionIdLimit: REMOTE_IDS_MAX,
    maxDatagramFrameSize: 65_535,
    maxMessageSize: config.maxMessageSize,
    refusalCode: 0,
  };
}

/** Of a peer that sends an empty list (T5). A new object. */
export function defaultTransportParameters(): TransportParameters {
  return defaults();
}

function defaults(): Record<Field, number> {
  return Object.fromEntries(TABLE.map((row) => [row[0], row[4]])) as Record<Field, number>;
}

/** The parameters as bytes, all of them. Throws RangeError for a value that a peer would refuse. */
export function encodeTransportParameters(parameters: TransportParameters): Uint8Array {
  const values = new Map<number, Uint8Array>();
  for (const [field, id, least, most] of TABLE) {
    const value = parameters[field];
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new RangeError(`${field} must be an integer from ${least} to ${most}: ${value}`);
    }
    const bytes = new Uint8Array(varintBytes(value));
    writeVarint(bytes, 0, value);
    values.set(id, bytes);
  }
  return encodeParameters(values);
}

/**
 * The parameters of a peer; undefined is TRANSPORT_PARAMETER_ERROR (T1 to T4). Borrows `bytes` for the call. Ids that are
 * not in the table are ignored (T6).
 */
export function decodeTransportParameters(bytes: Uint8Array): TransportParameters | undefined {
  const values = decodeParameters(bytes);
  if (values === undefined) return undefined;
  const parameters = defaults();
  for (const [field, id, least, most] of TABLE) {
    const encoded = values.get(id);
    if (encoded === undefined) continue;
    const value = readWhole(encoded);
    if (value < least || value > most) return undefined;
    parameters[field] = value;
  }
  return parameters;
}

/** The varint that fills `bytes`, in any of its forms (T1); -1 when there is none, or one above 2^53 - 1 (T3). */
function readWhole(bytes: Uint8Array): number {
  if (bytes.length === 0 || bytes.length !== 1 << (bytes[0] >> 6)) return -1;
  let value = bytes[0] & 0x3f;
  for (let index = 1; index < bytes.length; index++) value = value * 256 + bytes[index];
  return value <= VARINT_MAX ? value : -1;
}
