/**
 * The frame types (RFC 9000 section 19, RFC 9221 section 4), and the limits that a frame keeps by itself.
 *
 * Numbers only, as in wire-format.md F3 and F4. It reads and writes nothing. Used by frame-reader, frame-writer and by
 * whoever handles frames.
 *
 * Invariant: every type is below 0x40, so that its varint is one byte.
 */

import { VARINT_MAX } from './varint.js';

export const FRAME_PADDING = 0x00;
export const FRAME_PING = 0x01;
export const FRAME_ACK = 0x02;
export const FRAME_ACK_ECN = 0x03;
export const FRAME_RESET_STREAM = 0x04;
export const FRAME_STOP_SENDING = 0x05;
/** 0x08 to 0x0f: with the bits STREAM_FIN, STREAM_LEN and STREAM_OFF. */
export const FRAME_STREAM = 0x08;
export const FRAME_MAX_DATA = 0x10;
export const FRAME_MAX_STREAM_DATA = 0x11;
export const FRAME_MAX_STREAMS_BIDI = 0x12;
export const FRAME_MAX_STREAMS_UNI = 0x13;
export const FRAME_DATA_BLOCKED = 0x14;
export const FRAME_STREAM_DATA_BLOCKED = 0x15;
export const FRAME_STREAMS_BLOCKED_BIDI = 0x16;
export const FRAME_STREAMS_BLOCKED_UNI = 0x17;
export const FRAME_NEW_CONNECTION_ID = 0x18;
export const FRAME_RETIRE_CONNECTION_ID = 0x19;
export const FRAME_PATH_CHALLENGE = 0x1a;
export const FRAME_PATH_RESPONSE = 0x1b;
export const FRAME_CONNECTION_CLOSE = 0x1c;
export const FRAME_CONNECTION_CLOSE_APPLICATION = 0x1d;
/** 0x30 and 0x31: with the bit DATAGRAM_LEN. */
export const FRAME_DATAGRAM = 0x30;

/** The stream ends behind this data. */
export const STREAM_FIN = 0x01;
/** There is a Length field; without it the data goes on to the end of the payload. */
export const STREAM_LEN = 0x02;
/** There is an Offset field; without it the offset is 0. */
export const STREAM_OFF = 0x04;
/** There is a Length field. */
export const DATAGRAM_LEN = 0x01;

/** Ranges of an ACK frame that are read; one more is an encoding error (F7). */
export const ACK_RANGES_MAX = 256;
/** Most streams of one kind: the id of the last one is the largest varint (F12; RFC 9000 has 2^60 of 2^62). */
export const STREAMS_MAX = (VARINT_MAX + 1) / 4;
/** Bytes of a connection id, of a stateless reset token, and of the data of a path frame. */
export const CONNECTION_ID_BYTES = 8;
export const RESET_TOKEN_BYTES = 16;
export const PATH_DATA_BYTES = 8;

/**
 * Whether a packet with this frame has to be acknowledged (F9): all but PADDING, ACK and CONNECTION_CLOSE. Takes what
 * `FrameReader.next` returns.
 */
export function isAckEliciting(type: number): boolean {
  return type > FRAME_ACK_ECN
    ? type !== FRAME_CONNECTION_CLOSE && type !== FRAME_CONNECTION_CLOSE_APPLICATION
    : type === FRAME_PING;
}
