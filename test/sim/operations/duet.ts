/**
 * Two endpoints, the datagrams on their way, and a clock: carries out a case, then lets everything come to rest.
 *
 * Nothing moves by itself: a datagram arrives when its receiver is driven, time passes when an operation says so. Only
 * in the end both sides are driven until there is nothing left to do. Called by operations.test.ts.
 *
 * Invariant: a run depends on its case alone.
 */

import * as layout from '../../../lib/batch/layout.js';
import { PacketBatch } from '../../../lib/batch/packet-batch.js';
import { DEFAULT_CONFIG } from '../../../lib/core/config.js';
import { SimulationFailure } from '../failure.js';
import { checkConnection } from '../invariants.js';
import { LaneHash } from '../lane-hash.js';
import type { TracerFor } from '../make-endpoint.js';
import { Ledger } from './ledger.js';
import type { Operation, OperationCase } from './operation.js';
import { hasSending, Player } from './player.js';

const START_US = 1_000_000;
/** Longer than all operations of a case together can last. */
const IDLE_US = 3_600_000_000;
const ROWS = 64;
const SLAB_BYTES = 256 << 10;
const POISON = 0xdb;
/**
 * Turns and jumps of the clock until everything must be at rest. Who hears nothing any more, and has no reset token, waits
 * for IDLE_US, and wakes more than twice a second as long as something is in flight.
 */
const REST_STEPS_MAX = 20_000;

interface Datagram {
  readonly bytes: Uint8Array;
  readonly flags: number;
}

export class Duet {
  readonly ledger = new Ledger();
  readonly players: readonly [Player, Player];
  nowUs = START_US;
  /** Over all that was sent, and when. */
  readonly hash = new LaneHash();
  /** What waits for each side. */
  readonly #inboxes: readonly [Datagram[], Datagram[]] = [[], []];
  readonly #delivered: [number, number] = [0, 0];
  readonly #rx = new PacketBatch(SLAB_BYTES, ROWS);
  readonly #tx = new PacketBatch(SLAB_BYTES, ROWS);
  readonly #operations: readonly Operation[];

  /** @param tracerFor hears what happens; the run is the same without it */
  constructor({ seed, operations, ...given }: OperationCase, tracerFor?: TracerFor) {
    this.#operations = operations;
    const config = { ...DEFAULT_CONFIG, ...given, idleTimeoutUs: IDLE_US };
    this.players = [0, 1].map(
      (side) => new Player(side as 0 | 1, config, seed, this.ledger, this.nowUs, tracerFor),
    ) as [Player, Player];
  }

