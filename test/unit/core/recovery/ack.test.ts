/**
 * What an ACK does (clauses R4, R5, R10): it is checked first, settles each packet once, and says so to the owners of
 * frames.
 */

import { describe, expect, it } from 'vitest';
import { FRAME_ENCODING_ERROR, PROTOCOL_VIOLATION } from '../../../../lib/core/error-codes.js';
import {
  SENT_MAX_DATA,
  SENT_STREAM,
  SENT_STREAM_FIN,
} from '../../../../lib/core/wire/sent-kinds.js';
import { Harness, rangesOf, seededRandom } from './harness.js';

describe('a wrong ACK changes nothing (R4)', () => {
  /** Packets 0 to 9, of which 0 and 1 are acknowledged. */
  function started(): Harness {
    const harness = new Harness();
    harness.sendMany(10, { frames: [[SENT_STREAM, 0, 0, 10]] });
    harness.nowUs += 20_000;
    harness.ack([0, 1]);
    return harness;
  }

  it.each([
    ['the next number', [[10, 10]]],
    ['a number never sent above good ones', [[2, 10]]],
    [
      'the largest number that there is',
      [
        [2 ** 53 - 1, 2 ** 53 - 1],
        [2, 3],
      ],
    ],
  ] as const)('%s', (_name, pairs) => {
    const harness = started();
    const before = harness.snapshot();
    expect(harness.ack(...pairs)).toBe(PROTOCOL_VIOLATION);
    expect(harness.snapshot()).toEqual(before);
  });

  it.each([
    ['no range', []],
    ['a range upside down', [5, 4]],
    ['ranges that ascend', [2, 3, 7, 8]],
    ['ranges that touch', [6, 7, 4, 5]],
    ['ranges that overlap', [5, 7, 3, 5]],
    ['a negative number', [6, 7, -1, 2]],
  ])('%s', (_name, values) => {
    const harness = started();
    const before = harness.snapshot();
    const ranges = Float64Array.from(values);
    const error = harness.recovery.onAck(ranges, values.length / 2, 0, 2e6, harness.recorder);
    expect(error).toBe(FRAME_ENCODING_ERROR);
    expect(harness.snapshot()).toEqual(before);
  });

  it('NaN is no number that was sent', () => {
    const harness = started();
    const before = harness.snapshot();
    const ranges = Float64Array.of(Number.NaN, Number.NaN);
    expect(harness.recovery.onAck(ranges, 1, 0, 2e6, harness.recorder)).toBe(PROTOCOL_VIOLATION);
    expect(harness.snapshot()).toEqual(before);
  });
});

describe('settles packets (R5)', () => {
  it('counts bytes and packets once', () => {
    const harness = new Harness();
    harness.sendMany(4, { bytes: 1000 });
    harness.ack([0, 2]);
    expect(harness.recovery).toMatchObject({ ackedBytes: 3000, ackedPackets: 3 });
    harness.ack([0, 2]);
    expect(harness.recovery).toMatchObject({ ackedBytes: 0, ackedPackets: 0 });
    expect(harness.recovery.bytesInFlight).toBe(1000);
  });

  it('knows the newest packet and the largest datagram', () => {
    const harness = new Harness();
    harness.send({ bytes: 1400 });
    harness.nowUs += 5;
    harness.send({ bytes: 60 });
    harness.send();
    harness.ack([0, 1]);
    expect(harness.recovery).toMatchObject({
      largestAckedNumber: 1,
      largestAckedSentUs: 1_000_005,
      largestAckedBytes: 1400,
      isLargestRaised: true,
    });
  });

  it('counts nothing in flight that asks for no ACK', () => {
    const harness = new Harness();
    harness.send({ isAckEliciting: false });
    expect(harness.recovery.bytesInFlight).toBe(0);
    expect(harness.recovery.ackElicitingInFlight).toBe(0);
    harness.ack([0, 0]);
    expect(harness.recovery).toMatchObject({ ackedBytes: 0, ackedPackets: 0, oldestUnacked: 1 });
  });

  it('counts marked packets', () => {
    const harness = new Harness();
    harness.send({ isEct: true });
    harness.send();
    harness.ack([0, 1]);
    expect(harness.recovery.ackedEct).toBe(1);
  });

  it('uses no number for a packet that was abandoned, and forgets its frames', () => {
    const harness = new Harness();
    const { recovery } = harness;
    recovery.beginPacket();
    recovery.recordFrame(SENT_MAX_DATA, 1, 1, 0);
    recovery.abandonPacket();
    expect(harness.send({ frames: [[SENT_MAX_DATA, 2, 2, 0]] })).toBe(0);
    harness.ack([0, 0]);
    expect(harness.recorder.acked).toEqual([`${SENT_MAX_DATA} 2 2+0`]);
  });

  it('forgets the frames of a packet that was begun and neither committed nor abandoned', () => {
    const harness = new Harness();
    harness.recovery.beginPacket();
    harness.recovery.recordFrame(SENT_MAX_DATA, 1, 1, 0);
    harness.send({ frames: [[SENT_MAX_DATA, 2, 2, 0]] });
    harness.ack([0, 0]);
    expect(harness.recorder.acked).toEqual([`${SENT_MAX_DATA} 2 2+0`]);
  });

  it('names the oldest packet that is not settled', () => {
    const harness = new Harness();
    harness.sendMany(3);
    expect(harness.recovery.oldestUnacked).toBe(0);
    harness.ack([0, 0]);
    expect(harness.recovery.oldestUnacked).toBe(1);
    harness.ack([2, 2]);
    expect(harness.recovery.oldestUnacked).toBe(1);
    harness.ack([0, 2]);
    expect(harness.recovery.oldestUnacked).toBe(harness.recovery.nextPacketNumber);
  });
});

