/**
 * An authenticated peer that keeps to no rule: it shakes hands like any other, then seals whatever frames a test gives it.
 *
 * The victim is a real endpoint with an application that does nothing unless the test does. Nothing moves by itself:
 * `send` delivers one packet and gives the victim its turn, `wait` lets time pass. Used by test/threats.
 *
 * Invariant: packet numbers rise, unless the test names one.
 */

import * as layout from '../../../lib/batch/layout.js';
import { PacketBatch } from '../../../lib/batch/packet-batch.js';
import { DEFAULT_CONFIG, type TransportConfig } from '../../../lib/core/config.js';
import type { Connection } from '../../../lib/core/connection/connection.js';
import type { Endpoint } from '../../../lib/core/endpoint/endpoint.js';
import { EVENT_CLOSED, EVENT_CONNECTED, EVENT_CONNECTION } from '../../../lib/core/event-ring.js';
import type { Protection } from '../../../lib/core/ports.js';
import { FrameReader } from '../../../lib/core/wire/frame-reader.js';
import { makeEndpoint } from '../../sim/make-endpoint.js';
import { PlainProtection } from '../../sim/plain-protection.js';
import { Rng } from '../../sim/rng.js';
import { SimulatedAddresses } from '../../sim/surroundings.js';
import { ack } from './frames.js';

/** What a batch holds; tests of full ones ask for more. */
export interface RawPeerRoom {
  readonly rows: number;
  readonly slabBytes: number;
}

const ROOM: RawPeerRoom = { rows: 256, slabBytes: 512 << 10 };
/** Turns in which two honest endpoints have shaken hands. */
const HANDSHAKE_TURNS = 12;

/** A frame of the victim: its type, and the fields that tests look at. */
export interface Heard {
  readonly type: number;
  readonly id: number;
  readonly value: number;
  readonly code: number;
  readonly byteLength: number;
}

export interface Told {
  readonly kind: number;
  readonly subject: unknown;
  readonly value: number;
}

interface Party {
  readonly publicKey: Uint8Array;
  readonly endpoint: Endpoint;
  readonly protection: Protection;
  readonly addresses: SimulatedAddresses;
}

export class RawPeer {
  nowUs = 1_000_000;
  readonly victim: Party;
  /** The connection as the victim has it. */
  connection!: Connection;
  /** All that the victim's application was told. */
  readonly told: Told[] = [];
  /** Packets and bytes that the victim has sent since the handshake. */
  packetsHeard = 0;
  bytesHeard = 0;
  heard: Heard[] = [];
  /** Largest packet number of the victim. */
  largestHeard = -1;
  nextNumber = 0;
  /** Packet numbers of the victim that `acknowledgement` has not named yet. */
  #unnamed: number[] = [];
  /** Peer id that packets come from. */
  from = 1;
  readonly #attacker: Party;
  #own!: Connection;
  readonly #rx: PacketBatch;
  readonly #tx = new PacketBatch(ROOM.slabBytes, ROOM.rows);
  readonly #reader = new FrameReader();

  constructor(config: Partial<TransportConfig> = {}, room = ROOM) {
    this.#rx = new PacketBatch(room.slabBytes, room.rows);
    const all = { ...DEFAULT_CONFIG, ...config };
    this.#attacker = makeParty(0, DEFAULT_CONFIG, this.nowUs);
    this.victim = makeParty(1, all, this.nowUs);
    this.#shakeHands();
  }

  get closedName(): string | undefined {
    return this.connection.closed?.name;
  }

  /** One packet with that payload; then the victim's turn. */
  send(
    payload: Uint8Array,
    options: { readonly number?: number; readonly bits?: number } = {},
  ): void {
    this.deliver([this.seal(payload, options)]);
  }

