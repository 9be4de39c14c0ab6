/**
 * Stages 1 to 4 of a turn: a received batch is classified, opened, consumed by its connections, and settled.
 *
 * Each stage runs under the guard and goes on where a fault has stopped it. Rows that are no packet of a live connection are
 * other-rows' affair; what is in a packet is the connection's. Called by the endpoint, once a batch.
 *
 * Invariants: no batch costs more than FRAMES_PER_BATCH frames, and those of one packet; a connection that a batch has
 * touched is settled once, after all packets of the batch; it gives the batch's bytes back before the next batch is taken,
 * at the latest.
 */

import {
  CONNECTION,
  FLAG_ECN_MASK,
  FLAG_KEY_UPDATED,
  FLAG_PREVIOUS_KEY,
  FLAGS,
  HEADER_LENGTH,
  LENGTH,
  OFFSET,
  PACKET_NUMBER,
  PLAINTEXT_LENGTH,
  REMOTE,
  ROW_SHIFT,
  STATUS,
  STATUS_FORGED,
  STATUS_REPLAYED,
  STATUS_TOO_OLD,
} from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import type { Connection } from '../connection/connection.js';
import { ConsumedPacket } from '../connection/consumed-packet.js';
import type { Protection } from '../ports.js';
import { FrameReader } from '../wire/frame-reader.js';
import type { Admission } from './admission.js';
import { classify } from './classify.js';
import type { ConnectionTable } from './connection-table.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { EndpointState } from './endpoint-state.js';
import type { FaultGuard } from './fault-guard.js';
import type { HandshakeQueue } from './handshake-queue.js';
import { OtherRows } from './other-rows.js';
import type { ReadyQueue } from './ready-queue.js';
import type { StatelessReset } from './stateless-reset.js';

/**
 * Frames of one connection, and of all, that are read of one batch: some milliseconds of the event loop, whatever they are.
 * What comes behind them is dropped as if the network had lost it, so that whoever is honest slows down and sends it again.
 * A batch of 4 MB could hold a million; of a sender like ours it holds one or two a datagram.
 */
export const FRAMES_PER_CONNECTION = 1 << 14;
export const FRAMES_PER_BATCH = 2 * FRAMES_PER_CONNECTION;

export class ReceivePass {
  readonly #protection: Protection;
  readonly #table: ConnectionTable;
  readonly #ready: ReadyQueue;
  readonly #guard: FaultGuard;
  readonly #counts: EndpointCounts;
  readonly #admission: Admission;
  readonly #resets: StatelessReset;
  readonly #handshakeQueue: HandshakeQueue;
  readonly #otherRows: OtherRows;
  readonly #reader = new FrameReader();
  readonly #packet = new ConsumedPacket();
  /** Slots of the connections that the batch at hand has touched, each once. */
  readonly #touched: number[] = [];
  readonly #isTouched: boolean[] = [];
  /** Frames read of the batch: by slot, of those that it has touched, and of all. */
  readonly #framesOf: number[] = [];
  #frames = 0;
  /** Connections that may still hold pieces of the last received batch. */
  readonly #borrowing: Connection[] = [];
  /** The batch that a stage is about, and how far the stage has come: it goes on there after a fault. */
  #batch: PacketBatch | undefined = undefined;
  #next = 0;

  constructor(state: EndpointState) {
    this.#protection = state.options.protection;
    this.#table = state.table;
    this.#ready = state.ready;
    this.#guard = state.guard;
    this.#counts = state.counts;
    this.#admission = state.admission;
    this.#resets = state.resets;
    this.#handshakeQueue = state.handshakeQueue;
    this.#otherRows = new OtherRows(state);
  }

