/** Times and counts at the edges of their numbers (T82): clocks that have run for long, and connections that live for weeks. */

import { describe, expect, it } from 'vitest';
import { Rng } from '../sim/rng.js';
import { CoreNode, join } from '../support/core-node.js';
import { RawPeer } from './support/raw-peer.js';

const [LEFT, RIGHT] = [1, 9];
const HOUR_US = 3_600_000_000;
const MIB = 1 << 20;
/** Datagrams that one batch takes. */
const BATCH = 80;

/** Probe timeouts of an endpoint whose event loop stood still for five seconds, with a packet in flight. */
function timeoutsAfterStall(isTold: boolean): number {
  const peer = new RawPeer();
  const { endpoint } = peer.victim;
  peer.wait(2_000_000);
  const before = peer.connection.stats().probeTimeouts;
  peer.connection.sendDatagram(Uint8Array.of(1));
  peer.turn();
  peer.nowUs += 5_000_000;
  if (isTold) endpoint.onStall(peer.nowUs);
  endpoint.onTimer(peer.nowUs);
  return peer.connection.stats().probeTimeouts - before;
}

describe('an event loop that stood still', () => {
  it('excuses the timeouts that came due meanwhile', () => {
    expect([timeoutsAfterStall(true), timeoutsAfterStall(false)]).toEqual([0, 1]);
  });
});

/** Two that were connected at that time. */
function make(beginUs: number) {
  const config = { idleTimeoutUs: 3 * HOUR_US, keepAliveUs: HOUR_US };
  const left = new CoreNode({ name: 1, random: new Rng(1).asRandom(), config, nowUs: beginUs });
  const right = new CoreNode({ name: 2, random: new Rng(2).asRandom(), config, nowUs: beginUs });
  let nowUs = join(left, right, LEFT, RIGHT, beginUs);
  const toLeft: Uint8Array[] = [];
  const toRight: Uint8Array[] = [];
  /** Both have a turn; what they send takes five milliseconds. */
  const step = () => {
    const bytesOf = (sent: readonly { readonly bytes: Uint8Array }[]) =>
      sent.map(({ bytes }) => bytes);
    const fromLeft = left.turn(
      toLeft.splice(0, BATCH).map((bytes) => ({ from: RIGHT, bytes })),
      nowUs,
    );
    const fromRight = right.turn(
      toRight.splice(0, BATCH).map((bytes) => ({ from: LEFT, bytes })),
      nowUs,
    );
    toLeft.push(...bytesOf(fromRight));
    toRight.push(...bytesOf(fromLeft));
    nowUs += 5000;
  };
  /** A transfer in messages, until all is acknowledged. */
  const transfer = (messages: number) => {
    for (let number = 0; number < messages; number++) {
      left.connection.sendMessage(new Uint8Array(MIB / 4), number);
    }
    let steps = 0;
    for (; left.connection.stats().messagesWaiting > 0; steps++) {
      if (steps > 5000) throw new Error('it never ends');
      step();
      for (let taken = right.connection.stats().messagesReceived; taken > received; received++) {
        right.connection.streams.onMessageTaken(MIB / 4);
      }
    }
    return steps;
  };
  let received = 0;
  /** Nothing is said but what the endpoints say by themselves. */
  const idle = (us: number) => {
    const untilUs = nowUs + us;
    while (nowUs < untilUs) {
      step();
      const deadlineUs = Math.min(left.endpoint.deadlineUs, right.endpoint.deadlineUs);
      if (toLeft.length + toRight.length === 0)
        nowUs = Math.max(nowUs, Math.min(deadlineUs, untilUs));
    }
  };
  const figures = () =>
    [left, right].map(({ connection }) => {
      const { smoothedRttUs, minRttUs, packetsLost, bytesInFlight } = connection.stats();
      return { smoothedRttUs, minRttUs, packetsLost, bytesInFlight };
    });
  return { left, right, transfer, idle, figures };
}

/** The same at any time: what a transfer takes and what it has measured. */
function run(beginUs: number) {
  const world = make(beginUs);
  const steps = [world.transfer(8)];
  world.idle(1_000_000);
  steps.push(world.transfer(8));
  return { steps, figures: world.figures() };
}

describe('clocks', () => {
  const expected = run(0);

  it.each([
    ['2^31 us', 2 ** 31],
    ['2^32 us', 2 ** 32],
    ['2^31 ms', 2 ** 31 * 1000],
    ['2^32 ms', 2 ** 32 * 1000],
    ['2^52 us, 142 years', 2 ** 52],
  ])('that pass %s in the middle of a transfer change nothing', (_name, edgeUs) => {
    // Before the edge by less than the handshake and half of the transfer take.
    expect(run(edgeUs - 300_000)).toEqual(expected);
  });

  it('that go on for thirty days: keep-alives alone, then a transfer as on the first day', () => {
    const world = make(0);
    world.transfer(8);
    const [before] = world.figures();
    world.idle(30 * 24 * HOUR_US);
    expect(world.left.connection.phase).toBe('open');
    expect(world.left.connection.stats().packetsSent).toBeLessThan(3000);
    world.transfer(8);
    const [after] = world.figures();
    expect(after!.packetsLost).toBe(before!.packetsLost);
    expect(after!.minRttUs).toBe(before!.minRttUs);
    expect(Number.isFinite(world.left.connection.stats().congestionWindow)).toBe(true);
  });
});
