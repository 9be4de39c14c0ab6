/**
 * Persistent congestion (clause R15, RFC 9002 section 7.6): what makes it, and what must not.
 */

import { describe, expect, it } from 'vitest';
import { Harness, type SendOptions } from './harness.js';

/** Three timeouts after two samples of 10 ms: smoothed 10, four variances 15, delay of the peer 25 ms. */
const DURATION_US = 3 * 50_000;

/** Has a sample of 10 ms, which used packet 0. */
function started(): Harness {
  const harness = new Harness();
  harness.sampleRtt(10_000);
  harness.nowUs += 1;
  return harness;
}

/** Packets 1 and 2, `spanUs` apart, with `between` in the middle; then three more, and an ACK of the last. */
function loseSpan(
  harness: Harness,
  spanUs: number,
  between: SendOptions[] = [],
  options: SendOptions = {},
): void {
  harness.send(options);
  harness.nowUs += spanUs / 2;
  for (const packet of between) harness.send(packet);
  harness.nowUs += spanUs / 2;
  harness.send(options);
  harness.sendMany(3);
  harness.nowUs += 10_000;
  const newest = harness.recovery.nextPacketNumber - 1;
  harness.ack([newest, newest]);
}

/** Packets 1 and 2, and long after them 3 to 6. The ACK of 5 has declared 1 and 2 lost, one of 6 will 3. */
function foundInTwo(): Harness {
  const harness = started();
  harness.sendMany(2);
  harness.nowUs += DURATION_US + 2;
  harness.sendMany(4);
  harness.nowUs += 10_000;
  harness.ack([5, 5]);
  expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: false });
  return harness;
}

describe('it is persistent', () => {
  it('when lost packets lie further apart than three timeouts', () => {
    const harness = started();
    loseSpan(harness, DURATION_US + 2);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: true });
  });

  it('over losses that are found one after the other', () => {
    const harness = foundInTwo();
    harness.ack([5, 6]);
    expect(harness.recovery).toMatchObject({ lostPackets: 1, isPersistentCongestion: true });
  });

  it('and the smallest round trip is the newest sample then', () => {
    const harness = started();
    harness.nowUs += 50;
    harness.send();
    harness.nowUs += DURATION_US * 2;
    harness.send();
    harness.sendMany(3);
    harness.nowUs += 12_000;
    harness.ack([5, 5]);
    expect(harness.recovery.isPersistentCongestion).toBe(true);
    expect(harness.recovery.rtt.minUs).toBe(12_000);
  });

  it('once a run', () => {
    const harness = started();
    harness.send();
    harness.nowUs += DURATION_US + 2;
    harness.sendMany(4);
    harness.nowUs += 10_000;
    harness.ack([5, 5]);
    expect(harness.recovery.isPersistentCongestion).toBe(true);
    harness.sendMany(4);
    harness.nowUs += 10_000;
    harness.ack([9, 9]);
    expect(harness.recovery.lostPackets).toBeGreaterThan(0);
    expect(harness.recovery.isPersistentCongestion).toBe(false);
  });
});

describe('it is not persistent', () => {
  it('when the span is three timeouts exactly', () => {
    const harness = started();
    loseSpan(harness, DURATION_US);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: false });
  });

  it('when a packet between was acknowledged before', () => {
    const harness = started();
    harness.send();
    harness.nowUs += DURATION_US;
    harness.send();
    harness.nowUs += 2000;
    harness.ack([2, 2]);
    harness.send();
    harness.sendMany(3);
    harness.nowUs += 10_000;
    harness.ack([6, 6]);
    expect(harness.recovery.lostPackets).toBe(1);
    expect(harness.recovery.isPersistentCongestion).toBe(false);
  });

  it('when a packet between is acknowledged by the ACK that finds the losses', () => {
    const harness = started();
    harness.send();
    harness.nowUs += DURATION_US;
    harness.send();
    harness.nowUs += 2000;
    harness.sendMany(4);
    harness.nowUs += 10_000;
    harness.ack([6, 6], [2, 2]);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: false });
  });

  it('when one that asked for no ACK was acknowledged between', () => {
    const harness = started();
    harness.send();
    harness.nowUs += DURATION_US;
    harness.send({ isAckEliciting: false });
    harness.nowUs += 2000;
    harness.sendMany(4);
    harness.nowUs += 10_000;
    harness.ack([6, 6], [2, 2]);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: false });
  });

  it('when a lost packet between turns out to have arrived', () => {
    const harness = foundInTwo();
    harness.ack([5, 5], [2, 2]);
    expect(harness.recovery.spuriouslyLost).toBe(1);
    // Four later packets are what it takes now (R19).
    harness.sendMany(4);
    harness.ack([5, 10], [2, 2]);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: false });
  });

  it('when the packets were sent before the first sample', () => {
    const harness = new Harness();
    harness.send();
    harness.nowUs += 10_000_000;
    harness.sendMany(4);
    harness.nowUs += 10_000;
    harness.ack([4, 4]);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, isPersistentCongestion: false });
  });

  it('when the lost packets asked for no ACK', () => {
    const harness = started();
    loseSpan(harness, DURATION_US * 2, [], { isAckEliciting: false });
    expect(harness.recovery.isPersistentCongestion).toBe(false);
  });

  it('when the lost packets were MTU probes', () => {
    const harness = started();
    loseSpan(harness, DURATION_US * 2, [], { isProbe: true });
    expect(harness.recovery).toMatchObject({ isPersistentCongestion: false, lostPackets: 0 });
    expect(harness.recovery.probeLost).toBeGreaterThan(0);
  });

  it('by a single loss', () => {
    const harness = started();
    harness.send();
    harness.nowUs += DURATION_US * 2;
    harness.sendMany(3);
    harness.nowUs += 10_000;
    harness.ack([2, 4]);
    expect(harness.recovery).toMatchObject({ lostPackets: 1, isPersistentCongestion: false });
  });
});

it('a packet lost in the middle of the run does not hide it', () => {
  const harness = started();
  loseSpan(harness, DURATION_US + 2, [{}, { isAckEliciting: false }, { isProbe: true }]);
  expect(harness.recovery.isPersistentCongestion).toBe(true);
});
