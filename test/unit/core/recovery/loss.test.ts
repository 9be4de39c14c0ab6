/**
 * When a packet is lost (clauses R6 to R9): by number, by time, and what is reported about it.
 */

import { describe, expect, it } from 'vitest';
import { TIMER_LOST, TIMER_NOTHING } from '../../../../lib/core/recovery/recovery.js';
import { SENT_ACK, SENT_PING, SENT_STREAM } from '../../../../lib/core/wire/sent-kinds.js';
import { Harness } from './harness.js';

describe('by number (R7)', () => {
  it('when a packet three later is acknowledged', () => {
    const harness = new Harness();
    harness.sendMany(4);
    harness.ack([3, 3]);
    expect(harness.recovery).toMatchObject({ lostPackets: 1, largestLostNumber: 0 });
  });

  it('not when a packet two later is', () => {
    const harness = new Harness();
    harness.sendMany(4);
    harness.nowUs += 10;
    harness.ack([2, 2]);
    expect(harness.recovery.lostPackets).toBe(0);
    expect(harness.recovery.bytesInFlight).toBe(3 * 1200);
  });

  it('all that are old enough at once', () => {
    const harness = new Harness();
    harness.sendMany(100);
    harness.ack([99, 99]);
    expect(harness.recovery.lostPackets).toBe(97);
    expect(harness.recovery.bytesInFlight).toBe(2 * 1200);
  });

  it('not those that the same ACK names', () => {
    const harness = new Harness();
    harness.sendMany(10);
    harness.ack([9, 9], [0, 4]);
    expect(harness.recovery).toMatchObject({ lostPackets: 2, largestLostNumber: 6 });
  });

  it('each once', () => {
    const harness = new Harness();
    harness.sendMany(8, { frames: [[SENT_STREAM, 0, 0, 1]] });
    harness.ack([4, 4]);
    expect(harness.recovery.lostPackets).toBe(2);
    harness.ack([4, 5]);
    expect(harness.recovery.lostPackets).toBe(1);
    harness.ack([4, 5]);
    expect(harness.recovery.lostPackets).toBe(0);
    expect(harness.recorder.lost).toHaveLength(3);
  });
});

