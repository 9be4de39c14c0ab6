/**
 * What an endpoint has counted: datagrams by what became of them.
 *
 * Plain numbers under names; nothing decides by them. Written by the endpoint, read by `stats()`.
 *
 * Invariant: every datagram that came is counted in exactly one of the `received...` and `dropped...` fields.
 */

export class EndpointCounts {
  /** Packets of connections that opened. */
  receivedPackets = 0;
  /** Handshake messages, whatever came of them: see `handshakes` in `stats()`. */
  receivedHandshakes = 0;
  /** Opened before: a repetition. */
  droppedDuplicate = 0;
  /** Older than the replay window. */
  droppedTooOld = 0;
  /** The tag does not fit: forged or damaged. */
  droppedForged = 0;
  /** No connection has that id. */
  droppedUnknownConnection = 0;
  /** Its id names another shard of the group (`shard`): it was steered here wrongly. */
  droppedMisdirected = 0;
  /** Stateless resets of peers: each has ended a connection. */
  receivedResets = 0;
  /** Neither a packet nor a handshake message, or too short to be one, or cut by the kernel. */
  droppedMalformed = 0;
  /** The connection was gone when its packets were opened. */
  droppedNoKey = 0;
  /** Handshakes, of either side, for whose connection there was no room. */
  refusedFull = 0;
  /** Packets behind as many frames as one batch may bring, and handshake messages behind as many as may wait. */
  droppedByLoad = 0;
  /** Packets that could not be sealed: a key used up, or bytes taken back by the application. */
  unsealed = 0;
  /** Packets that came in a batch which could not be opened: see `faults`. */
  droppedByFault = 0;
  /** Times that something threw in here which must not; the connection concerned has ended with INTERNAL_ERROR. */
  faults = 0;
  packetsSent = 0;
  /** Stateless resets sent, and those that their limits have held back. */
  resetsSent = 0;
  resetsLimited = 0;
  handshakesSent = 0;
  connectionsOpened = 0;
  connectionsClosed = 0;
}
