/**
 * Random histories of sending, acknowledging, losing and waiting, step by step against a model made of objects (clauses
 * R4 to R14, R18): same bytes in flight, same reports in the same order, same deadline.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NO_ERROR, PROTOCOL_VIOLATION } from '../../../../lib/core/error-codes.js';
import { TIMER_LOST, TIMER_PTO } from '../../../../lib/core/recovery/recovery.js';
import { SENT_MAX_DATA } from '../../../../lib/core/wire/sent-kinds.js';
import { Harness, rangesOfNumbers } from './harness.js';
import { Model } from './model.js';

const runs = Number(process.env.BURSTWIRE_PROPERTY_RUNS ?? 150);

type Step =
  | { readonly kind: 'send'; readonly count: number; readonly what: number }
  | { readonly kind: 'ack'; readonly picks: readonly number[]; readonly back: number }
  | { readonly kind: 'repeat' | 'timer' | 'detect' | 'suspend' | 'violate'; readonly pick: number }
  | { readonly kind: 'requeue'; readonly count: number }
  | { readonly kind: 'wait'; readonly us: number };

const pick = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      count: fc.integer({ min: 1, max: 12 }),
      what: fc.nat({ max: 11 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ack' as const),
      picks: fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 8 }),
      back: fc.nat({ max: 10 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      us: fc.constantFrom(0, 1, 500, 3000, 10_000.25, 80_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'repeat' as const,
        'timer' as const,
        'timer' as const,
        'detect' as const,
        'suspend' as const,
        'violate' as const,
      ),
      pick,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('requeue' as const),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

/** Both, and what has been acknowledged by which ACK. */
class Pair {
  readonly harness: Harness;
  readonly model = new Model();
  readonly acks: number[][] = [];

  constructor(seed: number) {
    this.harness = new Harness({ seed, skipPeriod: 16 });
  }

  send(count: number, what: number): void {
    const { harness, model } = this;
    for (let index = 0; index < count; index++) {
      const isAckEliciting = what % 4 !== 3;
      const isProbe = what === 8;
      const bytes = 40 + ((what * 131 + index * 17) % 1400);
      const number = harness.recovery.nextPacketNumber;
      harness.send({ bytes, isAckEliciting, isProbe, frames: [[SENT_MAX_DATA, number, 0, 0]] });
      model.send({ number, sentUs: harness.nowUs, bytes, isAckEliciting, isProbe });
    }
  }

  ack(numbers: number[]): void {
    const { harness, model } = this;
    this.acks.push(numbers);
    model.acknowledge(new Set(numbers));
    expect(harness.ackNumbers(numbers)).toBe(NO_ERROR);
    model.packetThreshold = harness.recovery.packetThreshold;
    model.timeThreshold = harness.recovery.timeThreshold;
    model.detect(harness.nowUs, harness.recovery.rtt);
    expect(harness.recovery.ackedBytes).toBe(model.ackedBytes);
    expect(harness.recovery.lostBytes).toBe(model.lostBytes);
  }

  /** Numbers of packets, counted from the newest backwards. */
  pickNumbers(picks: readonly number[], back: number): number[] {
    const { packets } = this.model;
    return picks
      .map((place) => packets.at(-1 - back - place)?.number)
      .filter((number) => number !== undefined);
  }

  timer(): void {
    const { harness, model } = this;
    const deadlineUs = model.deadlineUs(harness.recovery.rtt);
    if (deadlineUs === Number.POSITIVE_INFINITY) return;
    const hasLossTime = model.outstanding.some((packet) => packet.number <= model.largestAcked);
    const isLoneProbe = model.inFlight.every((packet) => packet.isProbe);
    const result = harness.fireTimer();
    if (hasLossTime) {
      model.detect(harness.nowUs, harness.recovery.rtt);
    } else if (isLoneProbe) {
      model.detect(harness.nowUs, harness.recovery.rtt, Number.MAX_SAFE_INTEGER);
    } else {
      model.ptoCount++;
      model.firedUs = harness.nowUs;
      expect(result).toBe(TIMER_PTO);
      return;
    }
    expect(result).toBe(TIMER_LOST);
    expect(harness.recovery.lostBytes).toBe(model.lostBytes);
  }

