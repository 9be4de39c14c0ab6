/**
 * Tells the owner of a frame what became of it: acknowledged, or lost.
 *
 * Recovery calls it for each frame that was recorded; who owns which kind is decided here and nowhere else.
 *
 * Invariant: every kind that is recorded has its line here; a kind without an owner (PING, PATH_RESPONSE) needs nothing.
 */

import type { DatagramQueue } from '../datagrams/datagram-queue.js';
import type { ReceivedPackets } from '../recovery/received-packets.js';
import type { FrameHandler } from '../recovery/recovery.js';
import type { Streams } from '../streams/streams.js';
import {
  SENT_ACK,
  SENT_DATAGRAM,
  SENT_NEW_CONNECTION_ID,
  SENT_PATH_CHALLENGE,
  SENT_PATH_RESPONSE,
  SENT_PING,
  SENT_RETIRE_CONNECTION_ID,
} from '../wire/sent-kinds.js';
import type { LocalIds, RemoteIds } from './connection-ids.js';

export class FrameOwners implements FrameHandler {
  readonly #streams: Streams;
  readonly #datagrams: DatagramQueue;
  readonly #localIds: LocalIds;
  readonly #remoteIds: RemoteIds;
  readonly #received: ReceivedPackets;

  constructor(
    streams: Streams,
    datagrams: DatagramQueue,
    localIds: LocalIds,
    remoteIds: RemoteIds,
    received: ReceivedPackets,
  ) {
    this.#streams = streams;
    this.#datagrams = datagrams;
    this.#localIds = localIds;
    this.#remoteIds = remoteIds;
    this.#received = received;
  }

  onFrameAcked(kind: number, id: number, offset: number, length: number): void {
    switch (kind) {
      case SENT_ACK:
        this.#received.forget(offset);
        return;
      case SENT_NEW_CONNECTION_ID:
        this.#localIds.onFrameAcked(id);
        return;
      case SENT_RETIRE_CONNECTION_ID:
        this.#remoteIds.onFrameAcked(id);
        return;
      case SENT_DATAGRAM:
      case SENT_PING:
      case SENT_PATH_CHALLENGE:
      case SENT_PATH_RESPONSE:
        return;
      default:
        this.#streams.onFrameAcked(kind, id, offset, length);
    }
  }

  onFrameLost(kind: number, id: number, offset: number, length: number): void {
    switch (kind) {
      case SENT_NEW_CONNECTION_ID:
        this.#localIds.onFrameLost(id);
        return;
      case SENT_RETIRE_CONNECTION_ID:
        this.#remoteIds.onFrameLost(id);
        return;
      case SENT_DATAGRAM:
        this.#datagrams.onLost();
        return;
      case SENT_ACK:
      case SENT_PING:
      case SENT_PATH_CHALLENGE:
      case SENT_PATH_RESPONSE:
        return;
      default:
        this.#streams.onFrameLost(kind, id, offset, length);
    }
  }
}
