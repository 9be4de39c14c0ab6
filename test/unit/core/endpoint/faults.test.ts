/**
 * What throws inside an endpoint (no memory, a mistake) ends the connection that it concerns, and nothing else; and a clock
 * that steps ends none that it need not.
 */

import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../../lib/core/connection/connection.js';
import { INTERNAL_ERROR } from '../../../../lib/core/error-codes.js';
import { EVENT_CONNECT_FAILED } from '../../../../lib/core/event-ring.js';
import { Rng } from '../../../sim/rng.js';
import { CoreNode } from '../../../support/core-node.js';
import { FaultWorld } from '../../../support/fault-world.js';
import { toyIdentity } from '../../../support/toy-primitives.js';

const BYTES = 20_000;

/** A server with two clients that are connected, and transfer. */
function busyWorld(): FaultWorld {
  const world = new FaultWorld();
  const places = [world.add(BYTES), world.add(BYTES)];
  world.step(10);
  for (const place of places) world.begin(place);
  world.step(2);
  return world;
}

/** Nothing of a connection is left, and the next one finds a sound endpoint. */
function expectSound(world: FaultWorld): void {
  const late = world.add(BYTES);
  world.step(10);
  expect(world.begin(late)).toBe(true);
  world.step(60);
  expect(world.isWhole(late)).toBe(true);
  world.end();
  const { endpoint, addresses } = world.server;
  expect({
    connections: endpoint.connectionCount,
    keys: world.protection.liveKeys,
    pinned: addresses.pinned,
    deadlineUs: endpoint.deadlineUs,
    hasWork: endpoint.hasWork,
  }).toEqual({
    connections: 0,
    keys: 0,
    pinned: 0,
    deadlineUs: Number.POSITIVE_INFINITY,
    hasWork: false,
  });
  expect(world.objections).toEqual([]);
}

/** Calls of the server that may fail, in a run from the first handshake to the last transfer. */
function run(failAt: number): FaultWorld {
  const world = new FaultWorld();
  world.countdown.failAt = failAt;
  const places = [world.add(BYTES), world.add(BYTES)];
  world.step(10);
  for (const place of places) world.begin(place);
  world.step(60);
  return world;
}

/** Calls that are tried one by one: those of the handshakes. Behind them every so many-th is. */
const EACH_BELOW = 30;
const STRIDE = 4;

describe('an endpoint whose memory or protection fails once', () => {
  const { countdown, transfers } = run(-1);

  it('is asked often enough to try', () => {
    expect(countdown.calls).toBeGreaterThan(80);
    expect(transfers.size).toBe(2);
  });

  it('goes on wherever it is, and at most one connection ends', () => {
    const stride = process.env.BURSTWIRE_CASES === undefined ? STRIDE : 1;
    let tried = 0;
    for (let failAt = 0; failAt < countdown.calls; failAt += failAt < EACH_BELOW ? 1 : stride) {
      tried++;
      const world = run(failAt);
      expect([failAt, world.faults.length]).toEqual([failAt, world.countdown.hasFailed ? 1 : 0]);
      expect(world.server.endpoint.counts.faults).toBe(world.faults.length);
      const whole = [...world.transfers.keys()].filter((place) => world.isWhole(place));
      expect([failAt, whole.length]).not.toEqual([failAt, 0]);
      expect(world.ends.every((end) => end?.code === INTERNAL_ERROR)).toBe(true);
      expectSound(world);
    }
    expect(tried).toBeGreaterThan(EACH_BELOW);
  }, 120_000);
});

/** A node whose dice throw when they were thrown so often, and what its connects came to. */
function nodeWithDice() {
  const dice = { left: Number.POSITIVE_INFINITY };
  const seeded = new Rng(3).asRandom();
  const failures: [number, unknown][] = [];
  const faults: unknown[] = [];
  const node = new CoreNode({
    name: 1,
    random: {
      fill(bytes) {
        if (dice.left-- <= 0) throw new Error('broken: dice');
        seeded.fill(bytes);
      },
    },
    onFault: (error) => faults.push(error),
    onEvent: (kind, _owner, subject, value) => {
      if (kind === EVENT_CONNECT_FAILED) failures.push([value, subject]);
    },
  });
  return { node, dice, failures, faults };
}

