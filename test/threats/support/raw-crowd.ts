/**
 * Several authenticated peers that keep to no rule, and one that does, at one endpoint: what they send comes in one batch.
 *
 * All have shaken hands like any other; then the hostile ones seal whatever payloads a test gives them. It judges nothing.
 * Used by test/threats/full-batches.test.ts, which counts, and bench/stress/hostile-turns.ts, which takes the time.
 *
 * Invariant: packet numbers rise; nothing that the victim sends is lost on its way to the honest peer.
 */

import * as layout from '../../../lib/batch/layout.js';
import { PacketBatch } from '../../../lib/batch/packet-batch.js';
import { EVENT_STREAM } from '../../../lib/core/event-ring.js';
import type { Stream } from '../../../lib/core/streams/stream.js';
import { PlainProtection } from '../../sim/plain-protection.js';
import { Rng } from '../../sim/rng.js';
import { type Arriving, CoreNode, join } from '../../support/core-node.js';
import { PAYLOAD_BYTES } from './hostile-batches.js';

/** Addresses: of the victim, the honest peer, and the first hostile one. */
const [VICTIM, HONEST, FIRST] = [1, 2, 3];
const SLAB_BYTES = PAYLOAD_BYTES + layout.PACKET_HEADER_BYTES + layout.PACKET_TAG_BYTES;

interface Hostile {
  readonly node: CoreNode;
  readonly protection: PlainProtection;
  readonly from: number;
  nextNumber: number;
}

export class RawCrowd {
  readonly victim: CoreNode;
  readonly honest: CoreNode;
  nowUs = 0;
  /** What the victim's application was told, events. */
  told = 0;
  /** Streams of the honest peer, as the victim has them. */
  readonly streams: Stream[] = [];
  readonly #hostile: readonly Hostile[];
  /** On its way to the honest peer. */
  readonly #heard: Arriving[] = [];
  readonly #tx = new PacketBatch(SLAB_BYTES, 1);

  /** @param count hostile peers: 30 at most */
  constructor(count: number) {
    this.victim = new CoreNode({
      name: VICTIM,
      random: new Rng(VICTIM).asRandom(),
      onEvent: (kind, owner, subject) => {
        this.told++;
        if (kind !== EVENT_STREAM) return;
        if (owner === this.victim.connectionOf(this.honest)) this.streams.push(subject as Stream);
      },
    });
    this.honest = new CoreNode({ name: HONEST, random: new Rng(HONEST).asRandom() });
    this.nowUs = join(this.honest, this.victim, HONEST, VICTIM);
    this.#hostile = Array.from({ length: count }, (_, index) => this.#enter(FIRST + index));
  }

  /** Hostile connections that the victim has not ended. */
  get alive(): number {
    const open = [...this.victim.endpoint.connections()].filter(({ phase }) => phase === 'open');
    return open.length - 1;
  }

  /** A packet for each of these payloads (payloadsOf makes a batch full of them): of each hostile peer in its turn. */
  flood(payloads: readonly Uint8Array[]): Arriving[] {
    const hostile = this.#hostile;
    return payloads.map((payload, index) => this.#seal(hostile[index % hostile.length], payload));
  }

  /** What the honest peer has to say: what it answered to what it heard last, and what its timers and streams bring. */
  say(): Arriving[] {
    const arriving = this.#heard.splice(0);
    return this.honest.turn(arriving, this.nowUs).map(({ bytes }) => ({ from: HONEST, bytes }));
  }

  /** One batch for the victim, and its turn. Returns how many datagrams it sent. */
  turn(arriving: readonly Arriving[]): number {
    const sent = this.victim.turn(arriving, this.nowUs);
    const heard = sent.filter(({ to }) => to === HONEST);
    this.#heard.push(...heard.map(({ bytes }) => ({ from: VICTIM, bytes })));
    return sent.length;
  }

  #enter(from: number): Hostile {
    const protection = new PlainProtection({ maxSlots: 4 });
    const node = new CoreNode({ name: from, random: new Rng(from).asRandom(), protection });
    this.nowUs = join(node, this.victim, from, VICTIM, this.nowUs);
    return { node, protection, from, nextNumber: node.connection.recovery.nextPacketNumber + 1000 };
  }

  #seal(hostile: Hostile, payload: Uint8Array): Arriving {
    const { connection } = hostile.node;
    const tx = this.#tx;
    const byteLength = layout.PACKET_HEADER_BYTES + payload.length + layout.PACKET_TAG_BYTES;
    tx.bytes[0] = 0x40;
    tx.bytes.set(connection.remoteId, 1);
    tx.bytes.set(payload, layout.PACKET_HEADER_BYTES);
    tx.rows.fill(0);
    tx.rows[layout.LENGTH] = byteLength;
    tx.rows[layout.KEY] = connection.sealKey;
    tx.doubles[layout.PACKET_NUMBER >> 1] = hostile.nextNumber++;
    tx.length = 1;
    if (hostile.protection.seal(tx, 0, 1) !== 1) throw new Error('not sealed');
    return { from: hostile.from, bytes: tx.bytes.slice(0, byteLength) };
  }
}
