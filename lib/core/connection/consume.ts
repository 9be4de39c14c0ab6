/**
 * Stage 3 for one packet: reads its frames and hands each to the part that it concerns.
 *
 * The packet is authentic and new. Called by `connection.ts` for each opened row.
 *
 * Invariant: nothing a peer sends throws; the first frame that is wrong ends the packet, and its error code the
 * connection. What stood before it has been done.
 */

import { ACK_DELAY_EXPONENT } from '../config.js';
import { AS_DOUBLE } from '../doubles.js';
import { NO_ERROR, PROTOCOL_VIOLATION } from '../error-codes.js';
import { FRAME_MALFORMED, FRAMES_END, type FrameReader } from '../wire/frame-reader.js';
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
} from '../wire/frame-types.js';
import { decodeReason } from './close-info.js';
import { closeByPeer } from './closing.js';
import { type ConnectionState, PATH_RESPONSES_MAX } from './connection-state.js';
import { onAckFrame } from './settle.js';

const NO_BYTES = new Uint8Array(0);

/**
 * The packet that is being consumed, and what was found out about it: one object for an endpoint. Doubles are passed in
 * fields: as arguments each would be boxed, an allocation a packet.
 */
export class ConsumedPacket {
  bytes: Uint8Array = NO_BYTES;
  /** Where its frames are. */
  at = 0;
  end = 0;
  packetNumber = AS_DOUBLE;
  nowUs = AS_DOUBLE;
  /** Of the whole datagram, bytes. */
  byteLength = 0;
  firstByte = 0;
  /** The mark of its IP header. */
  ecn = 0;
  /** It was opened with the key of the phase before. */
  isByPreviousKey = false;
  /** Whether it must be acknowledged. */
  isAckEliciting = false;
  /** The frame that was wrong. */
  frameType = 0;
}

/** Reads the frames of the packet. Returns 0, or the error code that the connection must be closed with. */
export function consume(
  state: ConnectionState,
  reader: FrameReader,
  packet: ConsumedPacket,
): number {
  const { bytes } = packet;
  reader.reset(bytes, packet.at, packet.end);
  packet.isAckEliciting = false;
  packet.frameType = 0;
  let type = reader.next();
  // A packet without frames (RFC 9000 section 12.4).
  if (type === FRAMES_END) return PROTOCOL_VIOLATION;
  while (type >= 0) {
    packet.frameType = type;
    let error = NO_ERROR;
    if (type === FRAME_STREAM) {
      packet.isAckEliciting = true;
      error = state.streams.onStream(
        reader.id,
        reader.offset,
        bytes,
        reader.dataAt,
        reader.length,
        reader.fin,
      );
    } else if (type === FRAME_ACK || type === FRAME_ACK_ECN) {
      const delayUs = reader.delay * 2 ** ACK_DELAY_EXPONENT;
      const hasCounts = type === FRAME_ACK_ECN;
      error = onAckFrame(state, reader, hasCounts, delayUs, packet.isByPreviousKey, packet.nowUs);
    } else if (type !== FRAME_PADDING) {
      error = consumeOther(state, reader, bytes, type, packet);
    }
    if (error !== NO_ERROR) return error;
    type = reader.next();
  }
  if (type !== FRAME_MALFORMED) return NO_ERROR;
  packet.frameType = reader.rawType;
  return reader.error;
}

function consumeOther(
  state: ConnectionState,
  reader: FrameReader,
  bytes: Uint8Array,
  type: number,
  packet: ConsumedPacket,
): number {
  if (type === FRAME_CONNECTION_CLOSE || type === FRAME_CONNECTION_CLOSE_APPLICATION) {
    const isApplication = type === FRAME_CONNECTION_CLOSE_APPLICATION;
    const reason = decodeReason(bytes, reader.dataAt, reader.length);
    closeByPeer(state, isApplication, reader.code, reason, packet.nowUs);
    return NO_ERROR;
  }
  packet.isAckEliciting = true;
  const { streams } = state;
  switch (type) {
    case FRAME_PING:
      return NO_ERROR;
    case FRAME_DATAGRAM:
      return state.datagrams.onDatagram(bytes, reader.dataAt, reader.length);
    case FRAME_MAX_DATA:
      return streams.onMaxData(reader.value);
    case FRAME_MAX_STREAM_DATA:
      return streams.onMaxStreamData(reader.id, reader.value);
    case FRAME_RESET_STREAM:
      return streams.onResetStream(reader.id, reader.code, reader.value);
    case FRAME_STOP_SENDING:
      return streams.onStopSending(reader.id, reader.code);
    case FRAME_MAX_STREAMS_BIDI:
    case FRAME_MAX_STREAMS_UNI:
      return streams.onMaxStreams(type === FRAME_MAX_STREAMS_UNI, reader.value);
    case FRAME_DATA_BLOCKED:
      return streams.onDataBlocked(reader.value);
    case FRAME_STREAM_DATA_BLOCKED:
      return streams.onStreamDataBlocked(reader.id, reader.value);
    case FRAME_STREAMS_BLOCKED_BIDI:
    case FRAME_STREAMS_BLOCKED_UNI:
      return streams.onStreamsBlocked(type === FRAME_STREAMS_BLOCKED_UNI, reader.value);
    default:
      return consumePathFrame(state, reader, bytes, type);
  }
}

function consumePathFrame(
  state: ConnectionState,
  reader: FrameReader,
  bytes: Uint8Array,
  type: number,
): number {
  switch (type) {
    case FRAME_NEW_CONNECTION_ID:
      return state.remoteIds.onNewConnectionId(
        reader.id,
        reader.value,
        bytes,
        reader.dataAt,
        reader.dataAt + 8,
      );
    case FRAME_RETIRE_CONNECTION_ID:
      return state.localIds.onRetire(reader.id);
    case FRAME_PATH_CHALLENGE:
      queuePathResponse(state, bytes, reader.dataAt);
      return NO_ERROR;
    case FRAME_PATH_RESPONSE:
      // We have sent no PATH_CHALLENGE, so no answer can be ours (RFC 9000 section 19.18 allows to ignore it).
      return NO_ERROR;
    default:
      return PROTOCOL_VIOLATION;
  }
}

/** At most PATH_RESPONSES_MAX wait; the oldest gives way to the newest. */
function queuePathResponse(state: ConnectionState, bytes: Uint8Array, at: number): void {
  if (state.pathResponseCount === PATH_RESPONSES_MAX) {
    state.pathResponses.copyWithin(0, 8);
    state.pathResponseCount--;
  }
  const to = 8 * state.pathResponseCount++;
  for (let index = 0; index < 8; index++) state.pathResponses[to + index] = bytes[at + index];
}
