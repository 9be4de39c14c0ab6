/**
 * What a silent connection gives up, and that everything goes on after that as if it had kept it.
 */

import { describe, expect, it } from 'vitest';
import { ReceivedPackets } from '../../../../lib/core/recovery/received-packets.js';
import { Recovery } from '../../../../lib/core/recovery/recovery.js';
import { SPARES_MAX, Spares } from '../../../../lib/core/recovery/spares.js';
import { SENT_STREAM } from '../../../../lib/core/wire/sent-kinds.js';
import { Recorder, seededRandom } from './harness.js';

const MS = 1000;

class Sender {
  readonly recovery: Recovery;
  readonly seen = new Recorder();
  nowUs = MS;

  constructor(samplesDelivery: boolean) {
    const options = { random: seededRandom(3), skipPeriod: Number.POSITIVE_INFINITY };
    this.recovery = new Recovery({ ...options, samplesDelivery });
  }

  send(count: number): void {
    for (let index = 0; index < count; index++) {
      this.recovery.beginPacket();
      this.recovery.recordFrame(SENT_STREAM, 0, this.recovery.nextPacketNumber * 1000, 1000);
      this.recovery.commitPacket(this.nowUs, 1029, true, false, false);
    }
  }

  ack(from: number, to: number): number {
    this.nowUs += 10 * MS;
    return this.recovery.onAck(Float64Array.of(from, to), 1, 0, this.nowUs, this.seen);
  }
}

