/**
 * The frames of a packet as qlog describes them (draft-ietf-quic-qlog-quic-events, schema 0.3).
 *
 * It writes nothing. No byte of the application, no token and no path data is in what it returns. Called by `qlog.ts`.
 *
 * Invariant: a payload that is no sequence of frames ends in one of type 'unknown', and nothing throws.
 */

import { ACK_DELAY_EXPONENT } from '../core/config.js';
import { decodeReason } from '../core/connection/close-info.js';
import { errorName } from '../core/error-codes.js';
import { FRAME_MALFORMED, FRAMES_END, type FrameReader } from '../core/wire/frame-reader.js';
import {
  FRAME_ACK,
  FRAME_ACK_ECN,
  FRAME_CONNECTION_CLOSE,
  FRAME_CONNECTION_CLOSE_APPLICATION,
  FRAME_DATA_BLOCKED,
  FRAME_DATAGRAM,
  FRAME_MAX_DATA,
  FRAME_MAX_STREAM_DATA,
  FRAME_MAX_STREAMS_BIDI,
  FRAME_MAX_STREAMS_UNI,
  FRAME_NEW_CONNECTION_ID,
  FRAME_PADDING,
  FRAME_PATH_CHALLENGE,
  FRAME_PATH_RESPONSE,
  FRAME_PING,
  FRAME_RESET_STREAM,
  FRAME_RETIRE_CONNECTION_ID,
  FRAME_STOP_SENDING,
  FRAME_STREAM,
  FRAME_STREAM_DATA_BLOCKED,
  FRAME_STREAMS_BLOCKED_BIDI,
  FRAME_STREAMS_BLOCKED_UNI,
} from '../core/wire/frame-types.js';

/** One frame: `frame_type` and what that type has. */
export type QlogFrame = Readonly<Record<string, unknown>>;

/** All frames between `at` and `end`. Borrows the bytes for the call; where stream data lies they are not read. */
export function describeFrames(
  reader: FrameReader,
  bytes: Uint8Array,
  at: number,
  end: number,
): readonly QlogFrame[] {
  const frames: QlogFrame[] = [];
  reader.reset(bytes, at, end);
  let start = at;
  for (let type = reader.next(); type !== FRAMES_END; type = reader.next()) {
    if (type === FRAME_MALFORMED) {
      frames.push({ frame_type: 'unknown', raw_frame_type: reader.rawType });
      break;
    }
    frames.push(describe(reader, bytes, type, reader.at - start));
    start = reader.at;
  }
  return frames;
}

/** `byteLength`: of the frame. */
function describe(
  reader: FrameReader,
  bytes: Uint8Array,
  type: number,
  byteLength: number,
): QlogFrame {
  switch (type) {
    case FRAME_STREAM: {
      const { id, offset, length, fin } = reader;
      const stream = { frame_type: 'stream', stream_id: id, offset, length };
      return fin ? { ...stream, fin } : stream;
    }
    case FRAME_ACK:
    case FRAME_ACK_ECN:
      return describeAck(reader, type === FRAME_ACK_ECN);
    case FRAME_PADDING:
      return { frame_type: 'padding', length: byteLength, payload_length: byteLength };
    case FRAME_PING:
      return { frame_type: 'ping' };
    case FRAME_DATAGRAM:
      return { frame_type: 'datagram', length: reader.length };
    case FRAME_CONNECTION_CLOSE:
    case FRAME_CONNECTION_CLOSE_APPLICATION:
      return describeClose(reader, bytes, type === FRAME_CONNECTION_CLOSE_APPLICATION);
    default:
      return describeControl(reader, bytes, type);
  }
}

function describeControl(reader: FrameReader, bytes: Uint8Array, type: number): QlogFrame {
  const { id, code, value } = reader;
  switch (type) {
    case FRAME_RESET_STREAM:
      return { frame_type: 'reset_stream', stream_id: id, error_code: code, final_size: value };
    case FRAME_STOP_SENDING:
      return { frame_type: 'stop_sending', stream_id: id, error_code: code };
    case FRAME_MAX_DATA:
      return { frame_type: 'max_data', maximum: value };
    case FRAME_MAX_STREAM_DATA:
      return { frame_type: 'max_stream_data', stream_id: id, maximum: value };
    case FRAME_MAX_STREAMS_BIDI:
      return { frame_type: 'max_streams', stream_type: 'bidirectional', maximum: value };
    case FRAME_MAX_STREAMS_UNI:
      return { frame_type: 'max_streams', stream_type: 'unidirectional', maximum: value };
    case FRAME_DATA_BLOCKED:
      return { frame_type: 'data_blocked', limit: value };
    case FRAME_STREAM_DATA_BLOCKED:
      return { frame_type: 'stream_data_blocked', stream_id: id, limit: value };
    case FRAME_STREAMS_BLOCKED_BIDI:
      return { frame_type: 'streams_blocked', stream_type: 'bidirectional', limit: value };
    case FRAME_STREAMS_BLOCKED_UNI:
      return { frame_type: 'streams_blocked', stream_type: 'unidirectional', limit: value };
    case FRAME_NEW_CONNECTION_ID:
      return {
        frame_type: 'new_connection_id',
        sequence_number: id,
        retire_prior_to: value,
        connection_id: hex(bytes, reader.dataAt, 8),
      };
    case FRAME_RETIRE_CONNECTION_ID:
      return { frame_type: 'retire_connection_id', sequence_number: id };
    case FRAME_PATH_CHALLENGE:
      return { frame_type: 'path_challenge' };
    case FRAME_PATH_RESPONSE:
      return { frame_type: 'path_response' };
    default:
      return { frame_type: 'unknown', raw_frame_type: type };
  }
}

function describeAck(reader: FrameReader, hasCounts: boolean): QlogFrame {
  const ranges: [number, number][] = [];
  // qlog has the smallest range first.
  for (let index = 2 * reader.rangeCount - 2; index >= 0; index -= 2) {
    ranges.push([reader.ranges[index], reader.ranges[index + 1]]);
  }
  const ack = {
    frame_type: 'ack',
    ack_delay: (reader.delay * 2 ** ACK_DELAY_EXPONENT) / 1000,
    acked_ranges: ranges,
  };
  const { ect0, ect1, ce } = reader;
  return hasCounts ? { ...ack, ect0, ect1, ce } : ack;
}

function describeClose(reader: FrameReader, bytes: Uint8Array, isApplication: boolean): QlogFrame {
  const close = {
    frame_type: 'connection_close',
    error_space: isApplication ? 'application' : 'transport',
    error_code: isApplication ? reader.code : errorName(reader.code).toLowerCase(),
    raw_error_code: reader.code,
    reason: decodeReason(bytes, reader.dataAt, reader.length),
  };
  return isApplication ? close : { ...close, trigger_frame_type: reader.value };
}

export function hex(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('hex');
}
