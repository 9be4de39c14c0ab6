/**
 * Stage 1: what each received datagram is, and whose.
 *
 * Reads first byte and connection id of every row and fills in CONNECTION and KEY, of keys that are as they should be now;
 * nothing is opened here. Called by the endpoint, once a batch.
 *
 * Invariant: a row that is not a packet of a live connection has a STATUS other than 0 afterwards, so that `open` leaves
 * it alone.
 */

import {
  CONNECTION,
  FLAG_TRUNCATED,
  FLAGS,
  HEADER_MASK_BITS,
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_TAG_BYTES,
  ROW_SHIFT,
  STATUS,
  STATUS_NO_KEY,
  STATUS_TOO_SHORT,
} from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import type { ConnectionTable } from './connection-table.js';
import type { EndpointCounts } from './endpoint-counts.js';

const PACKET_MIN_BYTES = PACKET_HEADER_BYTES + PACKET_TAG_BYTES;
/** The bits of a packet's first byte that nothing hides (docs/wire-format.md): 0x40 and nothing else. */
const FIXED_BITS = 0xff & ~HEADER_MASK_BITS;
const PACKET = 0x40;
const HANDSHAKE_BIT = 0x80;

/** Called for each handshake message, and for packets that no connection knows, before the rows behind are looked at. */
export interface HandshakeSink {
  /** Counts the row as what it is. So does the other. */
  onHandshakeRow(rx: PacketBatch, row: number, nowUs: number): void;
  onUnknownRow(rx: PacketBatch, row: number, nowUs: number): void;
}

/** Classifies all rows of a batch. */
export function classify(
  rx: PacketBatch,
  table: ConnectionTable,
  counts: EndpointCounts,
  sink: HandshakeSink,
  nowUs: number,
): void {
  const { bytes, rows } = rx;
  for (let row = 0; row < rx.length; row++) {
    const at = row << ROW_SHIFT;
    const offset = rows[at + OFFSET];
    const length = rows[at + LENGTH];
    rows[at + CONNECTION] = -1;
    rows[at + KEY] = -1;
    const first = length > 0 ? bytes[offset] : 0;
    if ((rows[at + FLAGS] & FLAG_TRUNCATED) !== 0 || length === 0) {
      rows[at + STATUS] = STATUS_TOO_SHORT;
      counts.droppedMalformed++;
    } else if ((first & FIXED_BITS) === PACKET && length >= PACKET_MIN_BYTES) {
      const slot = table.find(bytes, offset + 1);
      if (slot < 0) {
        rows[at + STATUS] = STATUS_NO_KEY;
        sink.onUnknownRow(rx, row, nowUs);
      } else {
        const { keys } = table.get(slot)!;
        // Batches come before timers: a key that should be gone must not stand where the next one is waited for.
        if (keys.deadlineUs <= nowUs) keys.onTimer(nowUs);
        rows[at + CONNECTION] = slot;
        rows[at + KEY] = keys.openKey;
      }
    } else if ((first & HANDSHAKE_BIT) !== 0) {
      rows[at + STATUS] = STATUS_NO_KEY;
      sink.onHandshakeRow(rx, row, nowUs);
    } else {
      rows[at + STATUS] = STATUS_TOO_SHORT;
      counts.droppedMalformed++;
    }
  }
}