describe('reports frames (R5)', () => {
  it('lowest packet first, over all ranges', () => {
    const harness = new Harness();
    for (let index = 0; index < 4; index++)
      harness.send({ frames: [[SENT_MAX_DATA, index, 0, 0]] });
    harness.ack([3, 3], [0, 1]);
    expect(harness.recorder.acked).toEqual(
      [0, 1, 3].map((index) => `${SENT_MAX_DATA} ${index} 0+0`),
    );
  });

  it('stream frames that continue each other as one', () => {
    const harness = new Harness();
    for (let index = 0; index < 5; index++) {
      harness.send({ frames: [[SENT_STREAM, 4, index * 100, 100]] });
    }
    harness.ack([0, 4]);
    expect(harness.recorder.acked).toEqual([`${SENT_STREAM} 4 0+500`]);
  });

  it.each([
    ['another stream', [SENT_STREAM, 8, 100, 100]],
    ['a gap', [SENT_STREAM, 4, 101, 100]],
    ['an overlap', [SENT_STREAM, 4, 99, 100]],
    ['the end of the stream', [SENT_STREAM_FIN, 4, 100, 100]],
    ['another kind', [SENT_MAX_DATA, 4, 100, 100]],
  ] as const)('not across %s', (_name, second) => {
    const harness = new Harness();
    harness.send({ frames: [[SENT_STREAM, 4, 0, 100], second] });
    harness.ack([0, 0]);
    const [kind, id, offset, length] = second;
    expect(harness.recorder.acked).toEqual([
      `${SENT_STREAM} 4 0+100`,
      `${kind} ${id} ${offset}+${length}`,
    ]);
  });

  it('not across a packet that was acknowledged before', () => {
    const harness = new Harness();
    for (let index = 0; index < 3; index++) {
      harness.send({ frames: [[SENT_STREAM, 4, index * 100, 100]] });
    }
    harness.ack([1, 1]);
    harness.ack([0, 2]);
    expect(harness.recorder.acked).toEqual([
      `${SENT_STREAM} 4 100+100`,
      `${SENT_STREAM} 4 0+100`,
      `${SENT_STREAM} 4 200+100`,
    ]);
  });

  it('of packets with very many frames', () => {
    const harness = new Harness();
    const frames = Array.from(
      { length: 1000 },
      (_, index) => [SENT_MAX_DATA, index, 0, 0] as const,
    );
    harness.send({ frames });
    harness.send({ frames });
    harness.ack([1, 1]);
    harness.ack([0, 0]);
    expect(harness.recorder.acked).toHaveLength(2000);
  });
});

describe('ACKs that come late (R10)', () => {
  /** Packets 0 to 5, of which an ACK of 5 declares 0 to 2 lost. */
  function withLosses(): Harness {
    const harness = new Harness();
    for (let index = 0; index < 6; index++) {
      harness.send({ bytes: 1000, isEct: true, frames: [[SENT_STREAM, 0, index * 10, 10]] });
    }
    harness.nowUs += 10_000;
    harness.ack([5, 5]);
    expect(harness.recovery.lostPackets).toBe(3);
    return harness;
  }

  it('report the frames of a lost packet as acknowledged', () => {
    const harness = withLosses();
    harness.recorder.acked = [];
    harness.ack([1, 1]);
    expect(harness.recorder.acked).toEqual([`${SENT_STREAM} 0 10+10`]);
    expect(harness.recovery.spuriouslyLost).toBe(1);
  });

  it('move no byte in flight', () => {
    const harness = withLosses();
    expect(harness.recovery.bytesInFlight).toBe(2000);
    harness.ack([0, 2]);
    expect(harness.recovery.bytesInFlight).toBe(2000);
    expect(harness.recovery).toMatchObject({ ackedBytes: 0, ackedPackets: 0 });
  });

  it('count as sign of life and for ECN', () => {
    const harness = withLosses();
    harness.ack([0, 2]);
    expect(harness.recovery).toMatchObject({ ackedEliciting: 3, ackedEct: 3 });
  });

  it('count once', () => {
    const harness = withLosses();
    harness.ack([1, 1]);
    harness.ack([1, 2], [5, 5]);
    harness.ack([0, 5]);
    harness.ack([0, 5]);
    expect(harness.recovery.spuriouslyLost).toBe(3);
    expect(harness.recorder.acked).toHaveLength(5);
  });

  it('are not known any more after a probe timeout', () => {
    const harness = withLosses();
    harness.nowUs += harness.recovery.rtt.ptoUs(25_000);
    harness.ack([3, 5]);
    harness.ack([0, 5]);
    expect(harness.recovery.spuriouslyLost).toBe(0);
  });

  it('are not known any more after 8,192 numbers', () => {
    const harness = withLosses();
    harness.sendMany(8200);
    harness.ack([3, 8100]);
    harness.ack([2, 8100]);
    expect(harness.recovery.spuriouslyLost).toBe(1);
    harness.ack([2, 8205]);
    harness.ack([0, 8205]);
    expect(harness.recovery.spuriouslyLost).toBe(1);
  });
});

