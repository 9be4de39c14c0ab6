/**
 * What recovery remembers of a frame: its kind, by the number of its type.
 *
 * Numbers only; what is done when a frame of a kind is acknowledged or lost, its owner decides. Read by whoever records
 * frames.
 *
 * Invariant: a kind is the frame's first byte (RFC 9000 section 19), but for STREAM, where it tells whether FIN was set.
 */

export const SENT_PING = 0x01;
export const SENT_ACK = 0x02;
export const SENT_RESET_STREAM = 0x04;
export const SENT_STOP_SENDING = 0x05;
export const SENT_STREAM = 0x08;
export const SENT_STREAM_FIN = 0x09;
export const SENT_MAX_DATA = 0x10;
export const SENT_MAX_STREAM_DATA = 0x11;
export const SENT_MAX_STREAMS_BIDI = 0x12;
export const SENT_MAX_STREAMS_UNI = 0x13;
export const SENT_DATA_BLOCKED = 0x14;
export const SENT_STREAM_DATA_BLOCKED = 0x15;
export const SENT_STREAMS_BLOCKED_BIDI = 0x16;
export const SENT_STREAMS_BLOCKED_UNI = 0x17;
export const SENT_NEW_CONNECTION_ID = 0x18;
export const SENT_RETIRE_CONNECTION_ID = 0x19;
export const SENT_PATH_CHALLENGE = 0x1a;
export const SENT_PATH_RESPONSE = 0x1b;
export const SENT_DATAGRAM = 0x30;
