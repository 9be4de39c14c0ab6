/** Thresholds that widen for packets that overtake each other, and narrow again (R19 to R22). */

import { describe, expect, it } from 'vitest';
import { Reordering } from '../../../../lib/core/recovery/reordering.js';
import { Harness } from './harness.js';

const RTT_US = 100_000;

describe('the thresholds', () => {
  it('begin at three packets and 9/8', () => {
    expect(new Reordering()).toMatchObject({ packetThreshold: 3, timeFactor: 9 / 8 });
  });

  it('widen to what the late packet would have needed (R19)', () => {
    const reordering = new Reordering();
    reordering.onSpurious(20, 140_000, RTT_US, 0);
    expect(reordering.packetThreshold).toBe(21);
    expect(reordering.timeFactor).toBeCloseTo(1.525, 6);
    reordering.onSpurious(5, 110_000, RTT_US, 0);
    expect(reordering.packetThreshold).toBe(21);
    expect(reordering.timeFactor).toBeCloseTo(1.525, 6);
  });

  it('have an end: 1,024 packets, two round trips (R19)', () => {
    const reordering = new Reordering();
    reordering.onSpurious(1e6, 1e9, RTT_US, 0);
    expect(reordering).toMatchObject({ packetThreshold: 1024, timeFactor: 2 });
  });

  it('halve what was added after 16 round trips, down to nothing (R21)', () => {
    const reordering = new Reordering();
    reordering.onSpurious(18, 177_500, RTT_US, 0);
    reordering.decay(RTT_US, 16 * RTT_US - 1);
    expect(reordering.packetThreshold).toBe(19);
    reordering.decay(RTT_US, 16 * RTT_US);
    expect(reordering.packetThreshold).toBe(11);
    expect(reordering.timeFactor).toBeCloseTo(1.5125, 6);
    for (let halving = 2; halving < 12; halving++) reordering.decay(RTT_US, 16 * halving * RTT_US);
    expect(reordering).toMatchObject({ packetThreshold: 3, timeFactor: 9 / 8 });
  });

  it('stay while packets are overtaken by three or more, in time (R20)', () => {
    const reordering = new Reordering();
    reordering.onSpurious(18, 150_000, RTT_US, 0);
    reordering.onOvertaken(3, RTT_US, RTT_US, 15 * RTT_US);
    reordering.decay(RTT_US, 30 * RTT_US);
    expect(reordering.packetThreshold).toBe(19);
    reordering.onOvertaken(2, RTT_US, RTT_US, 30 * RTT_US);
    reordering.decay(RTT_US, 31 * RTT_US);
    expect(reordering.packetThreshold).toBe(11);
  });

  it('are not touched by packets that are overtaken on a path where none was late (R20)', () => {
    const reordering = new Reordering();
    reordering.onOvertaken(100, 2 * RTT_US, RTT_US, 0);
    reordering.decay(RTT_US, 1e9);
    expect(reordering).toMatchObject({ packetThreshold: 3, timeFactor: 9 / 8 });
  });
});

describe('recovery', () => {
  /** Packet 1 is overtaken by ten, declared lost, and comes after all. */
  function lateOnce(): Harness {
    const harness = new Harness();
    harness.sampleRtt(RTT_US);
    harness.sendMany(11);
    harness.nowUs += RTT_US;
    harness.ack([2, 11]);
    expect(harness.recovery.lostPackets).toBe(1);
    harness.nowUs += 1000;
    harness.ack([1, 11]);
    expect(harness.recovery.revivedPackets).toBe(1);
    expect(harness.recovery.revivedBytes).toBe(1200);
    return harness;
  }

  it('does not lose a packet that is overtaken as far again (R19)', () => {
    const harness = lateOnce();
    expect(harness.recovery.packetThreshold).toBe(11);
    harness.sendMany(11);
    harness.nowUs += RTT_US;
    harness.ack([13, 22]);
    expect(harness.recovery.lostPackets).toBe(0);
    harness.send();
    harness.nowUs += 1000;
    harness.ack([13, 23]);
    expect(harness.recovery.lostPackets).toBe(1);
  });

  it('waits longer, too (R19)', () => {
    const harness = lateOnce();
    const { timeThreshold, rtt } = harness.recovery;
    expect(timeThreshold).toBeGreaterThan(9 / 8);
    harness.send();
    const sentUs = harness.nowUs;
    harness.send();
    harness.nowUs += RTT_US;
    harness.ack([13, 13]);
    expect(harness.recovery.deadlineUs).toBeCloseTo(sentUs + timeThreshold * rtt.smoothedUs, 3);
  });

  it('knows whether all that was lost came after all (R22)', () => {
    const harness = new Harness();
    harness.sampleRtt(RTT_US);
    harness.sendMany(11);
    harness.nowUs += RTT_US;
    harness.ack([3, 11]);
    expect(harness.recovery.isLossRevoked(0, 11)).toBe(false);
    harness.ack([2, 11]);
    expect(harness.recovery.isLossRevoked(0, 11)).toBe(false);
    expect(harness.recovery.isLossRevoked(2, 11)).toBe(true);
    harness.ack([1, 11]);
    expect(harness.recovery.isLossRevoked(0, 11)).toBe(true);
  });

  it('does not take what it has forgotten for acknowledged (R22)', () => {
    const harness = new Harness();
    harness.sampleRtt(RTT_US);
    harness.sendMany(11);
    harness.nowUs += RTT_US;
    harness.ack([2, 11]);
    harness.nowUs += 10 * RTT_US;
    harness.recovery.detectLost(harness.nowUs, harness.recorder);
    expect(harness.recovery.isLossRevoked(0, 11)).toBe(false);
    expect(harness.recovery.isLossRevoked(2, 11)).toBe(true);
  });
});
