/**
 * Writes packets into a batch, one behind the other: header, frames, row. The one FrameSpace of an endpoint.
 *
 * It decides nothing: `build.ts` says what goes into a packet, the owners of frames write them. Sealing happens later,
 * for the whole batch at once. Called by build.ts (packets) and the endpoint (batches).
 *
 * Invariants: packets lie back to back in the slab, so that equal ones form a train; a packet that was begun is either
 * finished or abandoned, and an abandoned one leaves no trace in batch or recovery.
 */

import {
  CONNECTION,
  FLAGS,
  KEY,
  LENGTH,
  LOCAL,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_TAG_BYTES,
  REMOTE,
  ROW_INTS,
  ROW_SHIFT,
  SOURCE,
  SOURCE_LENGTH,
  SOURCE_OFFSET,
  STATUS,
} from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import type { Recovery } from '../recovery/recovery.js';
import type { FrameSpace } from '../wire/frame-space.js';
import { NO_LENGTH, writeStreamHeader } from '../wire/frame-writer.js';
import { StreamRun } from '../wire/stream-run.js';

/** Where the packets of one connection go, and with which key. */
export interface PacketRoute {
  readonly slot: number;
  readonly peer: number;
  readonly sealKey: number;
  /** 8 bytes; borrowed for the call. */
  readonly remoteId: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

export class PacketBuilder implements FrameSpace {
  bytes: Uint8Array = NO_BYTES;
  at = 0;
  end = 0;
  /** Whether the packet that was begun holds anything that must be acknowledged. */
  isAckEliciting = false;
  /** Bytes of this batch's slab that packets fill. */
  usedBytes = 0;
  /** What `addRun` adds. */
  readonly run = new StreamRun();
  #batch: PacketBatch | undefined;
  #rows: Int32Array = new Int32Array(0);
  #doubles: Float64Array = new Float64Array(0);
  #recovery: Recovery | undefined;
  #slot = 0;
  #peer = 0;
  #sealKey = 0;
  #remoteId: Uint8Array = NO_BYTES;
  #start = 0;
  #source = -1;
  #sourceOffset = 0;
  #sourceLength = 0;

  /** Begins an empty batch. Borrows it until the next call. */
  openBatch(batch: PacketBatch): void {
    this.#batch = batch;
    this.#rows = batch.rows;
    this.#doubles = batch.doubles;
    this.bytes = batch.bytes;
    this.usedBytes = 0;
    batch.length = 0;
    batch.sources.length = 0;
  }

  /** The packets that follow are this connection's. Borrows the route's id until the next call. */
  openConnection(route: PacketRoute, recovery: Recovery): void {
    this.#recovery = recovery;
    this.#slot = route.slot;
    this.#peer = route.peer;
    this.#sealKey = route.sealKey;
    this.#remoteId = route.remoteId;
  }

  /** The packets that follow go to another address of the same peer, with that id; until the next `openConnection`. */
  openPath(peer: number, remoteId: Uint8Array): void {
    this.#peer = peer;
    this.#remoteId = remoteId;
  }

  /** Whether a packet of that many bytes still fits into the batch. */
  hasRoom(datagramBytes: number): boolean {
    const batch = this.#batch!;
    return (
      batch.length < batch.capacity && this.usedBytes + datagramBytes <= batch.bytes.byteLength
    );
  }

  /** How many packets of that many bytes fit into the batch. */
  roomFor(datagramBytes: number): number {
    const batch = this.#batch!;
    const free = Math.floor((batch.bytes.byteLength - this.usedBytes) / datagramBytes);
    return Math.min(batch.capacity - batch.length, free);
  }

  /** Copies a finished datagram (a handshake message) into the next row: it is not sealed. */
  addDatagram(datagram: Uint8Array, peer: number): void {
    const batch = this.#batch!;
    const row = batch.length << ROW_SHIFT;
    this.bytes.set(datagram, this.usedBytes);
    this.#fillRow(row, this.usedBytes, datagram.byteLength, 0, peer, -1, -1);
    this.usedBytes += datagram.byteLength;
    batch.length++;
  }

  /** The packets of `run`, of `datagramBytes` each, marked `ecn`: begun, filled and finished. Recovery hears of them from the caller. */
  addRun(datagramBytes: number, ecn: number): void {
    const batch = this.#batch!;
    const { run } = this;
    const { count, id, dataBytes } = run;
    const rows = this.#rows;
    const source = this.#sourceOf(run.chunk);
    let { usedBytes: start } = this;
    let { offset, chunkAt } = run;
    let packetNumber = this.#recovery!.nextPacketNumber;
    let row = batch.length << ROW_SHIFT;
    for (let index = 0; index < count; index++) {
      this.#writeHeader(start);
      writeStreamHeader(this.bytes, start + PACKET_HEADER_BYTES, id, offset, NO_LENGTH, false);
      this.#fillRow(row, start, datagramBytes, ecn, this.#peer, this.#slot, this.#sealKey);
      rows[row + SOURCE] = source;
      rows[row + SOURCE_OFFSET] = chunkAt;
      rows[row + SOURCE_LENGTH] = dataBytes;
      this.#doubles[(row + PACKET_NUMBER) >> 1] = packetNumber++;
      start += datagramBytes;
      offset += dataBytes;
      chunkAt += dataBytes;
      row += ROW_INTS;
    }
    this.usedBytes = start;
    batch.length += count;
  }

