/**
 * Complete handshakes of ours in memory: both sides, keys installed, and the first packet through.
 *
 * It takes no time. Called by handshake.ts and cases/handshake.ts.
 *
 * Invariant: a handshake that `run` has made is complete: the initiator's first packet has opened at the responder, and
 * nothing of it is left afterwards but what the two peers remember of each other.
 */

import {
  CONNECTION,
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_TAG_BYTES,
  STATUS,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { Handshakes } from '../../lib/core/handshake/handshakes.js';
import { KeySchedule } from '../../lib/core/handshake/key-schedule.js';
import type { Outcome } from '../../lib/core/handshake/outcome.js';
import type { HandshakePrimitives, KeyPair, Protection } from '../../lib/core/ports.js';
import { openPrimitives } from '../../lib/crypto/choose-primitives.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { systemRandom } from '../../lib/crypto/random.js';

const PACKET_BYTES = PACKET_HEADER_BYTES + 100 + PACKET_TAG_BYTES;
const STEP_US = 10_000;

interface Side {
  readonly identity: KeyPair;
  readonly handshakes: Handshakes;
}

function sourceOf(port: number) {
  return { address: Uint8Array.of(127, 0, 0, 1), port, peer: port };
}

const CLIENT = sourceOf(1);
const SERVER = sourceOf(2);

export class NoiseHandshakes {
  readonly protection: Protection;
  readonly #primitives: HandshakePrimitives;
  readonly #pattern: 'IK' | 'XX';
  readonly #batch = new PacketBatch(PACKET_BYTES, 1);
  readonly #server: Side;
  readonly #clients: readonly Side[];
  #next = 0;
  #nowUs = 0;

  /**
   * @param pattern IK: the initiator knows the responder's key; XX: it learns it
   * @param clients initiators that take turns: with one, the peers meet again; with more than a side remembers (256),
   *   they are strangers each time
   */
  constructor(pattern: 'IK' | 'XX', clients = 1) {
    this.protection = openProtection().protection;
    this.#primitives = openPrimitives().primitives;
    this.#pattern = pattern;
    this.#server = this.#side();
    this.#clients = Array.from({ length: clients }, () => this.#side());
  }

  /** One handshake. Throws when it does not come to an end. */
  run(): void {
    const client = this.#clients[this.#next];
    this.#next = (this.#next + 1) % this.#clients.length;
    this.#nowUs += STEP_US;
    const remoteStatic = this.#pattern === 'IK' ? this.#server.identity.publicKey : undefined;
    client.handshakes.connect(
      remoteStatic === undefined ? { source: SERVER } : { source: SERVER, remoteStatic },
      this.#nowUs,
    );
    this.#exchange(client.handshakes);
    const clientEnd = established(client.handshakes);
    const serverEnd = established(this.#server.handshakes);
    this.#confirm(client.handshakes, clientEnd, serverEnd);
  }

  /** Carries messages to and fro until nobody has one. */
  #exchange(client: Handshakes): void {
    const server = this.#server.handshakes;
    for (let moved = 1; moved > 0; ) {
      moved = 0;
      for (const { bytes } of client.takeOutgoing()) {
        server.receive(bytes, CLIENT, this.#nowUs);
        moved++;
      }
      for (const { bytes } of server.takeOutgoing()) {
        client.receive(bytes, SERVER, this.#nowUs);
        moved++;
      }
    }
  }

  #confirm(client: Handshakes, clientEnd: Outcome, serverEnd: Outcome): void {
    const server = this.#server.handshakes;
    const clientKeys = this.#keysOf(clientEnd);
    const serverKeys = this.#keysOf(serverEnd);
    this.#sendFirstPacket(clientKeys.sealKey, serverKeys.openKey, clientEnd.remoteId);
    server.onFirstProtectedPacket(serverEnd.localId);
    client.onFirstProtectedPacket(clientEnd.localId);
    server.takeEvents();
    client.takeEvents();
    clientKeys.close();
    serverKeys.close();
  }

  #side(): Side {
    const identity = this.#primitives.generateKeyPair();
    const handshakes = new Handshakes({
      primitives: this.#primitives,
      random: systemRandom,
      identity,
      nowUs: 0,
      epochUs: Date.now() * 1000,
      rateLimit: { ratePerSecond: 1e9, burst: 1e9 },
      busyPerSecond: 1e9,
      cookiesFrom: Number.POSITIVE_INFINITY,
    });
    return { identity, handshakes };
  }

  #keysOf({ suite, sendSecret, receiveSecret }: Outcome): KeySchedule {
    const keys = KeySchedule.install({
      protection: this.protection,
      primitives: this.#primitives,
      suite,
      sendSecret,
      receiveSecret,
    });
    if (keys === undefined) throw new Error('no key slot is free');
    return keys;
  }

  #sendFirstPacket(sealKey: number, openKey: number, connectionId: Uint8Array): void {
    const { bytes, rows, doubles } = this.#batch;
    bytes[0] = 0x40;
    bytes.set(connectionId, 1);
    rows[OFFSET] = 0;
    rows[LENGTH] = PACKET_BYTES;
    rows[STATUS] = 0;
    rows[CONNECTION] = 0;
    rows[KEY] = sealKey;
    doubles[PACKET_NUMBER / 2] = 0;
    this.#batch.length = 1;
    this.protection.seal(this.#batch, 0, 1);
    rows[KEY] = openKey;
    if (this.protection.open(this.#batch, 0, 1) !== 1) {
      throw new Error('the first packet did not open');
    }
  }
}

function established(from: Handshakes): Outcome {
  for (const event of from.takeEvents()) if (event.kind === 'established') return event.outcome;
  throw new Error('the handshake was not established');
}
