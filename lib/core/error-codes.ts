/**
 * The error codes of CONNECTION_CLOSE (RFC 9000 section 20), and their names.
 *
 * Returned as numbers by everything that reads what a peer sent: 0 is "nothing wrong". It decides nothing. Read by
 * the whole core; `lib/api` shows the names.
 *
 * Invariant: a code, once released, keeps its meaning.
 */

export const NO_ERROR = 0x00;
export const INTERNAL_ERROR = 0x01;
export const CONNECTION_REFUSED = 0x02;
export const FLOW_CONTROL_ERROR = 0x03;
export const STREAM_LIMIT_ERROR = 0x04;
export const STREAM_STATE_ERROR = 0x05;
export const FINAL_SIZE_ERROR = 0x06;
export const FRAME_ENCODING_ERROR = 0x07;
export const TRANSPORT_PARAMETER_ERROR = 0x08;
export const CONNECTION_ID_LIMIT_ERROR = 0x09;
export const PROTOCOL_VIOLATION = 0x0a;
export const APPLICATION_ERROR = 0x0c;
export const KEY_UPDATE_ERROR = 0x0e;
export const AEAD_LIMIT_REACHED = 0x0f;
/** Ours: more disjoint spans, or more of something else, than the receiver keeps. */
export const EXCESSIVE_LOAD = 0x107;
/** Ours: a message above the receiver's `max_message_size`. */
export const MESSAGE_TOO_LARGE = 0x108;

const NAMES: ReadonlyMap<number, string> = new Map([
  [NO_ERROR, 'NO_ERROR'],
  [INTERNAL_ERROR, 'INTERNAL_ERROR'],
  [CONNECTION_REFUSED, 'CONNECTION_REFUSED'],
  [FLOW_CONTROL_ERROR, 'FLOW_CONTROL_ERROR'],
  [STREAM_LIMIT_ERROR, 'STREAM_LIMIT_ERROR'],
  [STREAM_STATE_ERROR, 'STREAM_STATE_ERROR'],
  [FINAL_SIZE_ERROR, 'FINAL_SIZE_ERROR'],
  [FRAME_ENCODING_ERROR, 'FRAME_ENCODING_ERROR'],
  [TRANSPORT_PARAMETER_ERROR, 'TRANSPORT_PARAMETER_ERROR'],
  [CONNECTION_ID_LIMIT_ERROR, 'CONNECTION_ID_LIMIT_ERROR'],
  [PROTOCOL_VIOLATION, 'PROTOCOL_VIOLATION'],
  [APPLICATION_ERROR, 'APPLICATION_ERROR'],
  [KEY_UPDATE_ERROR, 'KEY_UPDATE_ERROR'],
  [AEAD_LIMIT_REACHED, 'AEAD_LIMIT_REACHED'],
  [EXCESSIVE_LOAD, 'EXCESSIVE_LOAD'],
  [MESSAGE_TOO_LARGE, 'MESSAGE_TOO_LARGE'],
]);

/** `FLOW_CONTROL_ERROR`; `0x1234` for a code without a name. */
export function errorName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16)}`;
}
