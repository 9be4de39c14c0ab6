/**
 * Writes frames (wire-format.md F4), and says beforehand how many bytes each will take.
 *
 * A writer puts a frame at `at` and returns where the next one goes. The caller has made sure of the room with the
 * function of the same frame that ends in `Bytes`: what lies behind the end of `bytes` is lost. PING and PADDING are
 * one byte, their type. The payloads of STREAM and DATAGRAM are the caller's: only their headers are written here.
 * Called by whoever builds packets; what may be sent when is not decided here.
 *
 * Invariant: what is written with values that the frame may have (F6 to F13), frame-reader reads with the same values;
 * a value that is no varint throws RangeError.
 */

import {
  CONNECTION_ID_BYTES,
  DATAGRAM_LEN,
  FRAME_CONNECTION_CLOSE,
  FRAME_DATAGRAM,
  FRAME_NEW_CONNECTION_ID,
  FRAME_RESET_STREAM,
  FRAME_STOP_SENDING,
  FRAME_STREAM,
  PATH_DATA_BYTES,
  RESET_TOKEN_BYTES,
  STREAM_FIN,
  STREAM_LEN,
  STREAM_OFF,
} from './frame-types.js';
import { varintBytes, writeVarint } from './varint.js';

export { ackBytes, writeAck } from './ack-writer.js';

/** The length of STREAM and DATAGRAM data that goes on to the end of the payload: no Length field. */
export const NO_LENGTH = -1;

/** @param length bytes of data, or NO_LENGTH */
export function streamHeaderBytes(id: number, offset: number, length: number): number {
  return (
    1 +
    varintBytes(id) +
    (offset === 0 ? 0 : varintBytes(offset)) +
    (length === NO_LENGTH ? 0 : varintBytes(length))
  );
}

/** All of a STREAM frame (F6) but its data. `length`: bytes of data, or NO_LENGTH. */
export function writeStreamHeader(
  bytes: Uint8Array,
  at: number,
  id: number,
  offset: number,
  length: number,
  fin: boolean,
): number {
  let type = fin ? FRAME_STREAM | STREAM_FIN : FRAME_STREAM;
  let next = writeVarint(bytes, at + 1, id);
  if (offset !== 0) {
    type |= STREAM_OFF;
    next = writeVarint(bytes, next, offset);
  }
  if (length !== NO_LENGTH) {
    type |= STREAM_LEN;
    next = writeVarint(bytes, next, length);
  }
  bytes[at] = type;
  return next;
}

export function datagramHeaderBytes(length: number): number {
  return length === NO_LENGTH ? 1 : 1 + varintBytes(length);
}

/** All of a DATAGRAM frame (F10) but its data. `length`: bytes of data, or NO_LENGTH. */
export function writeDatagramHeader(bytes: Uint8Array, at: number, length: number): number {
  if (length === NO_LENGTH) {
    bytes[at] = FRAME_DATAGRAM;
    return at + 1;
  }
  bytes[at] = FRAME_DATAGRAM | DATAGRAM_LEN;
  return writeVarint(bytes, at + 1, length);
}

/** Bytes of the frames that `writeVarintFrame` writes. */
export function varintFrameBytes(value: number): number {
  return 1 + varintBytes(value);
}

/**
 * A frame of one number: MAX_DATA, MAX_STREAMS, DATA_BLOCKED, STREAMS_BLOCKED (bytes or streams), RETIRE_CONNECTION_ID
 * (a sequence number).
 */
export function writeVarintFrame(
  bytes: Uint8Array,
  at: number,
  type: number,
  value: number,
): number {
  bytes[at] = type;
  return writeVarint(bytes, at + 1, value);
}

/** Bytes of the frames that `writeTwoVarintFrame` writes. */
export function twoVarintFrameBytes(id: number, value: number): number {
  return 1 + varintBytes(id) + varintBytes(value);
}