  /** @throws SimulationFailure when anything is not as it must be */
  run(): void {
    const [left, right] = this.players;
    const remoteStatic = right.identity.publicKey;
    left.endpoint.connect({ peer: 1, remoteStatic }, this.nowUs);
    this.#rest(
      'it does not connect',
      () => left.connection !== undefined && right.connection !== undefined,
    );
    for (const operation of this.#operations) this.#apply(operation);
    if (this.ledger.closers.size === 0) {
      this.#rest('something is missing', () => this.#deliver());
      this.#checkCounters();
      left.close(true);
    }
    this.#rest('it does not end', () =>
      this.players.every(
        ({ endpoint }) =>
          endpoint.connectionCount === 0 && endpoint.deadlineUs === Number.POSITIVE_INFINITY,
      ),
    );
    this.#checkEnd();
  }

  #apply(operation: Operation): void {
    if (operation.kind === 'advanceTime') {
      this.nowUs += operation.us;
      return;
    }
    const player = this.players[operation.side];
    const inbox = this.#inboxes[operation.side];
    const stream = 'stream' in operation ? player.pick(operation.stream) : undefined;
    switch (operation.kind) {
      case 'drive':
        this.#drive(player);
        return;
      case 'dropInbound':
        inbox.splice(0, operation.count);
        return;
      case 'reorderInbound':
        inbox.splice(operation.count, 0, ...inbox.splice(0, 1));
        return;
      case 'duplicateInbound':
        inbox.push(...inbox.slice(0, operation.count));
        return;
      case 'forceKeyUpdate':
        if (!player.isClosed) {
          const { keys, recovery } = player.connection!;
          keys.update(recovery.nextPacketNumber);
        }
        return;
      case 'openStream':
        player.open(operation.isUnidirectional);
        return;
      case 'sendMessage':
        player.sendMessage(operation.bytes);
        return;
      case 'sendDatagram':
        player.sendDatagram(operation.bytes);
        return;
      case 'close':
        player.close(operation.isGraceful);
        return;
    }
    if (stream === undefined) return;
    if (operation.kind === 'write') player.write(stream, operation.bytes);
    else if (operation.kind === 'finish') player.finish(stream);
    else if (operation.kind === 'read') player.read(stream);
    else if (operation.kind === 'reset') player.reset(stream, operation.code);
    else player.stop(stream, operation.code);
  }

  // --- a turn --------------------------------------------------------------------------------------------------------------

  /** What the driver of lib/io does. Returns datagrams and events: 0 when it had no effect. */
  #drive(player: Player): number {
    const { endpoint } = player;
    let progress = this.#fill(player);
    if (this.#rx.length > 0) {
      endpoint.receive(this.#rx, this.nowUs);
      progress += player.dispatch();
    }
    if (this.#inboxes[player.side].length === 0 && endpoint.deadlineUs <= this.nowUs) {
      endpoint.onTimer(this.nowUs);
      progress += 1 + player.dispatch();
    }
    for (let rows = 1; rows > 0; ) {
      rows = endpoint.transmit(this.#tx, this.nowUs);
      progress += rows;
      this.#send(player, rows);
      player.dispatch();
    }
    endpoint.endTurn();
    this.#rx.bytes.fill(POISON);
    const { connection } = player;
    if (connection !== undefined)
      checkConnection({ name: `side ${player.side}`, nowUs: this.nowUs }, connection);
    return progress;
  }

  #fill({ side, other }: Player): number {
    const { bytes, rows } = this.#rx;
    const taken = this.#inboxes[side].splice(0, ROWS);
    this.#delivered[side] += taken.length;
    rows.fill(0);
    let offset = 0;
    taken.forEach((datagram, row) => {
      const at = row << layout.ROW_SHIFT;
      bytes.set(datagram.bytes, offset);
      rows[at + layout.OFFSET] = offset;
      rows[at + layout.LENGTH] = datagram.bytes.length;
      rows[at + layout.FLAGS] = datagram.flags;
      rows[at + layout.REMOTE] = other;
      offset += datagram.bytes.length;
    });
    this.#rx.length = taken.length;
    return taken.length;
  }

  #send({ other }: Player, count: number): void {
    const { bytes, rows } = this.#tx;
    for (let row = 0; row < count; row++) {
      const at = row << layout.ROW_SHIFT;
      if (rows[at + layout.STATUS] !== 0) throw new SimulationFailure('a row that was not sealed');
      const offset = rows[at + layout.OFFSET];
      const flags = rows[at + layout.FLAGS] & layout.FLAG_ECN_MASK;
      const copy = bytes.slice(offset, offset + rows[at + layout.LENGTH]);
      this.hash.number(this.nowUs);
      this.hash.bytes(new DataView(copy.buffer), 0, copy.length);
      this.#inboxes[other].push({ bytes: copy, flags });
    }
  }

  // --- the end ---------------------------------------------------------------------------------------------------------------

  /** Drives both sides until it is done; time jumps to the next deadline when nothing moves. */
  #rest(complaint: string, isDone: () => boolean): void {
    for (let step = 0; step < REST_STEPS_MAX; step++) {
      let progress = 0;
      for (const player of this.players) progress += this.#drive(player);
      if (isDone()) return;
      if (progress > 0 || this.#inboxes.some((inbox) => inbox.length > 0)) continue;
      const deadlineUs = Math.min(...this.players.map(({ endpoint }) => endpoint.deadlineUs));
      if (deadlineUs === Number.POSITIVE_INFINITY)
        throw new SimulationFailure(`${complaint}, and nothing is due`);
      this.nowUs = Math.max(this.nowUs, deadlineUs);
    }
    throw new SimulationFailure(
      `${complaint} in ${REST_STEPS_MAX} steps: ${this.#missing() ?? 'nothing'}`,
    );
  }

  /** Reads and finishes everything; whether all has arrived, and nothing is on its way. */
  #deliver(): boolean {
    for (const player of this.players) {
      for (const stream of player.streams) {
        player.finish(stream);
        player.read(stream);
      }
    }
    return this.#missing() === undefined;
  }

  #missing(): string | undefined {
    for (const player of this.players) {
      const { side, other, connection } = player;
      for (const stream of player.streams) {
        if (!hasSending(stream)) continue;
        const isKnown = this.players[other].knows(stream.id);
        const missing = this.ledger.flow(stream.id, side).missing(isKnown, stream.isFinished);
        if (missing !== undefined) return missing;
      }
      if (!this.ledger.messages[side].isComplete) return `messages of side ${side}`;
      const { bytesInFlight, datagramsWaiting } = connection!.stats();
      if (bytesInFlight > 0 || datagramsWaiting > 0)
        return `side ${side} has ${bytesInFlight} bytes in flight`;
      if (this.#inboxes[side].length > 0) return `side ${side} has unread datagrams`;
    }
    return undefined;
  }

  /** What both sides count is what happened. */
  #checkCounters(): void {
    for (const { side, other, connection, endpoint } of this.players) {
      const stats = connection!.stats();
      const { counts } = endpoint;
      const { messages, datagrams } = this.ledger;
      // The next key is not prepared before the one before the last is retired: who updates again sooner than its peer
      // can follow, because that peer was not driven in time, is not understood at first, and repeats itself.
      const tooSoon = stats.keyUpdates > 1 ? counts.droppedForged : 0;
      const accounted =
        tooSoon +
        counts.receivedPackets +
        counts.receivedHandshakes +
        counts.droppedDuplicate +
        counts.droppedTooOld;
      const theirs = this.players[other].connection!.stats();
      const expected: readonly (readonly [string, number, number])[] = [
        ['datagrams delivered', accounted, this.#delivered[side]],
        ['messages sent', stats.messagesSent, messages[side].sizes.length],
        ['messages received', stats.messagesReceived, messages[other].arrived],
        [
          'datagrams accepted',
          stats.datagramsSent + stats.datagramsDropped,
          datagrams[side].sizes.length,
        ],
        ['datagrams received', stats.datagramsReceived, datagrams[other].arrived],
        ['packets', Math.min(0, theirs.packetsSent - stats.packetsReceived), 0],
        ['bytes', Math.min(0, theirs.bytesSent - stats.bytesReceived), 0],
        ['streams open', stats.streamsActive, 0],
        ['spans ahead of holes', stats.spansWaiting, 0],
        ['messages waiting', stats.messagesWaiting + stats.messageBytesWaiting, 0],
        ['bytes of unfinished messages', stats.messageBytesUnfinished, 0],
        ['key phases apart', Math.max(1, Math.abs(stats.keyUpdates - theirs.keyUpdates)), 1],
      ];
      for (const [what, actual, wanted] of expected) {
        if (actual !== wanted)
          throw new SimulationFailure(`side ${side} counts ${actual} ${what}, not ${wanted}`);
      }
    }
  }

  #checkEnd(): void {
    for (const { side, endpoint, protection, addresses, isClosed } of this.players) {
      const left = {
        told: isClosed ? 0 : 1,
        keys: protection.liveKeys,
        pinned: addresses.pinned,
        connections: endpoint.connectionCount,
        events: endpoint.events.length,
      };
      if (Object.values(left).some((count) => count > 0)) {
        throw new SimulationFailure(`side ${side} keeps ${JSON.stringify(left)}`);
      }
    }
  }
}