describe('by time (R8)', () => {
  /** A round trip of 80 ms, then packets 1 and 2, 1 ms apart; 2 is acknowledged after `rttUs`. */
  function twoPackets(rttUs: number): Harness {
    const harness = new Harness();
    harness.sampleRtt(80_000);
    harness.send();
    harness.nowUs += 1000;
    harness.send();
    harness.nowUs += rttUs;
    harness.ack([2, 2]);
    return harness;
  }

  it('after nine eighths of a round trip', () => {
    const harness = twoPackets(80_000);
    const sentUs = harness.nowUs - 81_000;
    expect(harness.recovery.lostPackets).toBe(0);
    expect(harness.recovery.deadlineUs).toBe(sentUs + 90_000);
    harness.nowUs = sentUs + 90_000 - 1;
    expect(harness.recovery.onTimer(harness.nowUs, harness.recorder)).toBe(TIMER_NOTHING);
    harness.nowUs = sentUs + 90_000;
    expect(harness.recovery.onTimer(harness.nowUs, harness.recorder)).toBe(TIMER_LOST);
    expect(harness.recovery).toMatchObject({ lostPackets: 1, largestLostNumber: 1 });
    expect(harness.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('of the latest round trip when it is longer than the smoothed one', () => {
    const harness = twoPackets(160_000);
    expect(harness.recovery.rtt.smoothedUs).toBe(90_000);
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs - 161_000 + 180_000);
  });

  it('of the smoothed one when that is longer', () => {
    const harness = twoPackets(40_000);
    expect(harness.recovery.rtt.smoothedUs).toBe(75_000);
    expect(harness.recovery.deadlineUs).toBe(harness.nowUs - 41_000 + (9 / 8) * 75_000);
  });

  it('at least one millisecond', () => {
    const harness = new Harness();
    harness.sampleRtt(100);
    harness.sendMany(2);
    const sentUs = harness.nowUs;
    harness.nowUs += 100;
    harness.ack([2, 2]);
    expect(harness.recovery.deadlineUs).toBe(sentUs + 1000);
  });

  it('found at once when an ACK comes late enough', () => {
    const harness = new Harness();
    harness.sampleRtt(8000);
    harness.send();
    harness.nowUs += 8000;
    harness.send();
    harness.nowUs += 8000;
    harness.ack([2, 2]);
    expect(harness.recovery).toMatchObject({ lostPackets: 1, largestLostNumber: 1 });
  });

  it('never without a later packet acknowledged', () => {
    const harness = new Harness();
    harness.sampleRtt(10_000);
    harness.sendMany(3);
    harness.nowUs += 1e9;
    harness.recovery.detectLost(harness.nowUs, harness.recorder);
    expect(harness.recovery.lostPackets).toBe(0);
  });

  it('always when its deadline has come, however the times are rounded', () => {
    for (let index = 0; index < 500; index++) {
      const harness = new Harness();
      harness.nowUs = 1e9 / 3 + index / 7;
      harness.sampleRtt(10_000 / 3 + index / 11);
      harness.send();
      harness.nowUs += 1 / 3;
      harness.send();
      harness.nowUs += 10_000 / 3;
      harness.ack([2, 2]);
      expect(harness.fireTimer()).toBe(TIMER_LOST);
      expect(harness.recovery.lostPackets).toBe(1);
    }
  });
});

describe('reports (R9)', () => {
  it('the frames at once, lowest packet first and none merged', () => {
    const harness = new Harness();
    for (let index = 0; index < 6; index++) {
      harness.send({ frames: [[SENT_STREAM, 0, index * 10, 10]] });
    }
    harness.ack([5, 5]);
    expect(harness.recorder.lost).toEqual(
      [0, 10, 20].map((offset) => `${SENT_STREAM} 0 ${offset}+10`),
    );
  });

  it('bytes, time and sizes of what was lost', () => {
    const harness = new Harness();
    harness.send({ bytes: 1400, isEct: true });
    harness.nowUs += 50;
    harness.send({ bytes: 300 });
    harness.sendMany(3);
    harness.ack([4, 4]);
    expect(harness.recovery).toMatchObject({
      lostBytes: 1700,
      lostPackets: 2,
      largestLostSentUs: 1_000_050,
      largestLostNumber: 1,
      largestLostBytes: 1400,
      smallestLostBytes: 300,
      lostEct: 1,
    });
    expect(harness.recovery.packetsLost).toBe(2);
    expect(harness.recovery.bytesLost).toBe(1700);
  });

  it('packets that ask for no ACK as nobody’s loss', () => {
    const harness = new Harness();
    harness.send({ isAckEliciting: false, frames: [[SENT_ACK, 0, 5, 0]] });
    harness.sendMany(3);
    harness.ack([3, 3]);
    expect(harness.recovery).toMatchObject({ lostBytes: 0, lostPackets: 0, largestLostNumber: -1 });
    expect(harness.recovery.packetsLost).toBe(0);
    expect(harness.recorder.lost).toEqual(['2 0 5+0']);
  });

  it('each lost packet to the tracer', () => {
    const harness = new Harness();
    const lines: unknown[] = [];
    harness.recovery.tracer = { packetLost: (...line) => lines.push(line) };
    harness.sampleRtt(8000);
    harness.sendMany(2, { bytes: 500 });
    harness.nowUs += 2000;
    harness.sendMany(3, { bytes: 600 });
    harness.nowUs += 8000;
    harness.ack([4, 4]);
    const { nowUs } = harness;
    expect(lines).toEqual([
      [nowUs, 1, 500, 'packet'],
      [nowUs, 2, 500, 'time'],
    ]);
  });
});

describe('MTU probes (R9)', () => {
  it('are in flight', () => {
    const harness = new Harness();
    harness.send({ bytes: 9000, isProbe: true });
    expect(harness.recovery.bytesInFlight).toBe(9000);
    expect(harness.recovery.ackElicitingInFlight).toBe(1);
  });

  it('are reported when acknowledged', () => {
    const harness = new Harness();
    harness.send();
    const probe = harness.send({ bytes: 9000, isProbe: true });
    harness.send();
    harness.ack([0, 2]);
    expect(harness.recovery.probeAcked).toBe(probe);
    expect(harness.recovery).toMatchObject({ ackedBytes: 11_400, largestAckedBytes: 9000 });
  });

  it('are lost apart from everything else', () => {
    const harness = new Harness();
    const probe = harness.send({ bytes: 9000, isProbe: true, frames: [[SENT_PING, 0, 0, 0]] });
    harness.sendMany(3);
    harness.ack([1, 3]);
    expect(harness.recovery).toMatchObject({
      probeLost: probe,
      lostBytes: 0,
      lostPackets: 0,
      largestLostSentUs: 0,
      largestLostNumber: -1,
      largestLostBytes: 0,
    });
    expect(harness.recovery.packetsLost).toBe(0);
    expect(harness.recovery.bytesInFlight).toBe(0);
  });

  it('still tell the size of the path when their ACK is late', () => {
    const harness = new Harness();
    const probe = harness.send({ bytes: 9000, isProbe: true });
    harness.sendMany(3);
    harness.ack([1, 3]);
    harness.ack([0, 3]);
    expect(harness.recovery.probeAcked).toBe(probe);
    expect(harness.recovery.probeLost).toBe(-1);
  });
});

describe('limits (R6)', () => {
  it('is full before 131,072 packets are unsettled, and keeps places for probes', () => {
    const harness = new Harness();
    let sent = 0;
    while (!harness.recovery.isFull) {
      harness.send({ bytes: 100 });
      sent++;
    }
    expect(sent).toBe(2 ** 17 - 1023);
    for (; sent < 2 ** 17 - 1; sent++) harness.send({ bytes: 100 });
    expect(() => harness.recovery.beginPacket()).toThrow(RangeError);
    expect(harness.recovery.capacities[0]).toBe(2 ** 17);
    harness.ack([0, 2 ** 17 - 2]);
    expect(harness.recovery.bytesInFlight).toBe(0);
    expect(harness.recovery.isFull).toBe(false);
  });

  it('is full when so many frames are in flight that one packet more might not fit', () => {
    const harness = new Harness();
    const frames = Array.from({ length: 20_000 }, () => [SENT_PING, 0, 0, 0] as const);
    let sent = 0;
    while (!harness.recovery.isFull) {
      harness.send({ frames });
      sent++;
    }
    expect(sent).toBe(Math.floor((2 ** 20 - 2 ** 15) / 20_000) + 1);
    expect(() => harness.recovery.beginPacket()).toThrow(/recovery is full/);
    harness.ack([0, sent - 1]);
    expect(harness.recorder.acked).toHaveLength(sent * 20_000);
    expect(harness.recovery.isFull).toBe(false);
  });

  it('forgets lost packets, not outstanding ones, when the ring is used up', () => {
    const harness = new Harness();
    harness.sendMany(5);
    harness.ack([4, 4]);
    while (!harness.recovery.isFull) harness.send();
    harness.sendMany(1000);
    expect(harness.recovery.capacities[0]).toBe(2 ** 17);
    const newest = harness.recovery.nextPacketNumber - 1;
    harness.ack([0, newest]);
    expect(harness.recovery.bytesInFlight).toBe(0);
    expect(harness.recovery.oldestUnacked).toBe(newest + 1);
  });
});
