/**
 * Received rows that are no packet of a live connection: handshake messages, and packets whose connection nobody knows.
 *
 * Handshake messages go to their queue; a packet may be a stateless reset that ends a connection of ours, or be answered
 * with one. Whose a packet is was found out before (classify), and nothing is opened here. Called by `classify`, while
 * stage 1 goes over a batch.
 *
 * Invariant: each row is counted as what it is, once; what belongs to another shard is neither answered nor acted upon.
 */

import { LENGTH, OFFSET, REMOTE, ROW_SHIFT } from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import { HEADER_BYTES, TYPE_INITIATION } from '../handshake/protocol.js';
import type { HandshakeSink } from './classify.js';
import type { EndpointState } from './endpoint-state.js';
import type { Shard } from './shard.js';

/** Where a handshake message has its destination (docs/handshake.md). */
const DESTINATION_AT = 5;

export class OtherRows implements HandshakeSink {
  readonly #state: EndpointState;

  constructor(state: EndpointState) {
    this.#state = state;
  }

  onHandshakeRow(rx: PacketBatch, row: number, nowUs: number): void {
    const { counts, handshakeQueue, shard } = this.#state;
    if (shard !== undefined && isForOthers(shard, rx, row)) counts.droppedMisdirected++;
    else handshakeQueue.onRow(rx, row, nowUs);
  }

  onUnknownRow(rx: PacketBatch, row: number, nowUs: number): void {
    const { counts, handshakeQueue, resets, resetTokens, shard } = this.#state;
    const { bytes, rows } = rx;
    const at = row << ROW_SHIFT;
    const offset = rows[at + OFFSET];
    const byteLength = rows[at + LENGTH];
    const slot = resetTokens.find(bytes, offset + byteLength);
    if (slot >= 0) {
      this.#reset(slot, nowUs);
      return;
    }
    // An id of another shard is not ours to reset: its connection may be alive.
    if (shard !== undefined && !shard.isOurs(bytes, offset + 1)) {
      if (shard.isOthers(bytes, offset + 1)) counts.droppedMisdirected++;
      else counts.droppedUnknownConnection++;
      return;
    }
    counts.droppedUnknownConnection++;
    // Its handshake may be among those that wait: the peer sends it again.
    if (handshakeQueue.length > 0) return;
    resets.answer(rows[at + REMOTE], bytes, offset + 1, byteLength, nowUs);
  }

  /** The peer of this connection does not know it any more. */
  #reset(slot: number, nowUs: number): void {
    const { counts, guard, ready, table } = this.#state;
    counts.receivedResets++;
    ready.push(slot);
    const connection = table.get(slot)!;
    try {
      connection.onReset(nowUs);
    } catch (error) {
      guard.working = connection;
      guard.blame(error, nowUs);
    }
  }
}

/** An answer to a handshake that another shard has begun. An initiation has no id of ours yet. */
function isForOthers(shard: Shard, rx: PacketBatch, row: number): boolean {
  const at = row << ROW_SHIFT;
  const offset = rx.rows[at + OFFSET];
  if (rx.rows[at + LENGTH] < HEADER_BYTES || rx.bytes[offset] === TYPE_INITIATION) return false;
  return shard.isOthers(rx.bytes, offset + DESTINATION_AT);
}