/** A frame of two numbers: MAX_STREAM_DATA and STREAM_DATA_BLOCKED (stream id, bytes). */
export function writeTwoVarintFrame(
  bytes: Uint8Array,
  at: number,
  type: number,
  id: number,
  value: number,
): number {
  bytes[at] = type;
  return writeVarint(bytes, writeVarint(bytes, at + 1, id), value);
}

export function stopSendingBytes(id: number, code: number): number {
  return twoVarintFrameBytes(id, code);
}

/** @param code the application's error code */
export function writeStopSending(bytes: Uint8Array, at: number, id: number, code: number): number {
  return writeTwoVarintFrame(bytes, at, FRAME_STOP_SENDING, id, code);
}

export function resetStreamBytes(id: number, code: number, finalSize: number): number {
  return twoVarintFrameBytes(id, code) + varintBytes(finalSize);
}

/**
 * @param code the application's error code
 * @param finalSize bytes of the stream that the receiver has to count, sent or not
 */
export function writeResetStream(
  bytes: Uint8Array,
  at: number,
  id: number,
  code: number,
  finalSize: number,
): number {
  const next = writeTwoVarintFrame(bytes, at, FRAME_RESET_STREAM, id, code);
  return writeVarint(bytes, next, finalSize);
}

export function newConnectionIdBytes(sequence: number, retirePriorTo: number): number {
  return twoVarintFrameBytes(sequence, retirePriorTo) + 1 + CONNECTION_ID_BYTES + RESET_TOKEN_BYTES;
}

/** NEW_CONNECTION_ID (F11). Copies the 8 bytes of the id and the 16 of the token; throws RangeError for others. */
export function writeNewConnectionId(
  bytes: Uint8Array,
  at: number,
  sequence: number,
  retirePriorTo: number,
  connectionId: Uint8Array,
  token: Uint8Array,
): number {
  checkLength('connection id', connectionId, CONNECTION_ID_BYTES);
  checkLength('stateless reset token', token, RESET_TOKEN_BYTES);
  if (retirePriorTo > sequence) {
    throw new RangeError(`connection id ${sequence} cannot retire those before ${retirePriorTo}`);
  }
  let next = writeTwoVarintFrame(bytes, at, FRAME_NEW_CONNECTION_ID, sequence, retirePriorTo);
  bytes[next++] = CONNECTION_ID_BYTES;
  bytes.set(connectionId, next);
  next += CONNECTION_ID_BYTES;
  bytes.set(token, next);
  return next + RESET_TOKEN_BYTES;
}

/** Bytes of a PATH_CHALLENGE or PATH_RESPONSE. */
export const PATH_FRAME_BYTES = 1 + PATH_DATA_BYTES;

/** PATH_CHALLENGE or PATH_RESPONSE. Copies the 8 bytes of `data`; throws RangeError for another number of them. */
export function writePath(bytes: Uint8Array, at: number, type: number, data: Uint8Array): number {
  checkLength('path data', data, PATH_DATA_BYTES);
  bytes[at] = type;
  bytes.set(data, at + 1);
  return at + PATH_FRAME_BYTES;
}

function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`${what} of ${bytes.length} bytes instead of ${length}`);
  }
}

/** @param reasonBytes length of the reason */
export function closeBytes(
  type: number,
  code: number,
  frameType: number,
  reasonBytes: number,
): number {
  const head = 1 + varintBytes(code) + varintBytes(reasonBytes) + reasonBytes;
  return type === FRAME_CONNECTION_CLOSE ? head + varintBytes(frameType) : head;
}

/**
 * CONNECTION_CLOSE or its application form (F13). `frameType`: type of the frame that was wrong, 0 when it was none;
 * the application form has no such field. Copies `reason`, which is UTF-8.
 */
export function writeClose(
  bytes: Uint8Array,
  at: number,
  type: number,
  code: number,
  frameType: number,
  reason: Uint8Array,
): number {
  let next = writeVarintFrame(bytes, at, type, code);
  if (type === FRAME_CONNECTION_CLOSE) next = writeVarint(bytes, next, frameType);
  next = writeVarint(bytes, next, reason.length);
  bytes.set(reason, next);
  return next + reason.length;
}
