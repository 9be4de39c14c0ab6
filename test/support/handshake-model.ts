/**
 * The world of the model check: two nodes that connect to each other, and a network that may do anything.
 *
 * A world is rebuilt from its list of steps, so that every order of steps can be tried. `step` names: `connect:a`,
 * `timer:b`, `deliver:3` (the third packet ever sent arrives and is gone), `repeat:3` (it arrives and arrives again
 * later). What is never delivered is lost. Protected packets are stood for by their receiver's id and key.
 *
 * Retransmissions and waiting are in the model; giving up after ten seconds is not: a peer that gives up while its last
 * message is under way cannot be agreed with by any protocol, and its connection ends by its own timers.
 */

import type { HandshakeEvent, Outcome } from '../../lib/core/handshake/outcome.js';
import { hex, Node } from './handshake-net.js';
import { countingRandom, toyIdentity, toyPrimitives } from './toy-primitives.js';

/** Later than anything that happens in a run. */
const NEVER_US = 1e12;

export interface Scenario {
  /** First bytes of the static keys. */
  readonly keys: readonly [number, number];
  /** Whether each knows the other's static key. */
  readonly known: readonly [boolean, boolean];
  readonly allowOwnKey?: boolean;
}

interface InFlight {
  readonly name: string;
  readonly to: number;
  readonly bytes?: Uint8Array;
  /** A protected packet: the id it carries, the key it is sealed with. */
  readonly sealed?: { readonly id: string; readonly secret: string };
  repeated: boolean;
}

interface Connection {
  readonly outcome: Outcome;
  readonly id: string;
  readonly sendSecret: string;
  readonly receiveSecret: string;
  readonly hash: string;
  attempt: number | undefined;
  confirmed: boolean;
  discarded: boolean;
}

/** What one side's application and connection layer see. */
class Side {
  readonly node: Node;
  readonly connections: Connection[] = [];
  readonly failures: string[] = [];
  attempt: number | undefined;
  isResolved = false;

  constructor(node: Node) {
    this.node = node;
  }

  /** Connections that the application holds: IK's initiator has one as soon as it has keys. */
  get visible(): Connection[] {
    return this.connections.filter(
      ({ outcome, confirmed }) => confirmed || (outcome.role === 'initiator' && isKnown(outcome)),
    );
  }

  /** An application that has been given a connection to this peer does not ask for another. */
  get wantsToConnect(): boolean {
    return this.attempt === undefined && this.visible.length === 0;
  }

  absorb(event: HandshakeEvent): void {
    if (event.kind === 'established') {
      const { outcome } = event;
      this.connections.push({
        outcome,
        id: hex(outcome.localId),
        sendSecret: hex(outcome.sendSecret),
        receiveSecret: hex(outcome.receiveSecret),
        hash: hex(outcome.handshakeHash),
        attempt: event.attempt,
        confirmed: false,
        discarded: false,
      });
      if (isKnown(outcome) && event.attempt !== undefined) this.resolve(event.attempt);
    } else if (event.kind === 'failed') {
      this.failures.push(event.reason);
    } else {
      const connection = this.connections.find(({ id }) => id === hex(event.localId));
      if (!connection) throw new Error(`${event.kind} without keys`);
      if (event.kind === 'discarded') connection.discarded = true;
      else {
        connection.confirmed = true;
        const isNew = event.attempt !== undefined && !this.visibleAttempt(event.attempt);
        if (isNew) this.resolve(event.attempt!);
      }
    }
  }

  visibleAttempt(attempt: number): boolean {
    return this.connections.some(
      (connection) => connection.attempt === attempt && isKnown(connection.outcome),
    );
  }

  resolve(attempt: number): void {
    if (attempt !== this.attempt || this.isResolved) throw new Error('a connect resolved twice');
    this.isResolved = true;
  }
}

function isKnown(outcome: Outcome): boolean {
  return outcome.pattern.startsWith('IK');
}