describe('rings that grow (R5, R10)', () => {
  it('keep the frames of packets in flight, wherever in the ring they begin', () => {
    const harness = new Harness();
    harness.sendMany(50, { frames: [[SENT_MAX_DATA, 0, 0, 0]] });
    harness.ack([0, 40]);
    harness.recorder.acked = [];
    for (let number = 50; number < 1000; number++) {
      harness.send({ bytes: number, frames: [[SENT_MAX_DATA, number, number, 1]] });
    }
    harness.ack([50, 999]);
    expect(harness.recorder.acked).toEqual(
      Array.from({ length: 950 }, (_, index) => `${SENT_MAX_DATA} ${50 + index} ${50 + index}+1`),
    );
    expect(harness.recovery.ackedBytes).toBe((950 * (50 + 999)) / 2);
  });

  it('keep a packet that is being built', () => {
    const harness = new Harness();
    harness.sendMany(30, { frames: [[SENT_MAX_DATA, 7, 7, 7]] });
    harness.ack([0, 29]);
    const frames = Array.from({ length: 300 }, (_, id) => [SENT_MAX_DATA, id, 0, 0] as const);
    harness.recorder.acked = [];
    harness.send({ frames });
    harness.ack([30, 30]);
    expect(harness.recorder.acked).toEqual(frames.map(([kind, id]) => `${kind} ${id} 0+0`));
  });

  it('keep what is remembered of lost packets', () => {
    const harness = new Harness();
    for (let number = 0; number < 40; number++)
      harness.send({ frames: [[SENT_MAX_DATA, number, 0, 0]] });
    harness.ack([39, 39]);
    harness.sendMany(1000);
    harness.recorder.acked = [];
    harness.ack([0, 36]);
    expect(harness.recorder.acked).toEqual(
      Array.from({ length: 37 }, (_, number) => `${SENT_MAX_DATA} ${number} 0+0`),
    );
  });
});

it('gives the same result for permuted and repeated ACKs', () => {
  const random = seededRandom(77);
  for (let round = 0; round < 60; round++) {
    const results = [0, 1].map((variant) => {
      const harness = new Harness();
      harness.recovery.seedRtt(5000, 0);
      for (let index = 0; index < 40; index++) {
        harness.send({ bytes: 100 + index, frames: [[SENT_MAX_DATA, index, 0, 0]] });
      }
      const order = seededRandom(1000 + round);
      const acks: (readonly [number, number])[][] = [];
      for (let index = 0; index < 12; index++) {
        const at = order.below(36);
        acks.push([[at, at + order.below(4)]]);
      }
      acks.push([[34, 34]], [[37, 37]]);
      if (variant === 1) {
        for (let index = 0; index < 20; index++) acks.push(acks[random.below(acks.length)]);
        for (let index = acks.length - 1; index > 0; index--) {
          const other = random.below(index + 1);
          [acks[index], acks[other]] = [acks[other], acks[index]];
        }
      }
      for (const pairs of acks) expect(harness.ack(...pairs)).toBe(0);
      // Some orders teach patience (R19): after that time all are of one mind.
      harness.nowUs += 20_000;
      harness.recovery.detectLost(harness.nowUs, harness.recorder);
      return {
        acked: [...harness.recorder.acked].sort(),
        bytesInFlight: harness.recovery.bytesInFlight,
        ackElicitingInFlight: harness.recovery.ackElicitingInFlight,
      };
    });
    expect(results[1]).toEqual(results[0]);
    expect(new Set(results[0].acked).size).toBe(results[0].acked.length);
  }
});

it('borrows the ranges and changes none of them', () => {
  const harness = new Harness();
  harness.sendMany(3);
  const ranges = rangesOf([0, 0], [2, 2]);
  harness.recovery.onAck(ranges, 2, 0, harness.nowUs, harness.recorder);
  expect([...ranges]).toEqual([2, 2, 0, 0]);
});
