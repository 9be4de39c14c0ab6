/** HyStart++: slow start ends when a queue builds up (C9). */

import { describe, expect, it } from 'vitest';
import { createController } from '../../../../lib/core/congestion/controller.js';
import { HyStart } from '../../../../lib/core/congestion/hystart.js';
import { BulkFlow } from './bulk-flow.js';
import { PathModel } from './path-model.js';

const MDS = 1200;
const RTT_US = 50_000;

/** Rounds of 20 packets, one sample each, all sent before the first of them is acknowledged. */
class Rounds {
  readonly hystart = new HyStart();
  #next = 0;

  round(latestUs: number, samples = 20): void {
    const last = this.#next + samples - 1;
    while (this.#next <= last) this.hystart.onSample(latestUs, this.#next++, last);
  }
}

describe('the delay of a round', () => {
  it('ends nothing while it stays', () => {
    const rounds = new Rounds();
    for (let i = 0; i < 50; i++) rounds.round(RTT_US);
    expect(rounds.hystart.growthDivisor).toBe(1);
    expect(rounds.hystart.isDone).toBe(false);
  });

  it.each([
    [10_000, 4000],
    [50_000, 6250],
    [100_000, 12_500],
    [400_000, 16_000],
  ])('of %d us makes growth four times slower when it rises by %d us', (rttUs, riseUs) => {
    const below = new Rounds();
    below.round(rttUs);
    below.round(rttUs + riseUs - 1);
    expect(below.hystart.growthDivisor).toBe(1);
    const at = new Rounds();
    at.round(rttUs);
    at.round(rttUs + riseUs);
    expect(at.hystart.growthDivisor).toBe(4);
  });

  it('is that of eight samples at least', () => {
    const rounds = new Rounds();
    rounds.round(RTT_US);
    for (let i = 0; i < 10; i++) rounds.round(2 * RTT_US, 7);
    expect(rounds.hystart.growthDivisor).toBe(1);
  });

  it('is the least: one prompt sample among late ones is enough', () => {
    const { hystart } = new Rounds();
    for (let number = 0; number < 20; number++) hystart.onSample(RTT_US, number, 19);
    hystart.onSample(RTT_US, 20, 39);
    for (let number = 21; number < 40; number++) hystart.onSample(3 * RTT_US, number, 39);
    expect(hystart.growthDivisor).toBe(1);
  });

  it('that falls again was noise: slow start goes on', () => {
    const rounds = new Rounds();
    rounds.round(RTT_US);
    rounds.round(1.2 * RTT_US);
    expect(rounds.hystart.growthDivisor).toBe(4);
    rounds.round(1.1 * RTT_US);
    expect(rounds.hystart.growthDivisor).toBe(1);
    for (let i = 0; i < 10; i++) rounds.round(1.1 * RTT_US);
    expect(rounds.hystart.isDone).toBe(false);
  });

  it('needs eight samples to fall again, too', () => {
    const rounds = new Rounds();
    rounds.round(RTT_US);
    rounds.round(1.2 * RTT_US);
    rounds.round(RTT_US, 7);
    expect(rounds.hystart.growthDivisor).toBe(4);
  });

  it('needs them in the round of the rise as well', () => {
    const { hystart } = new Rounds();
    for (let number = 0; number < 20; number++) hystart.onSample(RTT_US, number, 19);
    let number = 20;
    while (hystart.growthDivisor === 1) hystart.onSample(2 * RTT_US, number++, 99);
    for (let i = 0; i < 7; i++) hystart.onSample(RTT_US, number++, 99);
    expect(hystart.growthDivisor).toBe(4);
    hystart.onSample(RTT_US, number, 99);
    expect(hystart.growthDivisor).toBe(1);
  });

  it('is compared with the round before, not with the best: a slow drift ends nothing', () => {
    const rounds = new Rounds();
    for (let i = 0; i < 20; i++) rounds.round(RTT_US + i * 5000);
    expect(rounds.hystart.growthDivisor).toBe(1);
  });

  it('has five rounds again when it rises again', () => {
    const rounds = new Rounds();
    rounds.round(RTT_US);
    for (let i = 0; i < 4; i++) rounds.round(1.2 * RTT_US);
    rounds.round(1.1 * RTT_US);
    for (let i = 0; i < 4; i++) rounds.round(1.4 * RTT_US);
    expect(rounds.hystart.growthDivisor).toBe(4);
    expect(rounds.hystart.isDone).toBe(false);
    rounds.round(1.4 * RTT_US);
    expect(rounds.hystart.isDone).toBe(true);
  });

  it('that stays up ends slow start after five rounds, the one of the rise among them', () => {
    const rounds = new Rounds();
    rounds.round(RTT_US);
    for (let i = 0; i < 4; i++) rounds.round(1.2 * RTT_US);
    expect(rounds.hystart.isDone).toBe(false);
    rounds.round(1.2 * RTT_US);
    expect(rounds.hystart.isDone).toBe(true);
  });

  it('counts rounds by what was sent when the round began', () => {
    const { hystart } = new Rounds();
    // 100 packets are in flight when the first is acknowledged: one round, however many samples.
    for (let number = 0; number < 50; number++) hystart.onSample(RTT_US, number, 99);
    for (let number = 50; number < 99; number++) hystart.onSample(2 * RTT_US, number, 199);
    expect(hystart.growthDivisor).toBe(1);
    for (let number = 99; number < 110; number++) hystart.onSample(2 * RTT_US, number, 199);
    expect(hystart.growthDivisor).toBe(4);
  });
});

describe.each(['newreno', 'cubic'] as const)('%s', (name) => {
  /** 100 Mb/s. */
  const RATE = 12_500_000;
  const bdpBytes = (rttUs: number) => (RATE * rttUs) / 1e6;

  function slowStart(rttUs: number, queueBdps: number, isDelayHidden = false) {
    const controller = createController(name, MDS);
    const queueBytes = queueBdps * bdpBytes(rttUs);
    const options = { datagramBytes: MDS, rttUs, rate: RATE, queueBytes, isDelayHidden };
    return { controller, path: new PathModel(controller, options) };
  }

  /** Goes on until an acknowledged datagram grows the window by a quarter of itself. */
  function untilSlower(run: ReturnType<typeof slowStart>): void {
    for (;;) {
      const before = run.controller.windowBytes;
      run.path.step();
      const grownBytes = run.controller.windowBytes - before;
      if (grownBytes > 0 && grownBytes <= MDS / 4) return;
    }
  }

  // A queue is seen a round trip after it began, and a rise below 1/8 another one later: 4 * 1.125 windows in flight.
  it.each([20_000, 50_000, 60_000, 75_000, 100_000, 200_000])(
    'slows down before a queue of 3.5 BDP overflows, wherever in a round it begins, at %d us',
    (rttUs) => {
      const run = slowStart(rttUs, 3.5);
      untilSlower(run);
      expect(run.path.overflows).toBe(0);
      expect(run.controller.windowBytes).toBeGreaterThan(bdpBytes(rttUs));
    },
  );

  it.each([50_000, 100_000, 200_000])(
    'slows down before one of 1.5 BDP does when it begins early in a round, at %d us',
    (rttUs) => {
      const run = slowStart(rttUs, 1.5);
      untilSlower(run);
      expect(run.path.overflows).toBe(0);
    },
  );

  it.each([20_000, 40_000, 50_000, 100_000, 200_000])(
    'loses at most 60 %% of what slow start without it loses in a queue of one BDP, at %d us',
    (rttUs) => {
      const [with_, without] = [false, true].map((isDelayHidden) => {
        const { path } = slowStart(rttUs, 1, isDelayHidden);
        while (path.congestions === 0) path.step();
        const end = path.acked + 2000;
        while (path.acked < end) path.step();
        return path.overflows;
      });
      expect(with_).toBeGreaterThan(0);
      expect(with_).toBeLessThan(0.6 * without);
    },
  );

  it('ends slow start without any loss when the queue is long', () => {
    const run = slowStart(RTT_US, 8);
    while (run.controller.isSlowStart) run.path.step();
    expect(run.path.overflows).toBe(0);
    expect(run.path.congestions).toBe(0);
    expect(run.controller.windowBytes).toBeGreaterThan(bdpBytes(RTT_US));
    expect(run.controller.slowStartThresholdBytes).toBe(run.controller.windowBytes);
  });

  it('grows by a quarter in a round while the delay is up', () => {
    const controller = createController(name, MDS);
    const flow = new BulkFlow(controller, MDS, RTT_US);
    flow.rounds(4);
    flow.rttUs = 1.2 * RTT_US;
    flow.round();
    const before = controller.windowBytes;
    flow.round();
    expect(Math.abs(controller.windowBytes - 1.25 * before)).toBeLessThan(2);
    flow.rttUs = 1.1 * RTT_US;
    flow.round();
    const back = controller.windowBytes;
    flow.round();
    expect(Math.abs(controller.windowBytes - 2 * back)).toBeLessThan(2);
  });

  it('has no say in the slow starts after the first', () => {
    const controller = createController(name, MDS);
    const flow = new BulkFlow(controller, MDS, RTT_US);
    flow.rounds(6);
    flow.rttUs = 1.2 * RTT_US;
    flow.round();
    flow.lose();
    flow.lose(true);
    flow.round();
    expect(controller.windowBytes).toBe(4 * MDS);
  });
});