describe('a handshake of ours that throws', () => {
  const remoteStatic = toyIdentity(2).publicKey;

  it('whenever its timer runs fails, and is not due again; so do those beside it, one in a turn', () => {
    const { node, dice, failures, faults } = nodeWithDice();
    const { endpoint } = node;
    const attempts = [0, 1, 2].map(() => endpoint.connect({ peer: 1, remoteStatic }, 0));
    node.turn([], 0);
    dice.left = 0;
    let turns = 0;
    for (let nowUs = 1_000_000; endpoint.deadlineUs <= nowUs && turns < 10; nowUs += 1000) {
      node.turn([], nowUs);
      turns++;
    }
    expect(failures).toEqual(attempts.map((attempt) => [attempt, 'internalError']));
    expect([turns, faults.length, endpoint.deadlineUs]).toEqual([3, 3, Number.POSITIVE_INFINITY]);
    expect(endpoint.counts.faults).toBe(3);
  });

  it('in connect throws there, and leaves nothing behind', () => {
    const { node, dice, failures } = nodeWithDice();
    const { endpoint } = node;
    // For the id, and for when to send again.
    for (let thrown = 0; thrown < 2; thrown++) {
      dice.left = thrown;
      expect(() => endpoint.connect({ peer: 1, remoteStatic }, 0)).toThrow('broken: dice');
    }
    expect(node.turn([], 0)).toEqual([]);
    expect(endpoint.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    expect(node.turn([], 60_000_000)).toEqual([]);
    expect(failures).toEqual([]);
  });
});

describe('a clock that is not what it should be', () => {
  it.each([
    ['goes back by a second', -1_000_000],
    ['goes back by a minute', -60_000_000],
    ['stands still', 0],
    ['jumps ahead by five seconds', 5_000_000],
  ])('%s in mid-transfer: everything arrives', (_name, stepUs) => {
    const world = busyWorld();
    world.step(3, stepUs);
    world.step(400, 20_000);
    // Timers that were set before a step back run when their time has come.
    if (stepUs < 0) world.step(200, 1_000_000);
    expect([world.isWhole(1), world.isWhole(2)]).toEqual([true, true]);
    expect(world.faults).toEqual([]);
    expectSound(world);
  });

  it('jumps ahead by more than the idle timeout while packets wait: they are read first, and nothing ends', () => {
    const world = busyWorld();
    world.step(1, 100_000_000);
    world.step(400, 20_000);
    expect([world.isWhole(1), world.isWhole(2)]).toEqual([true, true]);
    expect(world.ends).toEqual([]);
    expectSound(world);
  });
});

type Pass = 'onPacket' | 'beginBatch' | 'settle' | 'endTurn' | 'build' | 'onTimer';
const PASSES: readonly Pass[] = ['onPacket', 'beginBatch', 'settle', 'endTurn', 'build', 'onTimer'];

/** That pass of the connection throws from now on, every time. */
function breakPass(connection: Connection, pass: Pass | 'fail'): void {
  const broken = (): never => {
    throw new Error(`broken: ${pass}`);
  };
  Object.defineProperty(connection, pass, { value: broken });
}

describe('a connection that throws again and again', () => {
  it.each(PASSES)('in %s ends alone', (pass) => {
    const world = busyWorld();
    const [first] = world.server.endpoint.connections();
    breakPass(first, pass);
    world.step(100);
    expect(world.isWhole(2)).toBe(true);
    // Also the timers of an idle connection run.
    world.step(40, 2_000_000);
    expect(world.server.endpoint.counts.faults).toBeGreaterThan(0);
    expectSound(world);
  });

  it.each(PASSES)('in %s, and while it is cleaned up, ends alone', (pass) => {
    const world = busyWorld();
    const [first] = world.server.endpoint.connections();
    breakPass(first, pass);
    breakPass(first, 'fail');
    Object.defineProperty(first.streams, 'close', {
      value: () => {
        throw new Error('broken: close');
      },
    });
    world.step(100);
    expect(world.isWhole(2)).toBe(true);
    world.step(40, 2_000_000);
    expect(world.server.endpoint.counts.faults).toBeGreaterThan(0);
    expectSound(world);
  });

  it('tells the application once, and the peer why', () => {
    const world = busyWorld();
    const [first] = world.server.endpoint.connections();
    breakPass(first, 'settle');
    world.step(20);
    expect(world.ends).toHaveLength(1);
    expect(world.ends[0]).toMatchObject({ origin: 'local', name: 'INTERNAL_ERROR' });
    expect(world.transfers.get(1)!.closed).toMatchObject({
      origin: 'remote',
      code: INTERNAL_ERROR,
    });
    expect(world.isWhole(1)).toBe(false);
  });
});