  requeue(count: number): void {
    const { harness, model } = this;
    harness.recovery.requeueOldest(count, harness.recorder);
    const candidates = model.inFlight.filter((packet) => !packet.isProbe).slice(0, count);
    for (const packet of candidates) {
      if (!packet.isRequeued) model.lost.push(packet.number);
      packet.isRequeued = true;
    }
  }

  /** A number that was never sent: above all, or skipped. Nothing may change. */
  violate(place: number): void {
    const { harness, model } = this;
    const { nextPacketNumber } = harness.recovery;
    const sent = new Set(model.packets.map((packet) => packet.number));
    const holes = [nextPacketNumber, nextPacketNumber + place];
    for (let number = 0; number < nextPacketNumber; number++) {
      if (!sent.has(number)) holes.push(number);
    }
    const before = harness.snapshot();
    const numbers = [...this.pickNumbers([place % 5], 0), holes[place % holes.length]];
    const ranges = rangesOfNumbers(numbers);
    const { nowUs, recorder } = harness;
    const error = harness.recovery.onAck(ranges, ranges.length / 2, 0, nowUs, recorder);
    expect(error).toBe(PROTOCOL_VIOLATION);
    expect(harness.snapshot()).toEqual(before);
  }

  run(step: Step): void {
    const { harness, model } = this;
    if (step.kind === 'send') this.send(step.count, step.what);
    else if (step.kind === 'wait') harness.nowUs += step.us;
    else if (step.kind === 'timer') this.timer();
    else if (step.kind === 'requeue') this.requeue(step.count);
    else if (step.kind === 'violate') this.violate(step.pick);
    else if (step.kind === 'ack') {
      const numbers = this.pickNumbers(step.picks, step.back);
      if (numbers.length > 0) this.ack(numbers);
    } else if (step.kind === 'repeat') {
      if (this.acks.length > 0) this.ack(this.acks[step.pick % this.acks.length]);
    } else if (step.kind === 'detect') {
      harness.recovery.detectLost(harness.nowUs, harness.recorder);
      model.detect(harness.nowUs, harness.recovery.rtt);
    } else {
      harness.recovery.onSuspension(harness.nowUs);
      model.suspendedUs = harness.nowUs;
    }
  }

  compare(): void {
    const { recovery, recorder } = this.harness;
    const { model } = this;
    expect(recovery.bytesInFlight).toBe(model.bytesInFlight);
    expect(recovery.ackElicitingInFlight).toBe(model.inFlight.length);
    expect(recovery.ptoCount).toBe(model.ptoCount);
    expect(recovery.spuriouslyLost).toBe(model.spuriouslyLost);
    expect(recovery.deadlineUs).toBeCloseTo(model.deadlineUs(recovery.rtt), 6);
    const oldest = model.outstanding[0]?.number;
    if (oldest === undefined) expect(recovery.oldestUnacked).toBe(recovery.nextPacketNumber);
    else expect(recovery.oldestUnacked).toBeLessThanOrEqual(oldest);
    expect(recorder.acked.map(numberOf)).toEqual(model.acked);
    expect(recorder.lost.map(numberOf)).toEqual(model.lost);
  }
}

/** Each packet of the test carries one frame, whose id is its number. */
function numberOf(report: string): number {
  return Number(report.split(' ')[1]);
}

it('does what the model does', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(step, { minLength: 5, maxLength: 60 }), (seed, steps) => {
      const pair = new Pair(seed);
      for (const next of steps) {
        pair.run(next);
        pair.compare();
      }
    }),
    { seed: 9002, numRuns: runs },
  );
});
