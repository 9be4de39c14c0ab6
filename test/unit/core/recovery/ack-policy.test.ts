/**
 * When to acknowledge (clauses A2 to A5, A8).
 */

import { describe, expect, it } from 'vitest';
import { AckPolicy } from '../../../../lib/core/recovery/ack-policy.js';

const RTT_US = 40_000;

/** In order and not marked. */
function receive(policy: AckPolicy, count: number, nowUs = 0, isAckEliciting = true): void {
  for (let index = 0; index < count; index++) {
    policy.onPacket(nowUs, isAckEliciting, false, false, RTT_US);
  }
}

/** Past the first 100 packets, nothing waiting. */
function settled(): AckPolicy {
  const policy = new AckPolicy();
  receive(policy, 100);
  policy.onAckSent(false);
  return policy;
}

describe('by number (A2)', () => {
  it('every second packet at the beginning', () => {
    const policy = new AckPolicy();
    for (let index = 0; index < 50; index++) {
      receive(policy, 1);
      expect(policy.isDue).toBe(false);
      receive(policy, 1);
      expect(policy.isDue).toBe(true);
      policy.onAckSent(false);
    }
    receive(policy, 2);
    expect(policy.isDue).toBe(false);
  });

  it('every tenth after that', () => {
    const policy = settled();
    receive(policy, 9);
    expect(policy.isDue).toBe(false);
    expect(policy.isPending).toBe(true);
    receive(policy, 1);
    expect(policy.isDue).toBe(true);
  });

  it('counts anew after each ACK', () => {
    const policy = settled();
    receive(policy, 9);
    policy.onAckSent(false);
    receive(policy, 9);
    expect(policy.isDue).toBe(false);
  });
});

describe('by time (A3)', () => {
  it('an eighth of the smallest round trip after the first packet that waits', () => {
    const policy = settled();
    receive(policy, 1, 5000);
    receive(policy, 1, 9000);
    expect(policy.deadlineUs).toBe(5000 + RTT_US / 8);
    expect(policy.onTimer(9999)).toBe(false);
    expect(policy.onTimer(10_000)).toBe(true);
    expect(policy.isDue).toBe(true);
  });

  it.each([
    [10_600, 1000],
    [8000, 1000],
    [47_900, 5000],
    [7900, 987.5],
    [400, 50],
  ])('whole ticks of the timer from one tick on: %i us', (minRttUs, waitUs) => {
    const policy = settled();
    policy.onPacket(5000, true, false, false, minRttUs);
    expect(policy.deadlineUs).toBe(5000 + waitUs);
  });

  it('at most what was promised, less a tick of the timer', () => {
    const policy = new AckPolicy(25_000);
    policy.onPacket(0, true, false, false, 333_000);
    expect(policy.deadlineUs).toBe(24_000);
  });

  it('there is no deadline once an ACK was sent', () => {
    const policy = new AckPolicy();
    receive(policy, 1);
    policy.onAckSent(true);
    expect(policy.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    expect(policy.isPending).toBe(false);
  });

  it('the deadline is now when an ACK is due by number', () => {
    const policy = new AckPolicy();
    receive(policy, 2, 700);
    expect(policy.deadlineUs).toBe(700);
  });
});

describe('at once (A4)', () => {
  it.each([
    ['a packet out of order', true, false],
    ['a packet marked CE', false, true],
  ])('%s', (_name, isOutOfOrder, isCongested) => {
    const policy = settled();
    policy.onPacket(0, true, isOutOfOrder, isCongested, RTT_US);
    expect(policy.isDue).toBe(true);
  });

  it('for the next ack-eliciting packet when the disturbed one was not', () => {
    const policy = settled();
    policy.onPacket(0, false, true, false, RTT_US);
    expect(policy.isDue).toBe(false);
    receive(policy, 1);
    expect(policy.isDue).toBe(true);
    policy.onAckSent(false);
    receive(policy, 1);
    expect(policy.isDue).toBe(false);
  });

  it('once: packets behind it wait as usual', () => {
    const policy = settled();
    policy.onPacket(0, true, true, false, RTT_US);
    policy.onAckSent(false);
    receive(policy, 1);
    expect(policy.isDue).toBe(false);
  });

  it('a packet that comes a second time', () => {
    const policy = settled();
    policy.onDuplicate();
    expect(policy.isDue).toBe(true);
    expect(policy.isPending).toBe(true);
  });
});

describe('silence (A5)', () => {
  it('packets that ask for no ACK never get one of their own', () => {
    const policy = new AckPolicy();
    receive(policy, 10_000, 0, false);
    policy.onPacket(0, false, true, true, RTT_US);
    expect(policy.isDue).toBe(false);
    expect(policy.isPending).toBe(false);
    expect(policy.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    expect(policy.onTimer(1e12)).toBe(false);
  });
});

describe('PING (A8)', () => {
  it('after 32 ACKs in packets that the peer does not acknowledge', () => {
    const policy = new AckPolicy();
    for (let index = 0; index < 31; index++) policy.onAckSent(false);
    expect(policy.wantsPing).toBe(false);
    policy.onAckSent(false);
    expect(policy.wantsPing).toBe(true);
    policy.onAckSent(true);
    expect(policy.wantsPing).toBe(false);
  });
});
