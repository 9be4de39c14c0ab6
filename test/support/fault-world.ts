/**
 * A server and its clients, in one process and without a network, whose server throws on command.
 *
 * Each client sends a stream; the server sends as much back, and what came is compared. Used by the tests of what throws
 * inside an endpoint.
 *
 * Invariant: a step is a turn of everybody; nothing is lost on the way.
 */

import { DEFAULT_CONFIG } from '../../lib/core/config.js';
import type { Connection } from '../../lib/core/connection/connection.js';
import { EVENT_CLOSED, EVENT_READABLE, EVENT_STREAM } from '../../lib/core/event-ring.js';
import type { Memory, Protection, Random } from '../../lib/core/ports.js';
import type { Stream } from '../../lib/core/streams/stream.js';
import { AuditedProtection } from '../sim/audited-protection.js';
import { PlainProtection } from '../sim/plain-protection.js';
import { Rng } from '../sim/rng.js';
import { simulatedMemory } from '../sim/surroundings.js';
import { type Arriving, CoreNode } from './core-node.js';

const STEP_US = 5000;
/** What a batch of a node holds. */
const BATCH_DATAGRAMS = 80;

/** Counts the calls that may fail, and fails one of them. */
export class Countdown {
  calls = 0;
  /** The call that throws; -1: none does. */
  failAt = -1;
  hasFailed = false;

  tick(): void {
    if (this.calls++ !== this.failAt) return;
    this.hasFailed = true;
    throw new RangeError('Array buffer allocation failed');
  }
}

function failingMemory(countdown: Countdown): Memory {
  return {
    allocate(byteLength) {
      countdown.tick();
      return simulatedMemory.allocate(byteLength);
    },
    gather(target, source, pieces, count) {
      countdown.tick();
      simulatedMemory.gather(target, source, pieces, count);
    },
  };
}

function failingProtection(inner: Protection, countdown: Countdown): Protection {
  return new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const fails = name !== 'retireKey';
      return (...values: unknown[]) => {
        if (fails) countdown.tick();
        return Reflect.apply(value, target, values);
      };
    },
  });
}

/** What a client has of its transfer. */
export interface Transfer {
  readonly sent: Uint8Array;
  readonly received: number[];
  isEnded: boolean;
  closed: Connection['closed'];
}

export class FaultWorld {
  nowUs = 1_000_000;
  readonly countdown = new Countdown();
  readonly objections: string[] = [];
  readonly faults: unknown[] = [];
  /** How the server's connections ended. */
  readonly ends: Connection['closed'][] = [];
  readonly protection: AuditedProtection;
  readonly server: CoreNode;
  readonly transfers = new Map<number, Transfer>();
  readonly #nodes: CoreNode[];
  readonly #inboxes: Arriving[][] = [[]];
  readonly #rng = new Rng(11);

  /** @param serverRandom the dice of the server; default: good ones */
  constructor(serverRandom?: Random) {
    const plain = new PlainProtection({ maxSlots: 64 });
    this.protection = new AuditedProtection(
      plain,
      (what) => this.objections.push(what),
      () => undefined,
    );
    this.server = new CoreNode({
      name: 1,
      random: serverRandom ?? this.#rng.fork('server').asRandom(),
      config: DEFAULT_CONFIG,
      memory: failingMemory(this.countdown),
      protection: failingProtection(this.protection, this.countdown),
      onFault: (error) => this.faults.push(error),
      onEvent: (kind, owner, subject) => this.#onServerEvent(kind, owner, subject),
    });
    this.#nodes = [this.server];
  }

  /** A client that connects and transfers. Returns its place. */
  add(byteLength: number): number {
    const place = this.#nodes.length;
    const transfer: Transfer = {
      sent: Uint8Array.from({ length: byteLength }, (_, index) => (index * place) >> 3),
      received: [],
      isEnded: false,
      closed: undefined,
    };
    this.transfers.set(place, transfer);
    const node = new CoreNode({
      name: place + 1,
      random: this.#rng.fork(`client ${place}`).asRandom(),
      onEvent: (kind, owner, subject) => {
        if (kind === EVENT_READABLE) read(subject as Stream, transfer);
        if (kind === EVENT_CLOSED) transfer.closed = (owner as Connection).closed;
      },
    });
    this.#nodes.push(node);
    this.#inboxes.push([]);
    node.endpoint.connect({ peer: 0, remoteStatic: this.server.publicKey }, this.nowUs);
    return place;
  }

  /** Begins the transfer of a client that is connected; false when it is not. */
  begin(place: number): boolean {
    const { connection } = this.#nodes[place];
    if (connection === undefined) return false;
    const stream = connection.openStream(false);
    stream?.write(this.transfers.get(place)!.sent);
    stream?.finish();
    return stream !== undefined;
  }

  isWhole(place: number): boolean {
    const { received, sent, isEnded } = this.transfers.get(place)!;
    return isEnded && Buffer.compare(Uint8Array.from(received), sent) === 0;
  }

  /** Turns of everybody, so many, so far apart. */
  step(steps: number, stepUs = STEP_US): void {
    for (let step = 0; step < steps; step++) {
      this.nowUs += stepUs;
      this.#nodes.forEach((node, place) => {
        const arriving = this.#inboxes[place].splice(0, BATCH_DATAGRAMS);
        for (const { to, bytes } of node.turn(arriving, this.nowUs)) {
          this.#inboxes[to].push({ from: place, bytes });
        }
      });
    }
  }

  /** All that was opened is closed, and time passes. */
  end(): void {
    for (const { endpoint } of this.#nodes) endpoint.close(0, '');
    this.step(40);
    this.step(40, 2_000_000);
  }

  #onServerEvent(kind: number, owner: unknown, subject: unknown): void {
    if (kind === EVENT_CLOSED) this.ends.push((owner as Connection).closed);
    if (kind === EVENT_STREAM) {
      const stream = subject as Stream;
      stream.data = { sent: [], received: [], isEnded: false };
    }
    if (kind !== EVENT_READABLE) return;
    const stream = subject as Stream;
    const transfer = stream.data as Transfer;
    if (transfer.isEnded) return;
    read(stream, transfer);
    if (!transfer.isEnded) return;
    stream.write(Uint8Array.from(transfer.received));
    stream.finish();
  }
}

function read(stream: Stream, transfer: Transfer): void {
  for (let chunk = stream.read(); chunk !== undefined; chunk = stream.read()) {
    transfer.received.push(...chunk);
  }
  if (stream.takeEnd()) transfer.isEnded = true;
}
