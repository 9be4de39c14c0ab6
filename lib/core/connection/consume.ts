/**
 * Stage 3 for one packet: reads its frames and hands each to the part that it concerns.
 *
 * The packet is authentic and new. Called by `connection.ts` for each opened row.
 *
 * Invariant: nothing a peer sends throws; the first frame that is wrong ends the packet, and its error code the
 * connection. What stood before it has been done. What is legal and useless is counted, and has a budget.
 */

import { ACK_DELAY_EXPONENT } from '../config.js';
import { EXCESSIVE_LOAD, NO_ERROR, PROTOCOL_VIOLATION } from '../error-codes.js';
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
import type { ConnectionState } from './connection-state.js';
import type { ConsumedPacket } from './consumed-packet.js';
import { onPathChallenge, onPathResponse } from './migration.js';
import { onAckFrame } from './settle.js';

/** So many ranges of an ACK cost as much as a small frame, as a power of two. */
const ACK_RANGES_SHIFT = 4;
/** What a frame of another stream than that of the frame before costs beyond one of the same: the stream is not in the cache. */
const OTHER_STREAM_FRAMES = 2;

/** Reads the frames of the packet. Returns 0, or the error code that the connection must be closed with. */
export function consume(
  state: ConnectionState,
  reader: FrameReader,
  packet: ConsumedPacket,
): number {
  const { bytes } = packet;
  reader.reset(bytes, packet.at, packet.end);
  packet.isAckEliciting = false;
  packet.isProbing = true;
  packet.frameType = 0;
  packet.useless = 0;
  packet.hasProgress = false;
  packet.frames = 0;
  let hasAck = false;
  const uselessBefore = state.streams.uselessFrames;
  let isPadding = true;
  let type = reader.next();
  // A packet without frames (RFC 9000 section 12.4).
  if (type === FRAMES_END) return PROTOCOL_VIOLATION;
  while (type >= 0) {
    packet.frameType = type;
    packet.frames++;
    let error = NO_ERROR;
    if (type === FRAME_STREAM) {
      packet.isAckEliciting = true;
      packet.isProbing = false;
      isPadding = false;
      if (reader.length === 0 && !reader.fin) packet.useless++;
      if (reader.id !== packet.streamId) {
        packet.streamId = reader.id;
        packet.frames += OTHER_STREAM_FRAMES;
      }
      error = state.streams.onStream(
        reader.id,
        reader.offset,
        bytes,
        reader.dataAt,
        reader.length,
        reader.fin,
      );
    } else if (type === FRAME_ACK || type === FRAME_ACK_ECN) {
      packet.isProbing = false;
      isPadding = false;
      // One says it all, and each may walk over a thousand packets.
      if (hasAck) packet.useless++;
      hasAck = true;
      const delayUs = reader.delay * 2 ** ACK_DELAY_EXPONENT;
      const hasCounts = type === FRAME_ACK_ECN;
      error = onAckFrame(state, reader, hasCounts, delayUs, packet.isByPreviousKey, packet.nowUs);
      if (state.recovery.ackedPackets > 0) packet.hasProgress = true;
      packet.frames += reader.rangeCount >> ACK_RANGES_SHIFT;
    } else if (type !== FRAME_PADDING) {
      isPadding = false;
      error = consumeOther(state, reader, bytes, type, packet);
    }
    if (error !== NO_ERROR) return error;
    type = reader.next();
  }
  if (type === FRAME_MALFORMED) {
    packet.frameType = reader.rawType;
    return reader.error;
  }
  packet.useless += state.streams.uselessFrames - uselessBefore;
  if (isPadding) packet.useless++;
  return packet.useless === 0 ? NO_ERROR : payForUseless(state, packet);
}

function payForUseless(state: ConnectionState, packet: ConsumedPacket): number {
  const { useless, hasProgress, nowUs } = packet;
  return state.useless.take(useless, hasProgress, nowUs) ? NO_ERROR : EXCESSIVE_LOAD;
}

function consumeOther(
  state: ConnectionState,
  reader: FrameReader,
  bytes: Uint8Array,
  type: number,
  packet: ConsumedPacket,
): number {
  if (type === FRAME_CONNECTION_CLOSE || type === FRAME_CONNECTION_CLOSE_APPLICATION) {
    packet.isProbing = false;
    const isApplication = type === FRAME_CONNECTION_CLOSE_APPLICATION;
    const reason = decodeReason(bytes, reader.dataAt, reader.length);
    closeByPeer(state, isApplication, reader.code, reason, packet.nowUs);
    return NO_ERROR;
  }
  packet.isAckEliciting = true;
  if (type >= FRAME_NEW_CONNECTION_ID && type <= FRAME_PATH_RESPONSE) {
    return consumePathFrame(state, reader, packet, type);
  }
  packet.isProbing = false;
  const { streams } = state;
  switch (type) {
    case FRAME_PING:
      packet.useless++;
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
      return PROTOCOL_VIOLATION;
  }
}

/** Frames about ids and paths: types 0x18 to 0x1b. All but the second may try a path (RFC 9000 section 9.1). */
function consumePathFrame(
  state: ConnectionState,
  reader: FrameReader,
  packet: ConsumedPacket,
  type: number,
): number {
  // All of them are seldom: what they cost beyond their bytes is counted, whether they are of use or not.
  packet.useless++;
  switch (type) {
    case FRAME_NEW_CONNECTION_ID:
      return onNewConnectionId(state, reader, packet.bytes);
    case FRAME_RETIRE_CONNECTION_ID:
      packet.isProbing = false;
      return state.localIds.onRetire(reader.id);
    case FRAME_PATH_CHALLENGE:
      onPathChallenge(state, packet, reader.dataAt);
      return NO_ERROR;
    default:
      onPathResponse(state, packet, reader.dataAt);
      return NO_ERROR;
  }
}

function onNewConnectionId(state: ConnectionState, reader: FrameReader, bytes: Uint8Array): number {
  const { id, value, dataAt } = reader;
  const error = state.remoteIds.onNewConnectionId(id, value, bytes, dataAt, dataAt + 8);
  if (error === NO_ERROR) state.watchResetToken();
  return error;
}
