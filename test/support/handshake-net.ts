/**
 * Two or more `Handshakes` and the datagrams between them, in one process and with a clock that the test turns.
 *
 * The test decides what arrives: nothing is delivered by itself.
 */

import type { HandshakesOptions } from '../../lib/core/handshake/context.js';
import { Handshakes } from '../../lib/core/handshake/handshakes.js';
import type { HandshakeEvent, Outcome } from '../../lib/core/handshake/outcome.js';
import type { Source } from '../../lib/core/handshake/source.js';
import type { HandshakePrimitives, KeyPair } from '../../lib/core/ports.js';
import { seededRandom, testPrimitives } from './test-primitives.js';

export interface Packet {
  readonly from: Node;
  readonly to: Source;
  readonly bytes: Uint8Array;
}

export interface NodeOptions extends Partial<HandshakesOptions> {
  readonly seed?: number;
  readonly primitives?: HandshakePrimitives;
  readonly address?: Uint8Array;
  readonly port?: number;
}

/** One endpoint: its handshakes, what they have said, and its address. */
export class Node {
  readonly handshakes: Handshakes;
  readonly identity: KeyPair;
  readonly source: Source;
  readonly primitives: HandshakePrimitives;
  readonly events: HandshakeEvent[] = [];
  readonly sent: Packet[] = [];
  nowUs: number;

  constructor(name: string, options: NodeOptions = {}) {
    const random = seededRandom(options.seed ?? name.charCodeAt(0));
    this.primitives = options.primitives ?? testPrimitives(seededRandom(name.charCodeAt(0) * 77));
    this.identity = options.identity ?? this.primitives.generateKeyPair();
    this.nowUs = options.nowUs ?? 1_000_000;
    const last = name.charCodeAt(0);
    this.source = {
      address: options.address ?? Uint8Array.of(10, 0, 0, last),
      port: options.port ?? 4000 + last,
      peer: last,
    };
    this.handshakes = new Handshakes({
      random,
      epochUs: 1_700_000_000_000_000,
      ...options,
      primitives: this.primitives,
      identity: this.identity,
      nowUs: this.nowUs,
    });
  }

  connect(to: Node, known = true): number {
    const request = known ? { remoteStatic: to.identity.publicKey } : {};
    const attempt = this.handshakes.connect({ source: to.source, ...request }, this.nowUs);
    this.collect();
    return attempt;
  }

  /** Gives it a datagram; the verdict. */
  receive(bytes: Uint8Array, from: Source): number {
    const reason = this.handshakes.receive(bytes, from, this.nowUs);
    this.collect();
    return reason;
  }

  /** Turns the clock to the next deadline; false when there is none. */
  timer(): boolean {
    const { deadlineUs } = this.handshakes;
    if (deadlineUs === Number.POSITIVE_INFINITY) return false;
    this.nowUs = Math.max(this.nowUs, deadlineUs);
    this.handshakes.onTimer(this.nowUs);
    this.collect();
    return true;
  }

  /** Everything of its state that decides its future, for comparing two nodes. */
  describe(): unknown {
    return this.handshakes.describe();
  }

  confirm(localId: Uint8Array): void {
    this.handshakes.onFirstProtectedPacket(localId);
    this.collect();
  }

  /** Takes the datagrams that wait and forgets them. */
  takeSent(): Packet[] {
    return this.sent.splice(0);
  }

  outcomes(): Outcome[] {
    return this.events.flatMap((event) => (event.kind === 'established' ? [event.outcome] : []));
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind);
  }

  collect(): void {
    for (const { bytes, source } of this.handshakes.takeOutgoing()) {
      this.sent.push({ from: this, to: source, bytes });
    }
    this.events.push(...this.handshakes.takeEvents());
  }
}

/** Delivers everything, in order, until nobody has anything to say. Returns the verdicts. */
export function exchange(...nodes: readonly Node[]): number[] {
  const reasons: number[] = [];
  for (let round = 0; round < 100; round++) {
    const packets = nodes.flatMap((node) => node.takeSent());
    if (packets.length === 0) return reasons;
    for (const packet of packets) {
      const target = nodes.find((node) => node.source.peer === packet.to.peer);
      if (target) reasons.push(target.receive(packet.bytes, packet.from.source));
    }
  }
  throw new Error('the exchange does not end');
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
