/**
 * Floods from outside, beside a connection that must not notice: forged sources, handshakes that never end, junk under its
 * own id; and hundreds of connections that come and go. What is kept is bounded, and goes again.
 */

import { describe, expect, it } from 'vitest';
import { AuditedProtection } from '../sim/audited-protection.js';
import { PlainProtection } from '../sim/plain-protection.js';
import { Rng } from '../sim/rng.js';
import { type Arriving, CoreNode, join, type Sent } from '../support/core-node.js';

const [HONEST, SERVER, FIRST_STRANGER] = [1, 9, 100];
const BATCH = 100;

function node(name: number): CoreNode & { readonly keys: AuditedProtection } {
  const config = { idleTimeoutUs: 600_000_000, keepAliveUs: Number.POSITIVE_INFINITY };
  const object = (what: string): never => {
    throw new Error(what);
  };
  const plain = new PlainProtection({ maxSlots: 512 });
  const keys = new AuditedProtection(plain, object, () => undefined);
  const random = new Rng(name).asRandom();
  return Object.assign(new CoreNode({ name, random, config, protection: keys }), { keys });
}

/** A server with one honest client. */
class World {
  readonly server = node(2);
  readonly client = node(1);
  nowUs: number;
  /** What was sent to each address, and what came from there, bytes. */
  readonly sentTo = new Map<number, number>();
  readonly cameFrom = new Map<number, number>();
  #said = 0;

  constructor() {
    this.nowUs = join(this.client, this.server, HONEST, SERVER);
  }

