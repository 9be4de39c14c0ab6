/**
 * One endpoint of the core on a clock that the recorder turns, with dice that are known: for recordings, nothing else.
 *
 * Called by record.ts. Invariant: its bytes depend on its name and on what it is told alone.
 */

import { createHash } from 'node:crypto';
import * as layout from '../../../lib/batch/layout.js';
import { PacketBatch } from '../../../lib/batch/packet-batch.js';
import { DEFAULT_CONFIG } from '../../../lib/core/config.js';
import type { Connection } from '../../../lib/core/connection/connection.js';
import { Endpoint } from '../../../lib/core/endpoint/endpoint.js';
import { EVENT_CONNECTED, EVENT_CONNECTION, EVENT_STREAM } from '../../../lib/core/event-ring.js';
import type { KeyPair, Random } from '../../../lib/core/ports.js';
import type { Stream } from '../../../lib/core/streams/stream.js';
import { openNodeProtection } from '../../../lib/crypto/node-protection.js';
import { SimulatedAddresses, simulatedMemory } from '../../sim/surroundings.js';
import { testPrimitives } from '../../support/test-primitives.js';

export const EPOCH_US = 1_700_000_000_000_000;

export interface SpeakerOptions {
  readonly name: string;
  readonly suites: readonly number[];
  readonly psk?: Uint8Array;
}

/** Hashes of a name and a counter. */
export function namedRandom(name: string): Random {
  let count = 0;
  return {
    fill(bytes) {
      for (let at = 0; at < bytes.length; at += 32) {
        const block = createHash('sha256').update(`burstwire 0.1 ${name} ${count++}`).digest();
        bytes.set(block.subarray(0, bytes.length - at), at);
      }
    },
  };
}

export class Speaker {
  readonly endpoint: Endpoint;
  readonly identity: KeyPair;
  /** Every key pair made, the identity first. */
  readonly made: KeyPair[] = [];
  readonly streams: Stream[] = [];
  connection: Connection | undefined;
  readonly #rx = new PacketBatch(1 << 18, 128);
  readonly #tx = new PacketBatch(1 << 18, 128);

  constructor({ name, suites, psk }: SpeakerOptions, nowUs: number) {
    const primitives = testPrimitives(namedRandom(`${name} keys`));
    const generateKeyPair = (): KeyPair => {
      const { publicKey, privateKey } = primitives.generateKeyPair();
      this.made.push({ publicKey: publicKey.slice(), privateKey: privateKey.slice() });
      return { publicKey, privateKey };
    };
    this.identity = generateKeyPair();
    this.endpoint = new Endpoint({
      config: { ...DEFAULT_CONFIG, maxDatagramSize: 1200, maxStreams: 4, initialStreamData: 2000 },
      protection: openNodeProtection({ maxSlots: 8 }),
      primitives: { ...primitives, generateKeyPair },
      random: namedRandom(name),
      memory: simulatedMemory,
      addresses: new SimulatedAddresses(),
      identity: this.identity,
      nowUs,
      epochUs: EPOCH_US,
      suites,
      ...(psk === undefined ? {} : { psk }),
    });
  }

  /** One turn with what has arrived; what it sends. It reads all that comes. */
  turn(datagrams: readonly Uint8Array[], remote: number, nowUs: number): Uint8Array[] {
    let offset = 0;
    this.#rx.rows.fill(0);
    datagrams.forEach((bytes, row) => {
      const at = row << layout.ROW_SHIFT;
      this.#rx.bytes.set(bytes, offset);
      this.#rx.rows[at + layout.OFFSET] = offset;
      this.#rx.rows[at + layout.LENGTH] = bytes.length;
      this.#rx.rows[at + layout.REMOTE] = remote;
      offset += bytes.length;
    });
    this.#rx.length = datagrams.length;
    this.endpoint.receive(this.#rx, nowUs);
    this.#dispatch();
    if (this.endpoint.deadlineUs <= nowUs) this.endpoint.onTimer(nowUs);
    this.#dispatch();
    const sent: Uint8Array[] = [];
    for (let rows = 1; rows > 0; ) {
      rows = this.endpoint.transmit(this.#tx, nowUs);
      for (let row = 0; row < rows; row++) {
        const at = row << layout.ROW_SHIFT;
        const start = this.#tx.rows[at + layout.OFFSET];
        sent.push(this.#tx.bytes.slice(start, start + this.#tx.rows[at + layout.LENGTH]));
      }
    }
    this.endpoint.endTurn();
    return sent;
  }

  #dispatch(): void {
    const { events } = this.endpoint;
    while (events.take()) {
      const { kind, subject } = events;
      if (kind === EVENT_CONNECTED || kind === EVENT_CONNECTION) {
        this.connection = subject as Connection;
      }
      if (kind === EVENT_STREAM) this.streams.push(subject as Stream);
    }
    for (const stream of this.streams) {
      if (stream.isLocal && stream.isUnidirectional) continue;
      while (stream.read() !== undefined);
      stream.takeEnd();
    }
  }
}