  /** Begins a packet of at most that many bytes. There must be room for it. */
  begin(datagramBytes: number): void {
    const start = this.usedBytes;
    this.#writeHeader(start);
    this.#start = start;
    this.at = start + PACKET_HEADER_BYTES;
    this.end = start + datagramBytes - PACKET_TAG_BYTES;
    this.isAckEliciting = false;
    this.#sourceLength = 0;
    this.#recovery!.beginPacket();
  }

  /** Whether nothing was written into the packet that was begun. */
  get isEmpty(): boolean {
    return this.at === this.#start + PACKET_HEADER_BYTES;
  }

  /** Where the payload of the packet that was begun, or finished last, begins. */
  get payloadAt(): number {
    return this.#start + PACKET_HEADER_BYTES;
  }

  record(kind: number, id: number, offset: number, length: number): void {
    this.isAckEliciting = true;
    this.#recovery!.recordFrame(kind, id, offset, length);
  }

  /** Notes a frame that asks for no acknowledgement. */
  recordSilent(kind: number, id: number, offset: number, length: number): void {
    this.#recovery!.recordFrame(kind, id, offset, length);
  }

  gather(source: Uint8Array, sourceOffset: number, byteLength: number): void {
    this.#source = this.#sourceOf(source);
    this.#sourceOffset = sourceOffset;
    this.#sourceLength = byteLength;
    this.at += byteLength;
  }

  /**
   * Ends the packet, commits it to recovery and returns the bytes of its datagram. `ecn`: the mark for its IP header;
   * `isProbe`: it probes the path MTU.
   */
  finish(nowUs: number, ecn: number, isProbe: boolean): number {
    const batch = this.#batch!;
    const recovery = this.#recovery!;
    const start = this.#start;
    const byteLength = this.at - start + PACKET_TAG_BYTES;
    const row = batch.length << ROW_SHIFT;
    this.#fillRow(row, start, byteLength, ecn, this.#peer, this.#slot, this.#sealKey);
    if (this.#sourceLength > 0) {
      this.#rows[row + SOURCE] = this.#source;
      this.#rows[row + SOURCE_OFFSET] = this.#sourceOffset;
      this.#rows[row + SOURCE_LENGTH] = this.#sourceLength;
    }
    this.#doubles[(row + PACKET_NUMBER) >> 1] = recovery.nextPacketNumber;
    recovery.commitPacket(nowUs, byteLength, this.isAckEliciting, isProbe, ecn !== 0);
    this.usedBytes = start + byteLength;
    batch.length++;
    return byteLength;
  }

  /** Forgets the packet that was begun. Only for one in which nothing was recorded but what may be lost silently. */
  abandon(): void {
    this.#recovery!.abandonPacket();
  }

  /** Its place among the batch's sources. */
  #sourceOf(source: Uint8Array): number {
    const { sources } = this.#batch!;
    const last = sources.length - 1;
    return last >= 0 && sources[last] === source ? last : sources.push(source) - 1;
  }

  /** First byte and connection id; packet number and phase are the sealer's. */
  #writeHeader(start: number): void {
    const { bytes } = this;
    const id = this.#remoteId;
    bytes[start] = 0x40;
    bytes[start + 1] = id[0];
    bytes[start + 2] = id[1];
    bytes[start + 3] = id[2];
    bytes[start + 4] = id[3];
    bytes[start + 5] = id[4];
    bytes[start + 6] = id[5];
    bytes[start + 7] = id[6];
    bytes[start + 8] = id[7];
  }

  #fillRow(
    row: number,
    offset: number,
    byteLength: number,
    flags: number,
    peer: number,
    slot: number,
    key: number,
  ): void {
    const rows = this.#rows;
    rows[row + OFFSET] = offset;
    rows[row + LENGTH] = byteLength;
    rows[row + FLAGS] = flags;
    rows[row + STATUS] = 0;
    rows[row + REMOTE] = peer;
    rows[row + LOCAL] = 0;
    rows[row + CONNECTION] = slot;
    rows[row + KEY] = key;
    rows[row + SOURCE_LENGTH] = 0;
  }
}