  /** Datagrams of the honest client that arrived at the server, of those that it has said. */
  get delivered(): readonly [number, number] {
    return [this.server.connectionOf(this.client).stats().datagramsReceived, this.#said];
  }

  /** A batch with `flood` and, behind it, what the honest client says; a millisecond passes. */
  turn(flood: readonly Arriving[]): Sent[] {
    this.nowUs += 1000;
    this.client.connection.sendDatagram(Uint8Array.of(1, 2, 3));
    this.#said++;
    const honest = this.client.turn([], this.nowUs);
    const arriving = [...flood, ...honest.map(({ bytes }) => ({ from: HONEST, bytes }))];
    for (const { from, bytes } of arriving) {
      this.cameFrom.set(from, (this.cameFrom.get(from) ?? 0) + bytes.length);
    }
    const sent = this.server.turn(arriving, this.nowUs);
    for (const { to, bytes } of sent) {
      this.sentTo.set(to, (this.sentTo.get(to) ?? 0) + bytes.length);
    }
    this.client.turn(
      sent.filter(({ to }) => to === HONEST).map(({ bytes }) => ({ from: SERVER, bytes })),
      this.nowUs,
    );
    return sent;
  }

  /** Strangers that got more than they sent. */
  amplified(): number[] {
    return [...this.sentTo]
      .filter(([to, bytes]) => to !== HONEST && bytes > (this.cameFrom.get(to) ?? 0))
      .map(([to]) => to);
  }

  rest(): void {
    for (let turn = 0; turn < 1000; turn++) {
      const { deadlineUs } = this.server.endpoint;
      if (deadlineUs > this.nowUs + 60_000_000) return;
      this.nowUs = Math.max(this.nowUs, deadlineUs);
      this.server.turn([], this.nowUs);
    }
  }
}

describe('initiations from forged sources', () => {
  it('that are not authentic leave nothing and get nothing, from twenty thousand addresses', () => {
    const world = new World();
    const stranger = node(3);
    stranger.endpoint.connect({ peer: SERVER, remoteStatic: world.server.publicKey }, world.nowUs);
    const [initiation] = stranger.turn([], world.nowUs);
    for (let from = FIRST_STRANGER; from < 20_000; from += BATCH) {
      world.turn(
        Array.from({ length: BATCH }, (_, index) => {
          const bytes = initiation.bytes.slice();
          bytes[100 + (index % 1000)] ^= 1 + (index & 7);
          return { from: from + index, bytes };
        }),
      );
    }
    expect(world.sentTo.size).toBe(1);
    expect(world.server.endpoint.connectionCount).toBe(1);
    expect(world.server.addresses.pinned).toBe(1);
    expect(world.delivered[0]).toBe(world.delivered[1]);
  });

  it('that are authentic are asked for cookies: few are half-open, and all of these go again', () => {
    const world = new World();
    const stranger = node(3);
    let most = 0;
    let from = FIRST_STRANGER;
    for (let round = 0; round < 30; round++) {
      const flood = Array.from({ length: BATCH }, () => {
        const remoteStatic = world.server.publicKey;
        const attempt = stranger.endpoint.connect({ peer: SERVER, remoteStatic }, world.nowUs);
        const [{ bytes }] = stranger.turn([], world.nowUs);
        stranger.endpoint.cancel(attempt, world.nowUs);
        return { from: from++, bytes };
      });
      world.turn(flood);
      most = Math.max(most, world.server.endpoint.connectionCount);
    }
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThan(200);
    expect(world.amplified()).toEqual([]);
    expect(world.delivered[0]).toBe(world.delivered[1]);
    world.rest();
    expect(world.server.endpoint.connectionCount).toBe(1);
    expect(world.server.addresses.pinned).toBe(1);
  });
});

describe('a crowd that connects at once', () => {
  it('gets in, a hundred attempts in one datagram train, and nobody hears a reset', () => {
    const server = node(2);
    const crowd = node(3);
    for (let attempt = 0; attempt < BATCH; attempt++) {
      // Without the key: the third message is followed by packets of a connection that waits for it.
      crowd.endpoint.connect({ peer: SERVER }, 0);
    }
    let toCrowd: Arriving[] = [];
    for (let round = 0, nowUs = 0; round < 200; round++, nowUs += 20_000) {
      const toServer = crowd.turn(toCrowd, nowUs).map(({ bytes }) => ({ from: HONEST, bytes }));
      toCrowd = server.turn(toServer, nowUs).map(({ bytes }) => ({ from: SERVER, bytes }));
    }
    const isOpen = ({ phase, isConfirmed }: { phase: string; isConfirmed: boolean }) =>
      phase === 'open' && isConfirmed;
    expect([...server.endpoint.connections()].filter(isOpen).length).toBe(BATCH);
    expect([...crowd.endpoint.connections()].filter(isOpen).length).toBe(BATCH);
    expect(server.endpoint.counts.resetsSent).toBe(0);
    expect(server.endpoint.counts.droppedByLoad).toBe(0);
  });
});

describe('junk under the id of a connection', () => {
  it('is dropped and counted, fifty thousand times, and all that is honest arrives', () => {
    const world = new World();
    world.client.connection.sendDatagram(Uint8Array.of(1));
    const [{ bytes: honest }] = world.client.turn([], world.nowUs);
    const { droppedForged } = world.server.endpoint.counts;
    const packets = world.server.connection.stats().packetsSent;
    for (let round = 0; round < 500; round++) {
      const flood = Array.from({ length: BATCH }, (_, index) => {
        const bytes = new Uint8Array(29 + ((round * 7 + index * 13) % 1100)).fill(round + index);
        // First byte and id are those of the connection.
        bytes.set(honest.subarray(0, 9));
        return { from: FIRST_STRANGER + (index % 3), bytes };
      });
      world.turn(flood);
    }
    expect(world.server.endpoint.counts.droppedForged - droppedForged).toBe(50_000);
    expect(world.delivered[0]).toBe(world.delivered[1]);
    expect([...world.sentTo.keys()]).toEqual([HONEST]);
    // Nothing answers junk: no more packets than acknowledgements of what is honest.
    expect(world.server.connection.stats().packetsSent - packets).toBeLessThan(501);
    expect(world.server.connection.stats()).toMatchObject({ pathSwitches: 0, pathsRefused: 0 });
  });
});

describe('connections that come and go', () => {
  it('three hundred times leave no key, no address, no timer and no attempt behind', () => {
    const server = node(2);
    const client = node(1);
    let nowUs = 0;
    const settle = (first: readonly Sent[]) => {
      let toServer = first;
      for (let round = 0; round < 3; round++) {
        const back = server.turn(
          toServer.map(({ bytes }) => ({ from: HONEST, bytes })),
          nowUs,
        );
        nowUs += 1000;
        toServer = client.turn(
          back.map(({ bytes }) => ({ from: SERVER, bytes })),
          nowUs,
        );
      }
    };
    const quiet = ({ endpoint }: CoreNode) => endpoint.deadlineUs === Number.POSITIVE_INFINITY;
    for (let number = 0; number < 300; number++) {
      // Past any budget of handshakes.
      nowUs += 1_000_000;
      client.endpoint.connect({ peer: SERVER, remoteStatic: server.publicKey }, nowUs);
      settle(client.turn([], nowUs));
      expect([client, server].map(({ endpoint }) => endpoint.connectionCount)).toEqual([1, 1]);
      const closing = number % 2 === 0 ? client : server;
      closing.connection.openStream(false)!.write(new Uint8Array(100));
      closing.connection.close(number % 3, 'enough', number % 5 === 0);
      settle(client.turn([], nowUs));
      for (let turn = 0; turn < 20 && !(quiet(client) && quiet(server)); turn++) {
        nowUs = Math.max(nowUs, Math.min(client.endpoint.deadlineUs, server.endpoint.deadlineUs));
        settle(client.turn([], nowUs));
      }
    }
    for (const { endpoint, addresses, keys } of [client, server]) {
      expect([endpoint.connectionCount, addresses.pinned, keys.liveKeys]).toEqual([0, 0, 0]);
      expect(endpoint.deadlineUs).toBe(Number.POSITIVE_INFINITY);
      expect(endpoint.counts.connectionsClosed).toBe(300);
    }
  });
});
