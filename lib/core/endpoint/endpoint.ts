/**
 * All connections behind one socket, sans-IO: batches and time go in, batches and events come out.
 *
 * The driver's turn calls `receive`, reads `events`, calls `onTimer` when `deadlineUs` has come, then `transmit` until it
 * returns 0, then `endTurn`. There is no socket, no clock and no dice in here.
 *
 * Invariants: nothing that arrives makes it throw, nor does a lack of memory (fault-guard.ts); no application code runs inside; a batch that `transmit` returned
 * holds sealed packets and handshake messages only.
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
  ROW_INTS,
  ROW_SHIFT,
  STATUS,
  STATUS_FORGED,
  STATUS_REPLAYED,
  STATUS_TOO_OLD,
} from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import type { Connection } from '../connection/connection.js';
import type { ConnectionHost } from '../connection/connection-host.js';
import { ConsumedPacket } from '../connection/consumed-packet.js';
import { PacketBuilder } from '../connection/packet-builder.js';
import { EventRing } from '../event-ring.js';
import type { HandshakeDatagram } from '../handshake/outcome.js';
import { HEADER_BYTES, TYPE_INITIATION } from '../handshake/protocol.js';
import type { Random } from '../ports.js';
import { TokenBucket } from '../token-bucket.js';
import { FrameReader } from '../wire/frame-reader.js';
import { Admission, type ConnectRequest } from './admission.js';
import { classify, type HandshakeSink } from './classify.js';
import { ConnectionTable } from './connection-table.js';
import { DeadlineWheel } from './deadline-wheel.js';
import { EndpointCounts } from './endpoint-counts.js';
import type { EndpointOptions } from './endpoint-options.js';
import { EqualTurns } from './equal-turns.js';
import { FaultGuard } from './fault-guard.js';
import { ReadyQueue } from './ready-queue.js';
import { ResetTokens } from './reset-tokens.js';
import { Shard } from './shard.js';
import { StatelessReset } from './stateless-reset.js';

/** Bytes that one connection sends before the next has its turn: two trains. */
const QUANTUM_BYTES = 128 << 10;
/** Longest handshake message. */
const HANDSHAKE_BYTES = 1200;

/** Where a handshake message has its destination (docs/handshake.md). */
const DESTINATION_AT = 5;

export class Endpoint implements ConnectionHost, HandshakeSink {
  readonly events = new EventRing();
  readonly counts = new EndpointCounts();
  readonly #options: EndpointOptions;
  readonly #table: ConnectionTable;
  readonly #admission: Admission;
  readonly #wheel = new DeadlineWheel();
  readonly #ready = new ReadyQueue();
  readonly #builder = new PacketBuilder();
  readonly #reader = new FrameReader();
  readonly #packet = new ConsumedPacket();
  readonly #bucket: TokenBucket;
  /** How the connections share the rate limit; undefined without one. */
  readonly #turns: EqualTurns | undefined;
  readonly #resetTokens: ResetTokens;
  readonly #resets: StatelessReset;
  readonly #shard: Shard | undefined;
  /** Slots of the connections that the batch at hand has touched, each once. */
  readonly #touched: number[] = [];
  readonly #isTouched: boolean[] = [];
  /** Connections that may still hold pieces of the last received batch. */
  readonly #borrowing: Connection[] = [];
  readonly #guard: FaultGuard;
  /** The batch that a pass is about, and how far the pass has come: it goes on there after a fault. */
  #batch: PacketBatch | undefined;
  #next = 0;
  #outgoing: HandshakeDatagram[] = [];
  /** When the endpoint's rate limit lets the next packet go; -Infinity while it is not what is waited for. */
  #sendDeadlineUs = Number.NEGATIVE_INFINITY;
  #isStalled = false;

