/**
 * One side of a live connection, for targets that send it what they like: raw, or sealed with the keys of its peer.
 *
 * It judges nothing but what holds always. Invariant: whatever was sent, the victim's endpoint comes to rest with no
 * connection and no pinned address.
 */

import * as layout from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { DEFAULT_CONFIG } from '../../lib/core/config.js';
import { LaneHash } from '../sim/lane-hash.js';
import { makeEndpoint, type TracerFor } from '../sim/make-endpoint.js';
import { PlainProtection } from '../sim/plain-protection.js';
import { Rng } from '../sim/rng.js';
import { SimulatedAddresses } from '../sim/surroundings.js';
import { must } from './target.js';

const SLAB_BYTES = 16 << 10;
const ROWS = 32;
const TURNS_MAX = 400;

type Made = ReturnType<typeof makeEndpoint>;

interface Party extends Made {
  readonly protection: PlainProtection;
  readonly addresses: SimulatedAddresses;
}

const config = {
  ...DEFAULT_CONFIG,
  maxDatagramSize: 1200,
  maxStreams: 4,
  initialStreamData: 4096,
  initialConnectionData: 8192,
  maxStreamData: 8192,
  maxConnectionData: 16_384,
  maxMessageSize: 2048,
  keepAliveUs: Number.POSITIVE_INFINITY,
};

const rx = new PacketBatch(SLAB_BYTES, ROWS);
const tx = new PacketBatch(SLAB_BYTES, ROWS);

function makeParty(place: number, tracerFor?: TracerFor): Party {
  const protection = new PlainProtection({ maxSlots: 8 });
  const addresses = new SimulatedAddresses();
  const random = new Rng(place + 1).asRandom();
  const primitives = 'toy' as const;
  const common = { place, config, protection, addresses, random, primitives, tracerFor };
  return { ...makeEndpoint({ ...common, nowUs: 0, wake: () => undefined }), protection, addresses };
}

export class Victim {
  readonly party: Party;
  /** Over all that both sides have sent, and when. */
  readonly hash = new LaneHash();
  readonly #peer = makeParty(0);
  #nowUs = 1000;
  #sent: Uint8Array[] = [];
  #number = 1000;

  /** @param tracerFor hears what happens to the victim */
  constructor(tracerFor?: TracerFor) {
    const party = makeParty(1, tracerFor);
    this.party = party;
    const remoteStatic = party.identity.publicKey;
    this.#peer.endpoint.connect({ peer: 1, remoteStatic }, this.#nowUs);
    for (let round = 0; round < 3; round++) {
      this.#turn(party, this.#turn(this.#peer, this.#sent, 1), 0);
    }
    must(this.connection?.isConfirmed === true, 'the victim has no connection');
    this.connection!.openStream(false)?.write(new Uint8Array(100));
    this.connection!.openStream(true)?.finish();
  }

  get connection() {
    for (const connection of this.party.endpoint.connections()) return connection;
    return undefined;
  }

  /** One turn of the victim with these datagrams; the events are taken, streams are not read. */
  receive(datagrams: readonly Uint8Array[]): void {
    this.#turn(this.party, datagrams, 0);
    this.#nowUs += 1000;
  }

  /** The payload in a packet that is authentic, and new. */
  seal(payload: Uint8Array): Uint8Array | undefined {
    const [from] = this.#peer.endpoint.connections();
    const length = 29 + payload.length;
    const batch = new PacketBatch(2048, 1);
    batch.bytes[0] = 0x40;
    batch.bytes.set(from.remoteIds.current, 1);
    batch.bytes.set(payload, 13);
    batch.rows[layout.LENGTH] = length;
    batch.rows[layout.KEY] = from.keys.sealKey;
    batch.doubles[layout.PACKET_NUMBER >> 1] = this.#number++;
    return this.#peer.protection.seal(batch, 0, 1) === 1 ? batch.bytes.slice(0, length) : undefined;
  }

  /** Time passes until nothing is left. */
  rest(): void {
    const { endpoint, addresses } = this.party;
    for (let turn = 0; endpoint.deadlineUs < Number.POSITIVE_INFINITY; turn++) {
      must(turn < TURNS_MAX, 'the victim never comes to rest');
      this.#nowUs = Math.max(this.#nowUs, endpoint.deadlineUs);
      this.#turn(this.party, [], 0);
    }
    must(endpoint.connectionCount === 0, 'a connection without a deadline');
    must(addresses.pinned === 0, 'an address is still pinned');
  }

  #turn({ endpoint }: Party, datagrams: readonly Uint8Array[], remote: number): Uint8Array[] {
    this.#sent = [];
    let offset = 0;
    rx.rows.fill(0);
    datagrams.forEach((bytes, row) => {
      const at = row << layout.ROW_SHIFT;
      rx.bytes.set(bytes, offset);
      rx.rows[at + layout.OFFSET] = offset;
      rx.rows[at + layout.LENGTH] = bytes.length;
      rx.rows[at + layout.REMOTE] = remote;
      offset += bytes.length;
    });
    rx.length = datagrams.length;
    endpoint.receive(rx, this.#nowUs);
    while (endpoint.events.take());
    if (endpoint.deadlineUs <= this.#nowUs) endpoint.onTimer(this.#nowUs);
    while (endpoint.events.take());
    for (let rows = 1; rows > 0; ) {
      rows = endpoint.transmit(tx, this.#nowUs);
      for (let row = 0; row < rows; row++) {
        const at = (row << layout.ROW_SHIFT) + layout.OFFSET;
        const start = tx.rows[at];
        const bytes = tx.bytes.slice(start, start + tx.rows[at - layout.OFFSET + layout.LENGTH]);
        this.#sent.push(bytes);
        this.hash.number(this.#nowUs);
        this.hash.bytes(new DataView(bytes.buffer), 0, bytes.length);
      }
    }
    endpoint.endTurn();
    while (endpoint.events.take());
    return this.#sent;
  }
}