  /** Takes `rx.length` rows. Borrows the batch until `endTurn`. */
  receive(rx: PacketBatch, nowUs: number): void {
    this.endTurn();
    this.#resets.forgetWaiting();
    this.#handshakeQueue.beginSlice();
    this.#batch = rx;
    this.#packet.nowUs = nowUs;
    this.#frames = 0;
    this.#next = -1;
    this.#guard.run(this.#open, nowUs);
    if (this.#next < 0) this.#counts.droppedByFault += rx.length;
    else this.#guard.run(this.#consume, nowUs);
    this.#next = 0;
    this.#guard.run(this.#settle, nowUs);
    this.#touched.length = 0;
    this.#batch = undefined;
  }

  /** Bytes of received batches are no longer borrowed. */
  endTurn(): void {
    if (this.#borrowing.length === 0) return;
    this.#next = 0;
    this.#guard.run(this.#giveBack, this.#packet.nowUs);
    this.#borrowing.length = 0;
  }

  /** Stages 1 and 2. */
  readonly #open = (nowUs: number): void => {
    const rx = this.#batch!;
    classify(rx, this.#table, this.#counts, this.#otherRows, nowUs);
    this.#protection.open(rx, 0, rx.length);
    this.#next = 0;
  };

  /** Stage 3. */
  readonly #consume = (): void => {
    const rx = this.#batch!;
    while (this.#next < rx.length) {
      const row = this.#next++;
      const slot = rx.rows[(row << ROW_SHIFT) + CONNECTION];
      if (slot >= 0) this.#consumeRow(rx, row, slot);
    }
  };

  /** Stage 4. */
  readonly #settle = (nowUs: number): void => {
    const { bytes } = this.#batch!;
    while (this.#next < this.#touched.length) {
      const slot = this.#touched[this.#next++];
      this.#isTouched[slot] = false;
      const connection = this.#table.get(slot);
      if (connection === undefined) continue;
      this.#borrowing.push(connection);
      this.#ready.push(slot);
      this.#guard.working = connection;
      connection.settle(bytes, nowUs);
    }
  };

  readonly #giveBack = (): void => {
    while (this.#next < this.#borrowing.length) {
      const connection = this.#borrowing[this.#next++];
      this.#guard.working = connection;
      connection.endTurn();
    }
  };

  #consumeRow(rx: PacketBatch, row: number, slot: number): void {
    const { rows } = rx;
    const at = row << ROW_SHIFT;
    const connection = this.#table.get(slot);
    const status = rows[at + STATUS];
    if (connection === undefined || (status !== 0 && status !== STATUS_REPLAYED)) {
      this.#countDrop(status);
      return;
    }
    this.#guard.working = connection;
    if (!this.#isTouched[slot]) {
      this.#isTouched[slot] = true;
      this.#framesOf[slot] = 0;
      this.#touched.push(slot);
      connection.beginBatch(this.#packet.nowUs);
    }
    if (status === STATUS_REPLAYED) {
      this.#counts.droppedDuplicate++;
      connection.onDuplicate();
      return;
    }
    const packet = this.#packet;
    const offset = rows[at + OFFSET];
    const flags = rows[at + FLAGS];
    packet.bytes = rx.bytes;
    packet.packetNumber = rx.doubles[(at + PACKET_NUMBER) >> 1];
    packet.firstByte = rx.bytes[offset];
    packet.peer = rows[at + REMOTE];
    packet.idAt = offset + 1;
    packet.at = offset + rows[at + HEADER_LENGTH];
    packet.end = packet.at + rows[at + PLAINTEXT_LENGTH];
    packet.byteLength = rows[at + LENGTH];
    packet.ecn = flags & FLAG_ECN_MASK;
    packet.isByPreviousKey = (flags & FLAG_PREVIOUS_KEY) !== 0;
    if ((flags & (FLAG_KEY_UPDATED | FLAG_PREVIOUS_KEY)) !== 0)
      onKeyFlags(connection, flags, packet);
    if (!connection.isConfirmed) this.#admission.onFirstPacket(connection, packet.nowUs);
    // Not before: its key, and that the peer has it, count whether its frames are read or not.
    if (this.#framesOf[slot] >= FRAMES_PER_CONNECTION || this.#frames >= FRAMES_PER_BATCH) {
      this.#counts.droppedByLoad++;
      return;
    }
    this.#counts.receivedPackets++;
    packet.frames = 0;
    connection.onPacket(this.#reader, packet);
    this.#framesOf[slot] += packet.frames;
    this.#frames += packet.frames;
  }

  #countDrop(status: number): void {
    if (status === STATUS_FORGED) this.#counts.droppedForged++;
    else if (status === STATUS_TOO_OLD) this.#counts.droppedTooOld++;
    else this.#counts.droppedNoKey++;
  }
}

function onKeyFlags(connection: Connection, flags: number, packet: ConsumedPacket): void {
  const { keys, recovery, ptoUs } = connection;
  const { packetNumber, nowUs } = packet;
  if ((flags & FLAG_KEY_UPDATED) !== 0) {
    keys.onPeerUpdated(packetNumber, nowUs, ptoUs, recovery.nextPacketNumber);
  } else {
    keys.onPreviousKey(packetNumber);
  }
}