describe('fold', () => {
  it.each([false, true])(
    'gives up the rings when nothing is in flight (samples: %s)',
    (samples) => {
      const sender = new Sender(samples);
      expect(sender.recovery.capacities).toEqual([0, 0, 0]);
      expect(sender.recovery.fold()).toBe(true);
      for (let round = 0; round < 3; round++) {
        const first = sender.recovery.nextPacketNumber;
        sender.send(20);
        expect(sender.recovery.capacities).toEqual([32, 32, 0]);
        expect(sender.recovery.fold()).toBe(false);
        expect(sender.recovery.bytesInFlight).toBe(20 * 1029);
        expect(sender.ack(first, first + 18)).toBe(0);
        expect(sender.recovery.fold()).toBe(false);
        expect(sender.ack(first + 19, first + 19)).toBe(0);
        expect(sender.recovery.ackedPackets).toBe(1);
        expect(sender.recovery.rtt.latestUs).toBe(20 * MS);
        expect(sender.recovery.fold()).toBe(true);
        expect(sender.recovery.capacities).toEqual([0, 0, 0]);
        expect(sender.recovery.bytesInFlight).toBe(0);
        expect(sender.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
      }
    },
  );

  it('does not wait for what nobody has to acknowledge', () => {
    const sender = new Sender(false);
    for (let index = 0; index < 5; index++) {
      sender.recovery.beginPacket();
      sender.recovery.commitPacket(sender.nowUs, 40, false, false, false);
    }
    expect(sender.recovery.fold()).toBe(true);
    expect(sender.recovery.capacities).toEqual([0, 0, 0]);
    sender.send(1);
    expect(sender.ack(0, 5)).toBe(0);
    expect([sender.recovery.ackedPackets, sender.recovery.bytesInFlight]).toEqual([1, 0]);
  });

  it('forgets lost packets: their late acknowledgement is no news, and no error', () => {
    const sender = new Sender(false);
    sender.send(10);
    expect(sender.ack(5, 9)).toBe(0);
    expect(sender.recovery.packetsLost).toBe(5);
    expect(sender.recovery.capacities[2]).toBeGreaterThan(0);
    expect(sender.recovery.fold()).toBe(true);
    expect(sender.recovery.capacities).toEqual([0, 0, 0]);
    expect(sender.recovery.isLossRevoked(0, 4)).toBe(false);
    expect(sender.ack(0, 9)).toBe(0);
    expect(sender.recovery.spuriouslyLost).toBe(0);
    // What comes after it is counted on as ever.
    sender.send(2);
    expect(sender.ack(10, 11)).toBe(0);
    expect([sender.recovery.ackedPackets, sender.recovery.bytesInFlight]).toEqual([2, 0]);
  });

  it('gives up rings that never grew at once, and others not', () => {
    const sender = new Sender(false);
    expect(sender.recovery.foldFirst()).toBe(true);
    for (let round = 0; round < 3; round++) {
      const first = sender.recovery.nextPacketNumber;
      sender.send(8);
      expect(sender.recovery.foldFirst()).toBe(false);
      expect(sender.ack(first, first + 7)).toBe(0);
      expect(sender.recovery.capacities).toEqual([8, 8, 0]);
      expect(sender.recovery.foldFirst()).toBe(true);
      expect(sender.recovery.capacities).toEqual([0, 0, 0]);
    }
    sender.send(9);
    expect(sender.ack(24, 32)).toBe(0);
    expect(sender.recovery.foldFirst()).toBe(false);
    expect(sender.recovery.capacities).toEqual([16, 16, 0]);
  });

  it('remembers lost packets for as long as it was silent for a moment only', () => {
    const sender = new Sender(false);
    sender.send(8);
    expect(sender.ack(5, 7)).toBe(0);
    expect(sender.recovery.packetsLost).toBe(5);
    expect(sender.recovery.foldFirst()).toBe(false);
    expect(sender.ack(0, 7)).toBe(0);
    expect(sender.recovery.spuriouslyLost).toBe(5);
  });

  it('leaves rings of the first size to the next that needs some, and no others', () => {
    const spares = new Spares(8, (capacity) => ({ capacity }));
    const [first, large] = [spares.take(8), spares.take(16)];
    spares.put(large);
    spares.put(first);
    expect(spares.take(16)).not.toBe(large);
    expect(spares.take(8)).toBe(first);
    expect(spares.take(8)).not.toBe(first);
  });

  it('hands rings with old entries on: nobody sees them', () => {
    const [one, other] = [new Sender(false), new Sender(false)];
    one.send(8);
    expect(one.ack(0, 7)).toBe(0);
    expect(one.recovery.foldFirst()).toBe(true);
    other.send(2);
    expect(other.ack(1, 1)).toBe(0);
    expect(other.recovery.ackedPackets).toBe(1);
    expect(other.recovery.bytesInFlight).toBe(1029);
    expect(other.ack(0, 1)).toBe(0);
    expect(other.recovery.foldFirst()).toBe(true);
    one.send(1);
    expect(one.recovery.bytesInFlight).toBe(1029);
    expect(one.ack(8, 8)).toBe(0);
    expect([one.recovery.ackedPackets, one.recovery.bytesInFlight]).toEqual([1, 0]);
  });

  it('keeps no more of it than SPARES_MAX', () => {
    const spares = new Spares(8, (capacity) => ({ capacity }));
    const given = Array.from({ length: SPARES_MAX + 1 }, () => ({ capacity: 8 }));
    for (const columns of given) spares.put(columns);
    const back = new Set(given.map(() => spares.take(8)));
    expect(given.filter((columns) => back.has(columns))).toEqual(given.slice(0, SPARES_MAX));
  });

  it('keeps the received ranges, and the memory of those alone', () => {
    const received = new ReceivedPackets();
    for (let number = 0; number < 60; number += 2) received.onPacket(number, MS, true, 0);
    expect(received.ranges.length).toBe(64);
    received.fold();
    expect(received.ranges.length).toBe(64);
    received.forget(58);
    received.fold();
    expect(received.ranges.length).toBe(4);
    expect([...received.ranges.subarray(0, 2 * received.rangeCount)]).toEqual([58, 58]);
    received.onPacket(61, MS, true, 0);
    received.onPacket(63, MS, true, 0);
    expect(received.rangeCount).toBe(3);
    expect([...received.ranges.subarray(0, 6)]).toEqual([63, 63, 61, 61, 58, 58]);
  });
});
