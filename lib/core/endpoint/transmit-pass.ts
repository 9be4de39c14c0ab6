/**
 * Stages 6 to 8 of a turn: handshake messages, resets and packets of the connections that are ready fill a batch, which is
 * sealed.
 *
 * It says whose turn it is and for how many bytes; what goes into packets is the connection's (connection/build). Called by
 * the endpoint, once a batch.
 *
 * Invariants: a row that it leaves in a batch is sealed, or is a handshake message or a reset; each ready connection has its
 * turn before one has its second, and under a rate limit all have equal ones.
 */

import { CONNECTION, LENGTH, ROW_INTS, ROW_SHIFT, STATUS } from '../../batch/layout.js';
import type { PacketBatch } from '../../batch/packet-batch.js';
import type { Connection } from '../connection/connection.js';
import { PacketBuilder } from '../connection/packet-builder.js';
import type { Handshakes } from '../handshake/handshakes.js';
import type { HandshakeDatagram } from '../handshake/outcome.js';
import type { Protection } from '../ports.js';
import { TokenBucket } from '../token-bucket.js';
import type { ConnectionTable } from './connection-table.js';
import type { DeadlineWheel } from './deadline-wheel.js';
import type { EndpointCounts } from './endpoint-counts.js';
import type { EndpointState } from './endpoint-state.js';
import { EqualTurns } from './equal-turns.js';
import type { FaultGuard } from './fault-guard.js';
import type { HandshakeQueue } from './handshake-queue.js';
import type { ReadyQueue } from './ready-queue.js';
import type { StatelessReset } from './stateless-reset.js';

/** Bytes that one connection sends before the next has its turn: two trains. */
const QUANTUM_BYTES = 128 << 10;
/** Longest handshake message. */
const HANDSHAKE_BYTES = 1200;

export class TransmitPass {
  readonly #protection: Protection;
  readonly #table: ConnectionTable;
  readonly #ready: ReadyQueue;
  readonly #wheel: DeadlineWheel;
  readonly #guard: FaultGuard;
  readonly #counts: EndpointCounts;
  readonly #handshakes: Handshakes;
  readonly #handshakeQueue: HandshakeQueue;
  readonly #resets: StatelessReset;
  readonly #release: (connection: Connection, nowUs: number) => void;
  readonly #builder = new PacketBuilder();
  readonly #bucket: TokenBucket;
  /** How the connections share the rate limit; undefined without one. */
  readonly #turns: EqualTurns | undefined;
  #outgoing: HandshakeDatagram[] = [];
  /** When the endpoint's rate limit lets the next packet go; Infinity while it is not what is waited for. */
  #deadlineUs = Number.POSITIVE_INFINITY;

  /** @param release takes a connection out of the endpoint. Never throws. */
  constructor(state: EndpointState, release: (connection: Connection, nowUs: number) => void) {
    const { config, nowUs, protection } = state.options;
    this.#protection = protection;
    this.#table = state.table;
    this.#ready = state.ready;
    this.#wheel = state.wheel;
    this.#guard = state.guard;
    this.#counts = state.counts;
    this.#handshakes = state.admission.handshakes;
    this.#handshakeQueue = state.handshakeQueue;
    this.#resets = state.resets;
    this.#release = release;
    this.#bucket = new TokenBucket(config.rateLimit, nowUs, config.timerGranularityUs);
    const isLimited = config.rateLimit < Number.POSITIVE_INFINITY;
    this.#turns = isLimited ? new EqualTurns(config.rateLimit) : undefined;
  }

  /** When the rate limit lets the next packet go; Infinity while nobody waits for it. */
  get deadlineUs(): number {
    return this.#deadlineUs;
  }

  /** Whether `transmit` would have something to send now. */
  get hasWork(): boolean {
    if (this.#outgoing.length > 0 || this.#resets.waiting > 0) return true;
    if (this.#handshakeQueue.length > 0) return true;
    return this.#ready.length > 0 && this.#deadlineUs === Number.POSITIVE_INFINITY;
  }

  onTimer(nowUs: number): void {
    if (this.#deadlineUs <= nowUs) this.#deadlineUs = Number.POSITIVE_INFINITY;
  }

  /** Another connection will have the slot. */
  forget(slot: number): void {
    this.#turns?.forget(slot);
  }

  /** Fills and seals rows; returns how many. 0: nothing to send now. */
  transmit(tx: PacketBatch, nowUs: number): number {
    const builder = this.#builder;
    builder.openBatch(tx);
    this.#handshakeQueue.drain(nowUs);
    this.#addHandshakes(builder);
    if (this.#resets.waiting > 0) this.#resets.write(builder);
    const firstPacket = tx.length;
    this.#guard.run(this.#build, nowUs);
    const packets = tx.length - firstPacket;
    this.#counts.packetsSent += packets;
    if (!this.#seal(tx, firstPacket)) return tx.length;
    // A batch that holds nothing but what could not be sealed is no reason to stop.
    return tx.length > 0 || packets === 0 ? tx.length : this.transmit(tx, nowUs);
  }

  #addHandshakes(builder: PacketBuilder): void {
    if (this.#outgoing.length === 0) this.#outgoing = this.#handshakes.takeOutgoing();
    let taken = 0;
    while (taken < this.#outgoing.length && builder.hasRoom(HANDSHAKE_BYTES)) {
      const { bytes, source } = this.#outgoing[taken++];
      builder.addDatagram(bytes, source.peer);
    }
    this.#outgoing.splice(0, taken);
    this.#counts.handshakesSent += taken;
  }

  readonly #build = (nowUs: number): void => {
    const builder = this.#builder;
    if (this.#turns === undefined) this.#fill(builder, nowUs);
    else this.#fillEqually(this.#turns, builder, nowUs);
  };

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
    if (this.#ready.length > 0) this.#deadlineUs = this.#bucket.nextUs(nowUs);
  }

  #afterBuild(connection: Connection, nowUs: number): void {
    if (connection.phase === 'closed') this.#release(connection, nowUs);
    else this.#wheel.set(connection.slot, connection.deadlineUs);
  }

  /** False when sealing threw: of no row is known what is in it, so none goes out. For recovery they are lost. */
  #seal(tx: PacketBatch, firstPacket: number): boolean {
    try {
      const sealed = this.#protection.seal(tx, firstPacket, tx.length);
      if (sealed < tx.length - firstPacket) this.#dropUnsealed(tx, firstPacket);
      return true;
    } catch (error) {
      this.#counts.unsealed += tx.length - firstPacket;
      tx.length = firstPacket;
      this.#guard.note(error);
      return false;
    }
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
    this.#counts.unsealed += tx.length - kept;
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
}