  /** The datagram of a packet with that payload. */
  seal(
    payload: Uint8Array,
    options: { readonly number?: number; readonly bits?: number } = {},
  ): Uint8Array {
    const tx = this.#tx;
    const byteLength = layout.PACKET_HEADER_BYTES + payload.length + layout.PACKET_TAG_BYTES;
    const number = options.number ?? this.nextNumber;
    this.nextNumber = Math.max(this.nextNumber, number) + 1;
    tx.bytes[0] = 0x40 | (options.bits ?? 0);
    tx.bytes.set(this.#own.remoteId, 1);
    tx.bytes.set(payload, layout.PACKET_HEADER_BYTES);
    tx.rows.fill(0, 0, 1 << layout.ROW_SHIFT);
    tx.rows[layout.OFFSET] = 0;
    tx.rows[layout.LENGTH] = byteLength;
    tx.rows[layout.KEY] = this.#own.sealKey;
    tx.doubles[layout.PACKET_NUMBER >> 1] = number;
    tx.length = 1;
    if (this.#attacker.protection.seal(tx, 0, 1) !== 1) throw new Error('not sealed');
    return tx.bytes.slice(0, byteLength);
  }

  /** Datagrams arrive in one batch; then the victim's turn. */
  deliver(datagrams: readonly Uint8Array[]): void {
    fill(this.#rx, datagrams, this.from);
    this.victim.endpoint.receive(this.#rx, this.nowUs);
    this.#turn();
  }

  /** Whether there is anything to acknowledge. */
  get hasHeard(): boolean {
    return this.#unnamed.length > 0;
  }

  /** An ACK of all that came since the last one, as an honest peer sends it. */
  acknowledgement(): Uint8Array {
    const ranges: [number, number][] = [];
    for (const number of this.#unnamed.sort((left, right) => right - left)) {
      const last = ranges.at(-1);
      if (last?.[0] === number + 1) last[0] = number;
      else ranges.push([number, number]);
    }
    this.#unnamed = [];
    return ack(ranges);
  }

  /** The victim's application has done something: its turn. */
  turn(): void {
    this.#turn();
  }

  /** Time passes; the victim's timers run when they are due. */
  wait(us: number): void {
    const untilUs = this.nowUs + us;
    for (let at = this.victim.endpoint.deadlineUs; at <= untilUs; ) {
      this.nowUs = Math.max(this.nowUs + 1, at);
      this.#turn();
      at = this.victim.endpoint.deadlineUs;
    }
    this.nowUs = Math.max(this.nowUs, untilUs);
  }

  #turn(): void {
    const { endpoint } = this.victim;
    this.#dispatch();
    if (endpoint.deadlineUs <= this.nowUs) endpoint.onTimer(this.nowUs);
    this.#dispatch();
    const tx = this.#rx;
    endpoint.endTurn();
    for (let rows = endpoint.transmit(tx, this.nowUs); rows > 0; ) {
      this.#hear(tx);
      rows = endpoint.transmit(tx, this.nowUs);
    }
    this.#dispatch();
  }

  #hear(batch: PacketBatch): void {
    for (let row = 0; row < batch.length; row++) {
      const at = row << layout.ROW_SHIFT;
      this.packetsHeard++;
      this.bytesHeard += batch.rows[at + layout.LENGTH];
      batch.rows[at + layout.KEY] = this.#own.keys.openKey;
    }
    this.#attacker.protection.open(batch, 0, batch.length);
    for (let row = 0; row < batch.length; row++) {
      const at = row << layout.ROW_SHIFT;
      if (batch.rows[at + layout.STATUS] !== 0) continue;
      const number = batch.doubles[(at + layout.PACKET_NUMBER) >> 1];
      this.largestHeard = Math.max(this.largestHeard, number);
      this.#unnamed.push(number);
      const from = batch.rows[at + layout.OFFSET] + batch.rows[at + layout.HEADER_LENGTH];
      this.#read(batch.bytes, from, from + batch.rows[at + layout.PLAINTEXT_LENGTH]);
    }
  }

  #read(bytes: Uint8Array, from: number, end: number): void {
    const reader = this.#reader;
    reader.reset(bytes, from, end);
    for (let type = reader.next(); type >= 0; type = reader.next()) {
      const { id, value, code, length } = reader;
      this.heard.push({ type, id, value, code, byteLength: length });
    }
  }

  #dispatch(): void {
    const { events } = this.victim.endpoint;
    while (events.take()) {
      const { kind, subject, value } = events;
      this.told.push({ kind, subject, value });
    }
  }

  #shakeHands(): void {
    const { endpoint } = this.#attacker;
    const { endpoint: other } = this.victim;
    endpoint.connect({ peer: 1, remoteStatic: this.victim.publicKey }, this.nowUs);
    let waiting: Uint8Array[] = [];
    for (let turn = 0; turn < HANDSHAKE_TURNS; turn++) {
      const answering = turn % 2 === 0 ? endpoint : other;
      fill(this.#rx, waiting, 1);
      answering.receive(this.#rx, this.nowUs);
      answering.endTurn();
      waiting = [];
      while (answering.transmit(this.#tx, this.nowUs) > 0) waiting.push(...copies(this.#tx));
      while (answering.events.take()) {
        const { kind, owner } = answering.events;
        if (kind === EVENT_CONNECTED && answering === endpoint) this.#own = owner as Connection;
        if (kind === EVENT_CONNECTION && answering === other) this.connection = owner as Connection;
        if (kind === EVENT_CLOSED) throw new Error('closed while it shook hands');
      }
    }
    if (this.connection === undefined || this.#own === undefined) throw new Error('no handshake');
    this.nextNumber = this.#own.recovery.nextPacketNumber + 1000;
  }
}

function makeParty(place: number, config: TransportConfig, nowUs: number): Party {
  const protection = new PlainProtection({ maxSlots: 64 });
  const addresses = new SimulatedAddresses();
  const { endpoint, identity } = makeEndpoint({
    place,
    config,
    protection,
    primitives: 'toy',
    random: new Rng(7).fork(`party ${place}`).asRandom(),
    addresses,
    nowUs,
    wake: () => undefined,
  });
  return { publicKey: identity.publicKey, endpoint, protection, addresses };
}

function fill(batch: PacketBatch, datagrams: readonly Uint8Array[], from: number): void {
  let offset = 0;
  batch.length = datagrams.length;
  for (const [row, bytes] of datagrams.entries()) {
    const at = row << layout.ROW_SHIFT;
    batch.rows.fill(0, at, at + (1 << layout.ROW_SHIFT));
    batch.bytes.set(bytes, offset);
    batch.rows[at + layout.OFFSET] = offset;
    batch.rows[at + layout.LENGTH] = bytes.length;
    batch.rows[at + layout.REMOTE] = from;
    offset += bytes.length;
  }
}

function copies(batch: PacketBatch): Uint8Array[] {
  return Array.from({ length: batch.length }, (_, row) => {
    const at = row << layout.ROW_SHIFT;
    const offset = batch.rows[at + layout.OFFSET];
    return batch.bytes.slice(offset, offset + batch.rows[at + layout.LENGTH]);
  });
}
