/**
 * An opened packet on its way through a connection.
 *
 * It holds and does nothing. Filled in by the endpoint, read by consume.ts, migration.ts and connection.ts.
 *
 * Invariant: all fields speak of the same packet, those that consume.ts finds out included.
 */

import { AS_DOUBLE } from '../doubles.js';

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
  /** Whether it holds nothing but what a path is tried with (RFC 9000 section 9.1). */
  isProbing = false;
  /** Frames that were legal and of no use, those aside that the streams count. */
  useless = 0;
  /** Frames that were read; long ACKs, and those of another stream than the one before, count as several. */
  frames = 0;
  /** Of the last STREAM frame, of whichever connection. */
  streamId = AS_DOUBLE;
  /** It acknowledged something that was not before. */
  hasProgress = false;
  /** Peer id of the address that it came from. */
  peer = 0;
  /** Where its connection id is. */
  idAt = 0;
  /** The frame that was wrong. */
  frameType = 0;
}
