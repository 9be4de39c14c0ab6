/**
 * Batches of handshake messages, and of packets of nobody, as full as one receive call makes them, for an endpoint with the
 * product's own key agreements: what strangers can make a turn cost.
 *
 * It judges nothing. Used by hostile-turns.ts, which takes the time. Invariant: a turn is what the driver makes of one
 * batch: all of it is received, then two batches are filled.
 */

import * as layout from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { DEFAULT_CONFIG } from '../../lib/core/config.js';
import { Endpoint } from '../../lib/core/endpoint/endpoint.js';
import { Handshakes } from '../../lib/core/handshake/handshakes.js';
import { mac1Key, writeMac1 } from '../../lib/core/handshake/macs.js';
import { openPrimitives } from '../../lib/crypto/choose-primitives.js';
import { systemRandom } from '../../lib/crypto/random.js';
import { PlainProtection } from '../../test/sim/plain-protection.js';
import { SimulatedAddresses, simulatedMemory } from '../../test/sim/surroundings.js';

const { primitives } = openPrimitives();
const EPOCH_US = Date.now() * 1000;
const TX_BYTES = 256 << 10;
const TX_ROWS = 1024;
/** Batches that the driver sends in one turn. */
const SENDS = 2;
/** More than may wait and are handled in a turn: behind them all is dropped, so they may come again. */
const GENUINE = 1100;
const INITIATION_BYTES = 1200;
const INITIATION_BYTES_MAX = 1500;
const TOKEN_BYTES = 64;

/** An endpoint that strangers send to. */
export class Target {
  nowUs = 1_000_000;
  readonly #identity = primitives.generateKeyPair();
  readonly #endpoint: Endpoint;
  readonly #rx = new PacketBatch(
    layout.RECEIVE_MESSAGES * layout.RECEIVE_STRIDE,
    layout.RECEIVE_ROWS,
  );
  readonly #tx = new PacketBatch(TX_BYTES, TX_ROWS);

  constructor() {
    this.#endpoint = new Endpoint({
      config: DEFAULT_CONFIG,
      protection: new PlainProtection({ maxSlots: 8192 }),
      primitives,
      random: systemRandom,
      memory: simulatedMemory,
      addresses: new SimulatedAddresses(),
      identity: this.#identity,
      nowUs: this.nowUs,
      epochUs: EPOCH_US,
    });
  }

  get hasWork(): boolean {
    return this.#endpoint.hasWork;
  }

  /** First messages for this endpoint, each of another handshake. */
  initiations(count: number, isKnown: boolean, token?: Uint8Array): Uint8Array[] {
    const initiator = new Handshakes({
      primitives,
      random: systemRandom,
      identity: primitives.generateKeyPair(),
      nowUs: 0,
      epochUs: EPOCH_US,
    });
    const source = { address: Uint8Array.of(127, 0, 0, 1), port: 1, peer: 1 };
    return Array.from({ length: count }, () => {
      const key = isKnown ? { remoteStatic: this.#identity.publicKey } : {};
      const request = token === undefined ? { source, ...key } : { source, ...key, token };
      const attempt = initiator.connect(request, 0);
      const [{ bytes }] = initiator.takeOutgoing();
      initiator.cancel(attempt);
      return bytes.slice();
    });
  }

  /** The same with an inside that does not open: whoever knows the public key can make them without an agreement. */
  junk(count: number): Uint8Array[] {
    const [genuine] = this.initiations(1, true);
    const key = mac1Key(primitives, this.#identity.publicKey);
    return Array.from({ length: count }, (_, index) => {
      const bytes = genuine.slice();
      bytes[200 + (index % 900)] ^= 1 + (index & 0x7f);
      writeMac1(primitives, key, bytes);
      return bytes;
    });
  }

  /** Fills the batch with these, again and again; `peerOf` says from which address each comes. */
  load(messages: readonly Uint8Array[], peerOf: (row: number) => number): void {
    const { bytes, rows } = this.#rx;
    let offset = 0;
    let row = 0;
    for (; row < layout.RECEIVE_ROWS; row++) {
      const message = messages[row % messages.length];
      if (offset + message.length > bytes.length) break;
      const at = row << layout.ROW_SHIFT;
      rows.fill(0, at, at + layout.ROW_INTS);
      bytes.set(message, offset);
      rows[at + layout.OFFSET] = offset;
      rows[at + layout.LENGTH] = message.length;
      rows[at + layout.REMOTE] = peerOf(row);
      offset += message.length;
    }
    this.#rx.length = row;
  }

  /** The turn in which the batch comes. */
  receive(): void {
    this.#endpoint.receive(this.#rx, this.nowUs);
    this.turn();
  }

  /** A turn without one: what waits goes on. */
  turn(): void {
    const endpoint = this.#endpoint;
    while (endpoint.events.take());
    if (endpoint.deadlineUs <= this.nowUs) endpoint.onTimer(this.nowUs);
    endpoint.endTurn();
    for (let sent = 0; sent < SENDS; sent++) {
      if (endpoint.transmit(this.#tx, this.nowUs) === 0) break;
    }
    while (endpoint.events.take());
    this.nowUs += 1000;
  }
}

export interface HandshakeBatch {
  readonly name: string;
  /** A target with the batch loaded. */
  readonly make: () => Target;
}

const each = (row: number): number => row;
const one = (): number => 1;

function of(
  name: string,
  messagesOf: (target: Target) => readonly Uint8Array[],
  peerOf = each,
): HandshakeBatch {
  return {
    name,
    make() {
      const target = new Target();
      target.load(messagesOf(target), peerOf);
      return target;
    },
  };
}

/** The same for a target that has so many half-open handshakes that it asks for cookies. */
function underLoad(
  name: string,
  messagesOf: (target: Target) => readonly Uint8Array[],
): HandshakeBatch {
  return {
    name,
    make() {
      const target = new Target();
      target.load(target.initiations(GENUINE, false), each);
      target.receive();
      while (target.hasWork) target.turn();
      target.load(messagesOf(target), (row) => layout.RECEIVE_ROWS + row);
      return target;
    },
  };
}

const noise = (byteLength: number, first: number): Uint8Array => {
  const bytes = new Uint8Array(byteLength);
  systemRandom.fill(bytes);
  bytes[0] = first;
  return bytes;
};

export const HANDSHAKE_BATCHES: readonly HandshakeBatch[] = [
  of('initiations (IK), each from another address', (to) => to.initiations(GENUINE, true)),
  of('initiations (XX), each from another address', (to) => to.initiations(GENUINE, false)),
  of('initiations (IK), all from one address', (to) => to.initiations(GENUINE, true), one),
  of('initiations that do not open, mac1 fits', (to) => to.junk(GENUINE)),
  of('noise of the length of an initiation', () => [noise(INITIATION_BYTES, 0x81)]),
  of('initiations of another version, the longest', () => [noise(INITIATION_BYTES_MAX, 0x81)]),
  of('final messages of no handshake', () => [noise(INITIATION_BYTES, 0x83)]),
  of('responses that nobody has asked for, tiny', () => [noise(40, 0x82)]),
  of('packets of ids that nobody has, tiny', () => [noise(46, 0x40)]),
  underLoad('under load: initiations (IK)', (to) => to.initiations(GENUINE, true)),
  underLoad('under load: initiations with a token', (to) =>
    to.initiations(GENUINE, true, new Uint8Array(TOKEN_BYTES)),
  ),
];
