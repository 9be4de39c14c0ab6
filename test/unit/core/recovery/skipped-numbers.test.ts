/**
 * Skipped packet numbers (clauses R16 to R18): who acknowledges one is caught, and nobody honest ever is.
 */

import { describe, expect, it } from 'vitest';
import { PROTOCOL_VIOLATION } from '../../../../lib/core/error-codes.js';
import { SkippedNumbers } from '../../../../lib/core/recovery/skipped-numbers.js';
import { Harness, rangesOf, seededRandom } from './harness.js';

/** Sends `count` packets; the numbers that were left out on the way. */
function sendAndList(harness: Harness, count: number): number[] {
  const skipped: number[] = [];
  let expected = harness.recovery.nextPacketNumber;
  for (let index = 0; index < count; index++) {
    const number = harness.send();
    for (; expected < number; expected++) skipped.push(expected);
    expected = number + 1;
  }
  return skipped;
}

describe('which numbers (R16)', () => {
  it('the first after 128 to 383, then twice as far apart up to 16,384 on average', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const skipped = new SkippedNumbers(seededRandom(seed));
      let period = 256;
      let last = 0;
      for (let index = 0; index < 12; index++) {
        const distance = skipped.next - last;
        expect(distance).toBeGreaterThanOrEqual(period / 2);
        expect(distance).toBeLessThan(period * 1.5);
        last = skipped.next;
        skipped.take();
        period = Math.min(period * 2, 16_384);
      }
    }
  });

  it('others with other chance', () => {
    const firsts = new Set<number>();
    for (let seed = 1; seed <= 50; seed++) firsts.add(new SkippedNumbers(seededRandom(seed)).next);
    expect(firsts.size).toBeGreaterThan(30);
  });

  it('draws chance only when a number was left out', () => {
    let draws = 0;
    const skipped = new SkippedNumbers({ fill: () => draws++ });
    skipped.countBetween(0, 1e9);
    skipped.isClaimed(rangesOf([0, 1e9]), 1);
    expect(draws).toBe(1);
    skipped.take();
    expect(draws).toBe(2);
  });

  it('no packet carries one', () => {
    const harness = new Harness({ skipPeriod: 256 });
    const skipped = sendAndList(harness, 5000);
    expect(skipped.length).toBeGreaterThan(2);
    expect(harness.recovery.numbersSkipped).toBe(skipped.length);
    expect(harness.recovery.nextPacketNumber).toBe(5000 + skipped.length);
  });
});

describe('an ACK of one (R17)', () => {
  it('is a violation and changes nothing', () => {
    const harness = new Harness({ skipPeriod: 256 });
    const [skipped] = sendAndList(harness, 600);
    harness.ack([0, 10]);
    const before = harness.snapshot();
    for (const pair of [
      [skipped, skipped],
      [skipped - 1, skipped],
      [skipped, skipped + 1],
      [0, skipped + 5],
    ] as const) {
      expect(harness.ack(pair)).toBe(PROTOCOL_VIOLATION);
      expect(
        harness.ack([skipped + 3, skipped + 4], [pair[0], Math.min(pair[1], skipped + 1)]),
      ).toBe(PROTOCOL_VIOLATION);
    }
    expect(harness.snapshot()).toEqual(before);
  });

  it('on both sides of one is none', () => {
    const harness = new Harness({ skipPeriod: 256 });
    const [skipped] = sendAndList(harness, 500);
    expect(harness.ack([0, skipped - 1], [skipped + 1, skipped + 3])).toBe(0);
  });

  it('is one, too, for each that was left out before and was passed since', () => {
    const harness = new Harness({ skipPeriod: 256 });
    const skipped = sendAndList(harness, 100_000);
    expect(skipped.length).toBeGreaterThan(8);
    const newest = harness.recovery.nextPacketNumber - 1;
    harness.ackNumbers(everyNumber(newest, skipped));
    expect(harness.recovery.bytesInFlight).toBe(0);
    for (const number of skipped) {
      expect(harness.ack([newest, newest], [number, number])).toBe(PROTOCOL_VIOLATION);
    }
  });

  it('catches a peer that acknowledges whatever may have been sent', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const harness = new Harness({ skipPeriod: 256, seed });
      let sent = 0;
      let error = 0;
      while (error === 0) {
        harness.sendMany(20);
        sent += 20;
        const newest = harness.recovery.nextPacketNumber - 1;
        error = harness.ack([0, newest]);
      }
      expect(error).toBe(PROTOCOL_VIOLATION);
      expect(sent).toBeLessThanOrEqual(512);
    }
  });

  it('catches one whose ranges end or begin at it, and nobody beside it', () => {
    const skipped = new SkippedNumbers(seededRandom(1));
    const number = skipped.next;
    skipped.take();
    const isClaimed = (...range: readonly [number, number]) =>
      skipped.isClaimed(rangesOf(range), 1);
    expect(isClaimed(number - 5, number)).toBe(true);
    expect(isClaimed(number, number + 5)).toBe(true);
    expect(isClaimed(number, number)).toBe(true);
    expect(isClaimed(number - 5, number - 1)).toBe(false);
    expect(isClaimed(number + 1, number + 5)).toBe(false);
  });
});

describe('a skipped number is no loss (R18)', () => {
  it('and no packet to wait for', () => {
    const harness = new Harness({ skipPeriod: 256 });
    const skipped = sendAndList(harness, 2000);
    const newest = harness.recovery.nextPacketNumber - 1;
    harness.ackNumbers(everyNumber(newest, skipped));
    expect(harness.recovery).toMatchObject({ lostPackets: 0, oldestUnacked: newest + 1 });
    expect(harness.recovery.bytesInFlight).toBe(0);
    expect(harness.recovery.deadlineUs).toBe(Number.POSITIVE_INFINITY);
    expect(harness.recorder.lost).toEqual([]);
  });

  it('and does not count towards the three packets that make one', () => {
    const harness = new Harness({ skipPeriod: 256 });
    const [skipped] = sendAndList(harness, 500);
    harness.ack([0, skipped - 2]);
    expect(harness.ack([skipped + 2, skipped + 2])).toBe(0);
    expect(harness.recovery.lostPackets).toBe(0);
    expect(harness.ack([skipped + 3, skipped + 3])).toBe(0);
    expect(harness.recovery).toMatchObject({ lostPackets: 1, largestLostNumber: skipped - 1 });
  });

  it('in a million packets that an honest peer acknowledges', () => {
    const harness = new Harness({ skipPeriod: 256 });
    let from = 0;
    while (from < 1_000_000) {
      const numbers: number[] = [];
      for (let index = 0; index < 1000; index++) numbers.push(harness.send());
      expect(harness.ackNumbers(numbers)).toBe(0);
      from = harness.recovery.nextPacketNumber;
    }
    expect(harness.recovery.numbersSkipped).toBeGreaterThan(60);
    expect(harness.recovery.packetsLost).toBe(0);
  });
});

function everyNumber(newest: number, without: readonly number[]): number[] {
  const left = new Set(without);
  return Array.from({ length: newest + 1 }, (_, number) => number).filter(
    (number) => !left.has(number),
  );
}