  /** Throws TypeError and RangeError for keys and lists of the wrong size. */
  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#shard = options.shard && new Shard(options.shard, options.random);
    const { config, random, nowUs, primitives, identity, addresses } = options;
    this.#resetTokens = new ResetTokens(random, primitives.equal);
    this.#resets = new StatelessReset(
      primitives,
      identity,
      options.resetPlace ?? randomPlace(random),
      random,
      addresses,
      this.counts,
      nowUs,
    );
    this.#table = new ConnectionTable(config.maxConnections, random);
    this.#bucket = new TokenBucket(config.rateLimit, nowUs, config.timerGranularityUs);
    const isLimited = config.rateLimit < Number.POSITIVE_INFINITY;
    this.#turns = isLimited ? new EqualTurns(config.rateLimit) : undefined;
    const remove = (connection: Connection, atUs: number) => this.#release(connection, atUs);
    this.#guard = new FaultGuard(this.counts, remove, options.onFault);
    this.#admission = new Admission(
      options,
      this.#table,
      this.events,
      this,
      this.counts,
      this.#guard,
      this.#shard,
    );
  }

  /** Connections, those in their closing period included. */
  get connectionCount(): number {
    return this.#table.size;
  }

  /** Handshake messages by what became of them (core/handshake/drop-reasons). */
  get handshakeCounts(): Float64Array {
    return this.#admission.handshakes.counts;
  }

  connections(): Iterable<Connection> {
    return this.#table;
  }

  /** Whether connections of peers are taken; else they are refused with CONNECTION_REFUSED (docs/handshake.md, T8). */
  setAccepting(isAccepting: boolean): void {
    this.#admission.setAccepting(isAccepting);
  }

  /** Begins a connection; its number comes back in EVENT_CONNECTED or EVENT_CONNECT_FAILED. */
  connect(request: ConnectRequest, nowUs: number): number {
    return this.#admission.connect(request, nowUs);
  }

  /** Ends an attempt without an event. An unknown number is ignored. */
  cancel(attempt: number, nowUs: number): void {
    this.#admission.cancel(attempt, nowUs);
  }

  // --- stages 1 to 4 -------------------------------------------------------------------------------------------------

  /** Takes `rx.length` rows. Borrows the batch until `endTurn`. */
  receive(rx: PacketBatch, nowUs: number): void {
    this.endTurn();
    this.#resets.forgetWaiting();
    this.#batch = rx;
    this.#packet.nowUs = nowUs;
    this.#next = -1;
    this.#guard.run(this.#open, nowUs);
    if (this.#next < 0) this.counts.droppedByFault += rx.length;
    else this.#guard.run(this.#consume, nowUs);
    this.#next = 0;
    this.#guard.run(this.#settle, nowUs);
    this.#touched.length = 0;
    this.#batch = undefined;
  }

  /** Stages 1 and 2. */
  readonly #open = (nowUs: number): void => {
    const rx = this.#batch!;
    classify(rx, this.#table, this.counts, this, nowUs);
    this.#options.protection.open(rx, 0, rx.length);
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

  onHandshakeRow(rx: PacketBatch, row: number, nowUs: number): void {
    if (this.#shard !== undefined && isForOthers(this.#shard, rx, row)) {
      this.counts.droppedMisdirected++;
      return;
    }
    this.counts.receivedHandshakes++;
    try {
      this.#admission.onRow(rx, row, nowUs);
    } catch (error) {
      this.#guard.note(error);
    }
  }

  onUnknownRow(rx: PacketBatch, row: number, nowUs: number): void {
    const { bytes, rows } = rx;
    const at = row << ROW_SHIFT;
    const offset = rows[at + OFFSET];
    const byteLength = rows[at + LENGTH];
    const slot = this.#resetTokens.find(bytes, offset + byteLength);
    if (slot >= 0) {
      this.counts.receivedResets++;
      this.#ready.push(slot);
      const connection = this.#table.get(slot)!;
      try {
        connection.onReset(nowUs);
      } catch (error) {
        this.#guard.working = connection;
        this.#guard.blame(error, nowUs);
      }
      return;
    }
    // An id of another shard is not ours to reset: its connection may be alive.
    if (this.#shard !== undefined && !this.#shard.isOurs(bytes, offset + 1)) {
      if (this.#shard.isOthers(bytes, offset + 1)) this.counts.droppedMisdirected++;
      else this.counts.droppedUnknownConnection++;
      return;
    }
    this.counts.droppedUnknownConnection++;
    this.#resets.answer(rows[at + REMOTE], bytes, offset + 1, byteLength, nowUs);
  }

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
      this.#touched.push(slot);
      connection.beginBatch(this.#packet.nowUs);
    }
    if (status === STATUS_REPLAYED) {
      this.counts.droppedDuplicate++;
      connection.onDuplicate();
      return;
    }
    this.counts.receivedPackets++;
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
    connection.onPacket(this.#reader, packet);
  }

  #countDrop(status: number): void {
    if (status === STATUS_FORGED) this.counts.droppedForged++;
    else if (status === STATUS_TOO_OLD) this.counts.droppedTooOld++;
    else this.counts.droppedNoKey++;
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  /** When to call `onTimer` and `transmit` next; Infinity for never. */
  get deadlineUs(): number {
    const waiting = Math.min(this.#wheel.nextUs, this.#admission.handshakes.deadlineUs);
    return this.#sendDeadlineUs > Number.NEGATIVE_INFINITY
      ? Math.min(waiting, this.#sendDeadlineUs)
      : waiting;
  }

  /** Whether `transmit` would have something to send now. */
  get hasWork(): boolean {
    if (this.#outgoing.length > 0 || this.#resets.waiting > 0) return true;
    return this.#ready.length > 0 && this.#sendDeadlineUs === Number.NEGATIVE_INFINITY;
  }

  /** The event loop was blocked: timers that are due in this turn are not the peers' fault. */
  onStall(_nowUs: number): void {
    this.#isStalled = true;
  }

  /** Does what is due. Call it after the socket was drained. */
  onTimer(nowUs: number): void {
    if (this.#sendDeadlineUs <= nowUs) this.#sendDeadlineUs = Number.NEGATIVE_INFINITY;
    if (this.#admission.handshakes.deadlineUs <= nowUs) {
      this.#guard.run(this.#runHandshakes, nowUs);
    }
    this.#guard.run(this.#expire, nowUs);
    this.#isStalled = false;
  }

  readonly #runHandshakes = (nowUs: number): void => this.#admission.onTimer(nowUs);

  readonly #expire = (nowUs: number): void => {
    for (let slot = this.#wheel.expire(nowUs); slot >= 0; slot = this.#wheel.expire(nowUs)) {
      const connection = this.#table.get(slot);
      if (connection === undefined) continue;
      this.#ready.push(slot);
      this.#guard.working = connection;
      if (this.#isStalled) connection.onStall(nowUs);
      connection.onTimer(nowUs);
    }
  };

  /** Bytes of received batches are no longer borrowed. */
  endTurn(): void {
    if (this.#borrowing.length === 0) return;
    this.#next = 0;
    this.#guard.run(this.#giveBack, this.#packet.nowUs);
    this.#borrowing.length = 0;
  }

  readonly #giveBack = (): void => {
    while (this.#next < this.#borrowing.length) {
      const connection = this.#borrowing[this.#next++];
      this.#guard.working = connection;
      connection.endTurn();
    }
  };

  // --- stages 6 to 8 -------------------------------------------------------------------------------------------------

  /** Fills and seals rows; returns how many. 0: nothing to send now. */
  transmit(tx: PacketBatch, nowUs: number): number {
    const builder = this.#builder;
    builder.openBatch(tx);
    this.#addHandshakes(builder);
    if (this.#resets.waiting > 0) this.#resets.write(builder);
    const firstPacket = tx.length;
    this.#guard.run(this.#build, nowUs);
    const packets = tx.length - firstPacket;
    this.counts.packetsSent += packets;
    if (!this.#seal(tx, firstPacket)) return tx.length;
    // A batch that holds nothing but what could not be sealed is no reason to stop.
    return tx.length > 0 || packets === 0 ? tx.length : this.transmit(tx, nowUs);
  }

  readonly #build = (nowUs: number): void => {
    const builder = this.#builder;
    if (this.#turns === undefined) this.#fill(builder, nowUs);
    else this.#fillEqually(this.#turns, builder, nowUs);
  };

  /** False when sealing threw: of no row is known what is in it, so none goes out. For recovery they are lost. */
  #seal(tx: PacketBatch, firstPacket: number): boolean {
    try {
      const sealed = this.#options.protection.seal(tx, firstPacket, tx.length);
      if (sealed < tx.length - firstPacket) this.#dropUnsealed(tx, firstPacket);
      return true;
    } catch (error) {
      this.counts.unsealed += tx.length - firstPacket;
      tx.length = firstPacket;
      this.#guard.note(error);
      return false;
    }
  }

  #addHandshakes(builder: PacketBuilder): void {
    if (this.#outgoing.length === 0) this.#outgoing = this.#admission.handshakes.takeOutgoing();
    let taken = 0;
    while (taken < this.#outgoing.length && builder.hasRoom(HANDSHAKE_BYTES)) {
      const { bytes, source } = this.#outgoing[taken++];
      builder.addDatagram(bytes, source.peer);
    }
    this.#outgoing.splice(0, taken);
    this.counts.handshakesSent += taken;
  }

  /** Each ready connection has its turn, at most once a batch. */
  #fill(builder: PacketBuilder, nowUs: number): void {
    for (let turns = this.#ready.length; turns > 0; turns--) {
      const slot = this.#ready.shift();
      const connection = this.#table.get(slot);
      if (connection === undefined) continue;
      this.#guard.working = connection;
      if (connection.build(builder, nowUs, QUANTUM_BYTES)) this.#ready.push(slot);
      this.#afterBuild(connection, nowUs);
      if (!builder.hasRoom(HANDSHAKE_BYTES)) break;
    }
  }

  /** The same under a rate limit: round after round of equal turns, until the limit or the batch ends it. */
  #fillEqually(turns: EqualTurns, builder: PacketBuilder, nowUs: number): void {
    while (this.#ready.length > 0 && builder.hasRoom(HANDSHAKE_BYTES)) {
      const allowance = this.#bucket.takeable(nowUs);
      if (allowance <= 0) {
        this.#holdBack(builder, nowUs);
        return;
      }
      const slot = this.#ready.shift();
      const connection = this.#table.get(slot);
      if (connection === undefined) continue;
      const turnBytes = turns.begin(slot);
      if (turnBytes === 0) {
        this.#ready.push(slot);
        continue;
      }
      this.#guard.working = connection;
      const before = builder.usedBytes;
      const more = connection.build(builder, nowUs, Math.min(turnBytes, allowance));
      const bytes = builder.usedBytes - before;
      this.#bucket.take(bytes);
      const goesOn = turns.spend(slot, bytes, more);
      if (goesOn) this.#ready.unshift(slot);
      else if (more) this.#ready.push(slot);
      this.#afterBuild(connection, nowUs);
      // Neither its turn nor the limit is over: the batch has no room for its packets.
      if (goesOn && bytes < allowance) return;
    }
  }

  /** Nobody may send but who ends: it makes room for the others. The order stays. */
  #holdBack(builder: PacketBuilder, nowUs: number): void {
    for (let turns = this.#ready.length; turns > 0; turns--) {
      const slot = this.#ready.shift();
      const connection = this.#table.get(slot);
      if (connection === undefined) continue;
      if (!connection.isEnding || !builder.hasRoom(HANDSHAKE_BYTES)) {
        this.#ready.push(slot);
        continue;
      }
      this.#guard.working = connection;
      const before = builder.usedBytes;
      connection.build(builder, nowUs, 0);
      this.#bucket.take(builder.usedBytes - before);
      this.#afterBuild(connection, nowUs);
    }
    if (this.#ready.length > 0) this.#sendDeadlineUs = this.#bucket.nextUs(nowUs);
  }

  #afterBuild(connection: Connection, nowUs: number): void {
    if (connection.phase === 'closed') this.#release(connection, nowUs);
    else this.#wheel.set(connection.slot, connection.deadlineUs);
  }

  /** Takes rows that could not be sealed out of the batch; recovery will miss them and send their frames again. */
  #dropUnsealed(tx: PacketBatch, firstPacket: number): void {
    const { rows } = tx;
    let kept = firstPacket;
    for (let row = firstPacket; row < tx.length; row++) {
      const at = row << ROW_SHIFT;
      if (rows[at + STATUS] !== 0) continue;
      if (kept !== row) rows.copyWithin(kept << ROW_SHIFT, at, at + ROW_INTS);
      kept++;
    }
    this.counts.unsealed += tx.length - kept;
    tx.length = kept;
  }

  /** The socket failed a row of a batch that `transmit` made. */
  onUnsent(tx: PacketBatch, row: number, errno: number, nowUs: number): void {
    const at = row << ROW_SHIFT;
    const slot = tx.rows[at + CONNECTION];
    const connection = slot < 0 ? undefined : this.#table.get(slot);
    if (connection === undefined) return;
    this.#ready.push(slot);
    try {
      connection.onUnsent(tx.rows[at + LENGTH], errno, nowUs);
    } catch (error) {
      this.#guard.working = connection;
      this.#guard.blame(error, nowUs);
    }
  }

  // --- ConnectionHost ------------------------------------------------------------------------------------------------

  markReady(slot: number): void {
    this.#ready.push(slot);
    this.#options.wake?.();
  }

  addId(id: Uint8Array, slot: number): void {
    this.#table.addId(id, slot);
  }

  removeId(id: Uint8Array): void {
    this.#table.removeId(id);
  }

  createId(): Uint8Array {
    const id = new Uint8Array(8);
    do this.#fillId(id);
    while (this.#table.find(id, 0) >= 0);
    return id;
  }

  #fillId(id: Uint8Array): void {
    if (this.#shard === undefined) this.#options.random.fill(id);
    else this.#shard.fillId(id);
  }

  tokenOf(id: Uint8Array): Uint8Array {
    return this.#resets.tokenOf(id);
  }

  watchToken(slot: number, token: Uint8Array | undefined): void {
    this.#resetTokens.set(slot, token);
  }

  // --- the end -------------------------------------------------------------------------------------------------------

  /** Closes all connections with a code of the application; `transmit` then sends their CONNECTION_CLOSE. */
  close(code: number, reason: string): void {
    this.setAccepting(false);
    for (const connection of this.#table) connection.close(code, reason, false);
  }

  /** Takes it out, whatever throws meanwhile. */
  #release(connection: Connection, nowUs: number): void {
    const { slot } = connection;
    if (this.#table.get(slot) !== connection) return;
    this.#wheel.clear(slot);
    this.#turns?.forget(slot);
    try {
      connection.release();
      this.#admission.onGone(connection, nowUs);
    } catch (error) {
      this.#guard.note(error);
    } finally {
      this.#table.release(slot);
      this.counts.connectionsClosed++;
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

function randomPlace(random: Random): Uint8Array {
  const place = new Uint8Array(16);
  random.fill(place);
  return place;
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
