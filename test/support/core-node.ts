/**
 * One endpoint of the core in a test's hands: datagrams in, datagrams out, as plain arrays. No host, no network, no timers of
 * its own.
 *
 * Invariant: the endpoint gets a whole turn with each call: batch, timer, transmit.
 */

import {
  FLAG_ECN_MASK,
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  RECEIVE_MESSAGES,
  RECEIVE_ROWS,
  RECEIVE_STRIDE,
  REMOTE,
  ROW_SHIFT,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { DEFAULT_CONFIG, type TransportConfig } from '../../lib/core/config.js';
import type { Connection } from '../../lib/core/connection/connection.js';
import { Endpoint } from '../../lib/core/endpoint/endpoint.js';
import type { ShardPlace } from '../../lib/core/endpoint/shard.js';
import type { Memory, Protection, Random } from '../../lib/core/ports.js';
import { PlainProtection } from '../sim/plain-protection.js';
import { SimulatedAddresses, simulatedMemory } from '../sim/surroundings.js';
import { toyIdentity, toyPrimitives } from './toy-primitives.js';

const SLAB_BYTES = 128 << 10;
const ROWS = 256;
/** Of one turn. */
const BATCHES_MAX = 10_000;
/** Batches of all nodes: they live only during a call. What is received may be as much as one call brings. */
const RX = new PacketBatch(RECEIVE_MESSAGES * RECEIVE_STRIDE, RECEIVE_ROWS);
const TX = new PacketBatch(SLAB_BYTES, ROWS);

export interface Sent {
  readonly to: number;
  readonly bytes: Uint8Array;
  /** The mark for its IP header. */
  readonly ecn?: number;
}

export interface Arriving {
  readonly from: number;
  readonly bytes: Uint8Array;
  readonly ecn?: number;
}

export interface CoreNodeOptions {
  /** Makes the identity: two nodes with the same name are the same peer. */
  readonly name: number;
  readonly random: Random;
  readonly config?: Partial<TransportConfig>;
  readonly resetPlace?: Uint8Array;
  /** Default: never fails. */
  readonly memory?: Memory;
  readonly protection?: Protection;
  /** Default: it fails the test. */
  readonly onFault?: (error: unknown) => void;
  readonly onEvent?: (kind: number, owner: unknown, subject: unknown, value: number) => void;
  readonly shard?: ShardPlace;
  /** When it begins; default 0. */
  readonly nowUs?: number;
}

export class CoreNode {
  readonly endpoint: Endpoint;
  readonly addresses = new SimulatedAddresses();
  readonly publicKey: Uint8Array;

  readonly #onEvent: CoreNodeOptions['onEvent'];

  constructor(options: CoreNodeOptions) {
    const { name, random, config, resetPlace, shard, nowUs = 0 } = options;
    const { memory, protection, onFault, onEvent } = options;
    this.#onEvent = onEvent;
    const identity = toyIdentity(name);
    this.publicKey = identity.publicKey;
    this.endpoint = new Endpoint({
      config: { ...DEFAULT_CONFIG, maxDatagramSize: 1452, ...config },
      protection: protection ?? new PlainProtection({ maxSlots: 64 }),
      primitives: toyPrimitives(name),
      random,
      memory: memory ?? simulatedMemory,
      onFault: onFault ?? rethrow,
      addresses: this.addresses,
      identity,
      nowUs,
      epochUs: 1_700_000_000_000_000,
      resetPlace,
      shard,
    });
  }

  /** Its only connection. */
  get connection(): Connection {
    const [connection] = this.endpoint.connections();
    return connection;
  }

  /** The one with that other node. */
  connectionOf(other: CoreNode): Connection {
    for (const connection of this.endpoint.connections()) {
      if (Buffer.compare(connection.remotePublicKey, other.publicKey) === 0) return connection;
    }
    throw new Error('no such connection');
  }

  /** A turn: what arrives, the timer if it is due, and what is sent then. */
  turn(arriving: readonly Arriving[], nowUs: number): Sent[] {
    if (arriving.length > 0) this.#receive(arriving, nowUs);
    if (this.endpoint.deadlineUs <= nowUs) this.endpoint.onTimer(nowUs);
    const sent: Sent[] = [];
    let batches = 0;
    // As the driver does, which lets the event loop go on in between.
    while (this.endpoint.transmit(TX, nowUs) > 0 || this.endpoint.hasWork) {
      if (++batches > BATCHES_MAX) throw new Error('the endpoint does not come to rest');
      for (let row = 0; row < TX.length; row++) {
        const at = row << ROW_SHIFT;
        const offset = TX.rows[at + OFFSET];
        const bytes = TX.bytes.slice(offset, offset + TX.rows[at + LENGTH]);
        sent.push({ to: TX.rows[at + REMOTE], bytes, ecn: TX.rows[at + FLAGS] & FLAG_ECN_MASK });
      }
    }
    this.#dispatch();
    this.endpoint.endTurn();
    return sent;
  }

  #dispatch(): void {
    const { events } = this.endpoint;
    while (events.take()) {
      this.#onEvent?.(events.kind, events.owner, events.subject, events.value);
    }
  }

  #receive(arriving: readonly Arriving[], nowUs: number): void {
    let at = 0;
    RX.rows.fill(0, 0, arriving.length << ROW_SHIFT);
    arriving.forEach(({ from, bytes, ecn = 0 }, row) => {
      RX.bytes.set(bytes, at);
      RX.rows[(row << ROW_SHIFT) + OFFSET] = at;
      RX.rows[(row << ROW_SHIFT) + LENGTH] = bytes.length;
      RX.rows[(row << ROW_SHIFT) + FLAGS] = ecn;
      RX.rows[(row << ROW_SHIFT) + REMOTE] = from;
      RX.rows[(row << ROW_SHIFT) + LOCAL] = 0;
      at += bytes.length;
    });
    RX.length = arriving.length;
    this.endpoint.receive(RX, nowUs);
    this.#dispatch();
  }
}

/**
 * Connects `left`, at address `from`, to `right`, at address `to`, and lets everything settle. Returns the time then, us.
 */
export function join(
  left: CoreNode,
  right: CoreNode,
  from: number,
  to: number,
  beginUs = 0,
): number {
  let nowUs = beginUs;
  left.endpoint.connect({ peer: to, remoteStatic: right.publicKey }, nowUs);
  let toRight: Arriving[] = [];
  let toLeft: Arriving[] = [];
  for (let round = 0; round < 12; round++) {
    const fromLeft = left.turn(toLeft, nowUs);
    toRight = fromLeft.map(({ bytes }) => ({ from, bytes }));
    nowUs += 10_000;
    toLeft = right.turn(toRight, nowUs).map(({ bytes }) => ({ from: to, bytes }));
    nowUs += 10_000;
  }
  return nowUs;
}

/** What an endpoint would live with is a mistake that a test must show. */
function rethrow(error: unknown): never {
  throw error;
}
