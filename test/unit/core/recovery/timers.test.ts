/**
 * The probe timeout (clauses R11 to R14): when it comes, how it backs off, what a stalled host does to it.
 */

import { describe, expect, it } from 'vitest';
import { TIMER_LOST, TIMER_NOTHING, TIMER_PTO } from '../../../../lib/core/recovery/recovery.js';
import { SENT_ACK, SENT_STREAM } from '../../../../lib/core/wire/sent-kinds.js';
import { Harness } from './harness.js';

const MAX_DELAY_US = 25_000;

describe('deadline (R11)', () => {
  it('there is none while nothing is in flight', () => {
    const harness = new Harness();
    expect(harness.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    harness.send({ isAckEliciting: false });
    expect(harness.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    expect(harness.recovery.onTimer(1e12, harness.recorder)).toBe(TIMER_NOTHING);
  });

  it('assumes 333 ms, half of it as variance, before the first sample', () => {
    const harness = new Harness();
    harness.send();
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs + 3 * 333_000 + MAX_DELAY_US);
  });

  it('is smoothed + 4 variances + the delay of the peer after a sample', () => {
    const harness = new Harness();
    harness.sampleRtt(40_000);
    harness.send();
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs + 40_000 + 80_000 + MAX_DELAY_US);
  });

  it('allows a millisecond of variance at least', () => {
    const harness = new Harness();
    harness.sampleRtt(200);
    harness.send();
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs + 200 + 1000 + MAX_DELAY_US);
  });

  it('counts from the last ack-eliciting packet', () => {
    const harness = new Harness();
    harness.sampleRtt(40_000);
    harness.send();
    const firstUs = harness.recovery.deadlineUs;
    harness.nowUs += 5000;
    harness.send();
    expect(harness.recovery.deadlineUs).toBe(firstUs + 5000);
    harness.nowUs += 5000;
    harness.send({ isAckEliciting: false });
    expect(harness.recovery.deadlineUs).toBe(firstUs + 5000);
  });

  it('gives way to the time of a loss', () => {
    const harness = new Harness();
    harness.sampleRtt(40_000);
    harness.sendMany(3);
    harness.nowUs += 40_000;
    harness.ack([2, 2]);
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs + 5000);
  });

  it('ends with the last packet in flight', () => {
    const harness = new Harness();
    harness.sendMany(2);
    harness.ack([0, 1]);
    expect(harness.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('when it fires (R12)', () => {
  it('nothing is lost and the timeout doubles', () => {
    const harness = new Harness();
    harness.sampleRtt(40_000);
    harness.send();
    const sentUs = harness.nowUs;
    const ptoUs = harness.recovery.rtt.ptoUs(MAX_DELAY_US);
    for (let count = 1; count <= 4; count++) {
      expect(harness.fireTimer()).toBe(TIMER_PTO);
      expect(harness.recovery.ptoCount).toBe(count);
      expect(harness.recovery.deadlineUs).toBe(sentUs + ptoUs * 2 ** count);
    }
    expect(harness.recovery).toMatchObject({ lostPackets: 0, lostBytes: 0 });
    expect(harness.recovery.bytesInFlight).toBe(1200);
    expect(harness.recorder.lost).toEqual([]);
  });

  it('the next deadline is ahead, however late it was and whether a probe was sent', () => {
    const harness = new Harness();
    harness.send();
    harness.nowUs += 1e12;
    for (let count = 1; count <= 100; count++) {
      expect(harness.recovery.onTimer(harness.nowUs, harness.recorder)).toBe(TIMER_PTO);
      expect(harness.recovery.deadlineUs).toBeGreaterThan(harness.nowUs);
      harness.nowUs = harness.recovery.deadlineUs;
    }
  });

  it('the deadline stays finite', () => {
    const harness = new Harness();
    harness.send();
    for (let count = 0; count < 5000; count++) harness.fireTimer();
    expect(harness.recovery.deadlineUs).toBeLessThan(2 ** 53);
  });

  it('the backoff ends when something ack-eliciting is newly acknowledged', () => {
    const harness = new Harness();
    harness.send();
    harness.send({ isAckEliciting: false });
    harness.fireTimer();
    harness.fireTimer();
    harness.ack([1, 1]);
    expect(harness.recovery.ptoCount).toBe(2);
    harness.ack([0, 1]);
    expect(harness.recovery.ptoCount).toBe(0);
  });

  it('the backoff does not end by an ACK that repeats', () => {
    const harness = new Harness();
    harness.sendMany(2);
    harness.ack([0, 0]);
    harness.fireTimer();
    harness.ack([0, 0]);
    expect(harness.recovery.ptoCount).toBe(1);
  });

  it('hands back the frames of the oldest packets for the probes', () => {
    const harness = new Harness();
    harness.send({ isAckEliciting: false, frames: [[SENT_ACK, 0, 0, 0]] });
    harness.send();
    for (let index = 0; index < 3; index++) {
      harness.send({ frames: [[SENT_STREAM, 0, index * 10, 10]] });
    }
    expect(harness.recovery.requeueOldest(2, harness.recorder)).toBe(2);
    expect(harness.recorder.lost).toEqual([`${SENT_STREAM} 0 0+10`, `${SENT_STREAM} 0 10+10`]);
    expect(harness.recovery.bytesInFlight).toBe(4 * 1200);
    expect(harness.recovery).toMatchObject({ lostPackets: 0 });
  });

  it('frames that were handed back are not lost a second time, and still acknowledged', () => {
    const harness = new Harness();
    harness.sendMany(5, { frames: [[SENT_STREAM, 0, 0, 10]] });
    harness.recovery.requeueOldest(2, harness.recorder);
    harness.recovery.requeueOldest(2, harness.recorder);
    expect(harness.recorder.lost).toHaveLength(2);
    harness.ack([0, 0], [4, 4]);
    expect(harness.recovery.lostPackets).toBe(1);
    expect(harness.recorder.lost).toHaveLength(2);
    expect(harness.recorder.acked).toHaveLength(2);
  });
});

describe('after the host stood still (R13)', () => {
  it('a timeout begins anew, without a backoff', () => {
    const harness = new Harness();
    harness.sampleRtt(40_000);
    harness.send();
    harness.nowUs += 10_000_000;
    harness.recovery.onSuspension(harness.nowUs);
    expect(harness.recovery.onTimer(harness.nowUs, harness.recorder)).toBe(TIMER_NOTHING);
    expect(harness.recovery.ptoCount).toBe(0);
    expect(harness.recovery.deadlineUs).toBe(
      harness.nowUs + harness.recovery.rtt.ptoUs(MAX_DELAY_US),
    );
  });

  it('the timeout comes if the silence goes on', () => {
    const harness = new Harness();
    harness.send();
    harness.nowUs += 10_000_000;
    harness.recovery.onSuspension(harness.nowUs);
    expect(harness.fireTimer()).toBe(TIMER_PTO);
    expect(harness.recovery.ptoCount).toBe(1);
  });

  it('packets sent later have their own time', () => {
    const harness = new Harness();
    harness.recovery.onSuspension(harness.nowUs);
    harness.nowUs += 5_000_000;
    harness.send();
    expect(harness.recovery.deadlineUs).toBeGreaterThan(harness.nowUs);
  });
});

describe('MTU probes (R14)', () => {
  it('do not move the timeout of other packets', () => {
    const harness = new Harness();
    harness.send();
    const { deadlineUs } = harness.recovery;
    harness.nowUs += 10_000;
    harness.send({ isProbe: true });
    expect(harness.recovery.deadlineUs).toBe(deadlineUs);
  });

  it('alone are lost after three timeouts, without a probe for them', () => {
    const harness = new Harness();
    harness.sampleRtt(40_000);
    const probe = harness.send({ isProbe: true, bytes: 9000 });
    const ptoUs = harness.recovery.rtt.ptoUs(MAX_DELAY_US);
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs + 3 * ptoUs);
    expect(harness.fireTimer()).toBe(TIMER_LOST);
    expect(harness.recovery).toMatchObject({ probeLost: probe, lostPackets: 0, lostBytes: 0 });
    expect(harness.recovery.ptoCount).toBe(0);
    expect(harness.recovery.bytesInFlight).toBe(0);
    expect(harness.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('alone are given time after the host stood still', () => {
    const harness = new Harness();
    harness.send({ isProbe: true });
    harness.nowUs += 100_000_000;
    harness.recovery.onSuspension(harness.nowUs);
    expect(harness.recovery.deadlineUs).toBeGreaterThan(harness.nowUs);
  });

  it('are not asked for useful frames', () => {
    const harness = new Harness();
    harness.send({ isProbe: true, frames: [[1, 0, 0, 0]] });
    expect(harness.recovery.requeueOldest(2, harness.recorder)).toBe(0);
  });
});
