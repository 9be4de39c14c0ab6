/** Key updates of whole connections: when the key of the phase before makes room for the next one. */

import { describe, expect, it } from 'vitest';
import { Rng } from '../../../sim/rng.js';
import { CoreNode, join } from '../../../support/core-node.js';

const [LEFT, RIGHT] = [1, 9];

/** Two that are connected, and a moment of their time. */
function make() {
  const config = { idleTimeoutUs: 600_000_000 };
  const left = new CoreNode({ name: 1, random: new Rng(1).asRandom(), config });
  const right = new CoreNode({ name: 2, random: new Rng(2).asRandom(), config });
  let nowUs = join(left, right, LEFT, RIGHT);
  /** What the left one says arrives, and is answered; `rounds` times. */
  const talk = (rounds: number): void => {
    for (let round = 0; round < rounds; round++) {
      left.connection.sendDatagram(Uint8Array.of(round));
      const there = left.turn([], nowUs).map(({ bytes }) => ({ from: LEFT, bytes }));
      const back = right.turn(there, nowUs).map(({ bytes }) => ({ from: RIGHT, bytes }));
      nowUs += 10_000;
      left.turn(back, nowUs);
    }
  };
  const update = () => left.connection.keys.update(left.connection.recovery.nextPacketNumber);
  const wait = (us: number) => {
    nowUs += us;
  };
  return { left, right, talk, update, wait, now: () => nowUs };
}

describe('a second key update', () => {
  it('is understood though the timer that retires the first key has not run for long', () => {
    const { left, right, talk, update, wait, now } = make();
    talk(3);
    expect(update()).toBe(true);
    talk(3);
    // The one that answers stands still: nothing of it runs, and much is overdue.
    wait(60_000_000);
    left.turn([], now());
    expect(right.connection.keys.deadlineUs).toBeLessThan(now());
    expect(update()).toBe(true);
    talk(3);
    expect([left, right].map(({ connection }) => connection.stats().keyUpdates)).toEqual([2, 2]);
    expect(right.endpoint.counts.droppedForged).toBe(0);
  });

  it('that comes before the first key may go is not: an honest peer waits as long', () => {
    const { right, talk, update, left } = make();
    talk(3);
    expect(update()).toBe(true);
    talk(3);
    expect(update()).toBe(false);
    // One that does not wait: the keys of the phase after next.
    left.connection.keys.onTimer(Number.MAX_SAFE_INTEGER);
    expect(update()).toBe(true);
    talk(1);
    expect(right.endpoint.counts.droppedForged).toBeGreaterThan(0);
    expect(right.connection.stats().keyUpdates).toBe(1);
  });
});
