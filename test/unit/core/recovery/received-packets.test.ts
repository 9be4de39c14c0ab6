/**
 * Which packets have arrived (clauses A1, A6, A7): ranges for ACK frames, capped, and what else such a frame says.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ECN_CE,
  ECN_ECT0,
  ECN_ECT1,
  RECEIVED_RANGES_MAX,
  ReceivedPackets,
} from '../../../../lib/core/recovery/received-packets.js';
import { rangesOfNumbers } from './harness.js';

function receive(received: ReceivedPackets, numbers: readonly number[]): boolean[] {
  return numbers.map((number) => received.onPacket(number, 0, true, 0));
}

/** The ranges as they would be written. */
function written(received: ReceivedPackets): number[] {
  return [...received.ranges.subarray(0, 2 * received.rangeCount)];
}

describe('ranges (A1)', () => {
  it('there are none before a packet came', () => {
    const received = new ReceivedPackets();
    expect(received.rangeCount).toBe(0);
    expect(received.largest).toBe(-1);
  });

  it('one for packets in order', () => {
    const received = new ReceivedPackets();
    expect(receive(received, [0, 1, 2])).toEqual([false, false, false]);
    expect(written(received)).toEqual([0, 2]);
  });

  it('a gap makes a new one, what closes it joins both', () => {
    const received = new ReceivedPackets();
    expect(receive(received, [0, 2, 1])).toEqual([false, true, true]);
    expect(written(received)).toEqual([0, 2]);
  });

  it('packets on top of a gap are in order again', () => {
    const received = new ReceivedPackets();
    expect(receive(received, [0, 5, 6, 7])).toEqual([false, true, false, false]);
    expect(written(received)).toEqual([5, 7, 0, 0]);
  });

  it('a first packet that is not number 0 is out of order', () => {
    expect(receive(new ReceivedPackets(), [3])).toEqual([true]);
  });

  it('a number that is known changes none', () => {
    const received = new ReceivedPackets();
    receive(received, [0, 1, 2, 5, 1, 2, 5]);
    expect(written(received)).toEqual([5, 5, 0, 2]);
  });

  it('are those of the set of numbers, in whatever order they come', () => {
    const number = fc.integer({ min: 0, max: 100 });
    fc.assert(
      fc.property(fc.array(number, { maxLength: 150 }), (numbers) => {
        const received = new ReceivedPackets();
        receive(received, numbers);
        expect(written(received)).toEqual([...rangesOfNumbers(numbers)]);
        expect(received.largest).toBe(Math.max(-1, ...numbers));
      }),
      { seed: 13 },
    );
  });
});

describe('limit (A6)', () => {
  it('the oldest range gives way to the newest', () => {
    const received = new ReceivedPackets();
    for (let index = 0; index < 1000; index++) received.onPacket(2 * index, 0, true, 0);
    expect(received.rangeCount).toBe(RECEIVED_RANGES_MAX);
    expect(received.largest).toBe(1998);
    expect(written(received).at(-2)).toBe(1998 - 2 * (RECEIVED_RANGES_MAX - 1));
  });

  it('what is older than all of a full list is not named', () => {
    const received = new ReceivedPackets();
    for (let index = 0; index < 100; index++) received.onPacket(2 * index + 100, 0, true, 0);
    const before = written(received);
    received.onPacket(1, 0, true, 0);
    expect(written(received)).toEqual(before);
  });

  it('a gap in the middle of a full list drops the oldest', () => {
    const received = new ReceivedPackets();
    for (let index = 0; index < RECEIVED_RANGES_MAX; index++) {
      received.onPacket(4 * index, 0, true, 0);
    }
    received.onPacket(102, 0, true, 0);
    const ranges = written(received);
    expect(ranges).toHaveLength(2 * RECEIVED_RANGES_MAX);
    expect(ranges).toContain(102);
    expect(ranges.at(-1)).toBe(4);
  });

  it('holds under any flood, with ranges that descend and do not touch', () => {
    const received = new ReceivedPackets();
    let state = 1;
    for (let index = 0; index < 100_000; index++) {
      state = (state * 48_271) % 2_147_483_647;
      received.onPacket(state % 5000, 0, true, 0);
      if (index % 1000 === 0) received.forget(state % 5000);
    }
    const ranges = written(received);
    expect(ranges.length).toBeLessThanOrEqual(2 * RECEIVED_RANGES_MAX);
    for (let at = 0; at < ranges.length; at += 2) {
      expect(ranges[at]).toBeLessThanOrEqual(ranges[at + 1]);
      if (at > 0) expect(ranges[at + 1]).toBeLessThan(ranges[at - 2] - 1);
    }
  });

  it('a list with fewer gaps than that names every packet of an honest peer', () => {
    const received = new ReceivedPackets();
    const numbers: number[] = [];
    for (let number = 0; number < 100_000; number++) {
      if (number % 1600 !== 7) numbers.push(number);
    }
    receive(received, numbers);
    expect(written(received)).toEqual([...rangesOfNumbers(numbers)]);
  });
});

describe('forgetting (A7)', () => {
  it('numbers below one that the peer knows to be acknowledged', () => {
    const received = new ReceivedPackets();
    receive(received, [0, 1, 4, 5, 8, 9]);
    received.forget(5);
    expect(written(received)).toEqual([8, 9, 5, 5]);
  });

  it('never the largest', () => {
    const received = new ReceivedPackets();
    receive(received, [0, 1, 2]);
    received.forget(100);
    expect(written(received)).toEqual([2, 2]);
    received.forget(0);
    expect(written(received)).toEqual([2, 2]);
  });

  it('nothing before a packet came', () => {
    const received = new ReceivedPackets();
    received.forget(7);
    expect(received.rangeCount).toBe(0);
  });

  it('does not hinder late packets', () => {
    const received = new ReceivedPackets();
    receive(received, [0, 3, 4]);
    received.forget(4);
    expect(receive(received, [2])).toEqual([true]);
    expect(written(received)).toEqual([4, 4, 2, 2]);
  });
});

describe('what else an ACK says', () => {
  it('how long ago the largest came, in units of 8 us (A1)', () => {
    const received = new ReceivedPackets();
    received.onPacket(0, 1000, true, 0);
    received.onPacket(2, 2000.5, true, 0);
    received.onPacket(1, 9000, true, 0);
    expect(received.largestReceivedUs).toBe(2000.5);
    expect(received.delayField(2000.5 + 807)).toBe(100);
    expect(received.delayField(1999)).toBe(0);
  });

  it('how many packets came with each mark (E1)', () => {
    const received = new ReceivedPackets();
    expect(received.hasEcn).toBe(false);
    [ECN_ECT0, ECN_ECT0, ECN_CE, 0, ECN_ECT1].forEach((ecn, number) => {
      received.onPacket(number, 0, true, ecn);
    });
    expect(received).toMatchObject({ hasEcn: true, ect0: 2, ect1: 1, ce: 1 });
  });

  it('counts packets, ack-eliciting ones, and those that came twice', () => {
    const received = new ReceivedPackets();
    received.onPacket(0, 0, true, 0);
    received.onPacket(1, 0, false, 0);
    received.onDuplicate();
    expect(received).toMatchObject({ packets: 2, ackElicitingPackets: 1, duplicates: 1 });
  });
});