export class World {
  readonly sides: readonly [Side, Side];
  readonly flight: InFlight[] = [];
  readonly scenario: Scenario;
  timers: [number, number] = [0, 0];
  repeats = 0;
  #sent = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const make = (index: 0 | 1): Side => {
      const name = 'ab'.charCodeAt(index);
      return new Side(
        new Node('ab'[index], {
          primitives: toyPrimitives(name),
          random: countingRandom(name),
          identity: toyIdentity(scenario.keys[index]),
          allowOwnKey: scenario.allowOwnKey ?? false,
          // A small table: a world is made ten thousand times.
          rateLimit: { burst: 1000, sources: 64 },
          halfOpenUs: NEVER_US,
          retransmission: { timeoutUs: NEVER_US },
        }),
      );
    };
    this.sides = [make(0), make(1)];
  }

  /** Steps that can be taken now, under the bounds. */
  choices(maxTimers: number, maxRepeats: number): string[] {
    const choices: string[] = [];
    this.sides.forEach((side, index) => {
      if (side.wantsToConnect) choices.push(`connect:${index}`);
      const hasTimer = side.node.handshakes.deadlineUs < NEVER_US;
      if (hasTimer && this.timers[index] < maxTimers) choices.push(`timer:${index}`);
    });
    for (const { name, repeated } of this.flight) {
      choices.push(`deliver:${name}`);
      if (!repeated && this.repeats < maxRepeats) choices.push(`repeat:${name}`);
    }
    return choices;
  }

  step(choice: string): void {
    const [what, which] = choice.split(':');
    if (what === 'connect') this.#connect(Number(which));
    else if (what === 'timer') this.timer(Number(which));
    else {
      const index = this.flight.findIndex(({ name }) => name === which);
      const packet = this.flight[index];
      if (what === 'deliver') this.flight.splice(index, 1);
      else {
        packet.repeated = true;
        this.repeats++;
      }
      this.#deliver(packet);
    }
    this.#check();
  }

  timer(index: number): void {
    this.timers[index]++;
    this.sides[index].node.timer();
    this.#drain(index);
  }

  /** From here on the network is perfect: whatever is due happens in order, until nothing is left to do. */
  complete(keepFlight: boolean): void {
    if (!keepFlight) this.flight.length = 0;
    this.sides.forEach((side, index) => {
      if (side.wantsToConnect) this.#connect(index);
    });
    for (let round = 0; round < 60 && !this.isSettled(); round++) {
      while (this.flight.length > 0) this.step(`deliver:${this.flight[0].name}`);
      for (const side of this.sides) this.#probe(side);
      while (this.flight.length > 0) this.step(`deliver:${this.flight[0].name}`);
      if (this.isSettled()) return;
      const [left, right] = this.sides.map((side) => side.node.handshakes.deadlineUs);
      if (Math.min(left, right) < NEVER_US) this.timer(left <= right ? 0 : 1);
    }
  }

  isSettled(): boolean {
    return (
      this.flight.length === 0 &&
      this.sides.every(
        ({ attempt, isResolved, visible, node }) =>
          (isResolved || attempt === undefined) &&
          visible.every(({ confirmed }) => confirmed) &&
          node.handshakes.attempts === 0,
      )
    );
  }

  /** Equal for worlds with the same future. */
  key(): string {
    const sides = this.sides.map(({ node, connections, isResolved, attempt, failures }) => [
      node.nowUs,
      attempt,
      isResolved,
      failures,
      node.describe(),
      connections.map(({ id, confirmed, discarded }) => [id, confirmed, discarded]),
    ]);
    const flight = this.flight.map(({ to, bytes, sealed, repeated }) =>
      [to, repeated, sealed?.id, sealed?.secret, bytes ? hex(bytes.subarray(-32)) : ''].join(),
    );
    return JSON.stringify([sides, flight.sort(), this.timers, this.repeats]);
  }

  #connect(index: number): void {
    const side = this.sides[index];
    const other = this.sides[1 - index].node;
    // The number is known beforehand, because events may name it at once.
    side.attempt = 1;
    side.node.connect(other, this.scenario.known[index]);
    this.#drain(index);
  }

  #deliver(packet: InFlight): void {
    const side = this.sides[packet.to];
    if (packet.bytes) side.node.receive(packet.bytes, this.sides[1 - packet.to].node.source);
    else this.#open(packet.to, packet.sealed!);
    this.#drain(packet.to);
  }

  #open(to: number, sealed: { readonly id: string; readonly secret: string }): void {
    const side = this.sides[to];
    const connection = side.connections.find(
      ({ id, receiveSecret, discarded }) =>
        id === sealed.id && receiveSecret === sealed.secret && !discarded,
    );
    if (!connection) return;
    side.node.confirm(connection.outcome.localId);
    if (connection.outcome.role === 'responder') {
      this.#drain(to);
      if (connection.confirmed && !connection.discarded) this.#seal(side, connection);
    }
  }

  #seal(side: Side, connection: Connection): void {
    const to = side === this.sides[0] ? 1 : 0;
    const sealed = { id: hex(connection.outcome.remoteId), secret: connection.sendSecret };
    this.flight.push({ name: `${++this.#sent}`, to, sealed, repeated: false });
  }

  /** The connection's own timers: an initiator asks until it is answered. */
  #probe(side: Side): void {
    for (const connection of side.connections) {
      const { outcome, confirmed, discarded } = connection;
      if (outcome.role === 'initiator' && !confirmed && !discarded) this.#seal(side, connection);
    }
  }

  #drain(index: number): void {
    const side = this.sides[index];
    for (const { bytes } of side.node.takeSent()) {
      this.flight.push({ name: `${++this.#sent}`, to: 1 - index, bytes, repeated: false });
    }
    for (const event of side.node.events.splice(0)) {
      side.absorb(event);
      const last = side.connections.at(-1);
      if (event.kind === 'established' && last?.outcome.role === 'initiator')
        this.#seal(side, last);
    }
  }

  /** True at every moment. */
  #check(): void {
    for (const { visible } of this.sides) {
      if (visible.length > 1) throw new Error('two connections');
      if (visible.some(({ discarded }) => discarded))
        throw new Error('a connection was taken away');
    }
  }
}
