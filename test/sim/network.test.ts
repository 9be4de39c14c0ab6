/**
 * The links and the network: each does to datagrams what it says, as often as it says, and the same again for a seed.
 */

import { describe, expect, it } from 'vitest';
import { Scheduler } from './clock/scheduler.js';
import type { Datagram } from './datagram.js';
import { RateLink } from './links/rate.js';
import { buildLinks, type LinkSpec } from './links/spec.js';
import { Network } from './network.js';
import { Rng } from './rng.js';
import { Trace } from './trace.js';

interface Arrival {
  readonly number: number;
  readonly atUs: number;
  readonly tookUs: number;
  readonly length: number;
  readonly ecn: number;
  readonly isIntact: boolean;
}

/** Sends `count` numbered datagrams, `everyUs` apart, through the links, and notes what arrives. */
class Lane {
  readonly scheduler = new Scheduler();
  readonly trace = new Trace();
  readonly network = new Network(this.scheduler, this.trace);
  readonly arrivals: Arrival[] = [];

  constructor(specs: readonly LinkSpec[], seed = 1) {
    const from = this.network.addAddress({ deliver: (datagram) => this.#note(datagram) });
    const to = this.network.addAddress({ deliver: (datagram) => this.#note(datagram) });
    this.network.route(from, to, buildLinks(specs, this.network.context, new Rng(seed)));
  }

  send(count: number, everyUs: number, length = 100, ecn = 0): this {
    const bytes = new Uint8Array(length).fill(0x5a);
    for (let number = 0; number < count; number++) {
      new DataView(bytes.buffer).setUint32(0, number);
      this.network.send(1, 2, bytes, 0, length, ecn);
      this.scheduler.runUntil(this.scheduler.nowUs + everyUs);
    }
    while (this.scheduler.step());
    return this;
  }

  get numbers(): number[] {
    return this.arrivals.map(({ number }) => number);
  }

  #note(datagram: Datagram): void {
    const { nowUs } = this.scheduler;
    const body = datagram.bytes.subarray(4, datagram.length);
    this.arrivals.push({
      number: datagram.view.getUint32(0),
      atUs: nowUs,
      tookUs: nowUs - datagram.sentUs,
      length: datagram.length,
      ecn: datagram.ecn,
      isIntact: body.every((byte) => byte === 0x5a),
    });
    this.network.pool.release(datagram);
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const isRising = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => index === 0 || number > numbers[index - 1]);

describe('a chain of links', () => {
  it('without links delivers at once', () => {
    const lane = new Lane([]).send(3, 10);
    expect(lane.arrivals.map(({ tookUs }) => tookUs)).toEqual([0, 0, 0]);
  });

  it('delays by exactly the delay, in order', () => {
    const lane = new Lane([{ kind: 'delay', delayUs: 1234 }]).send(100, 7);
    expect(lane.numbers).toEqual(upTo(100));
    expect(new Set(lane.arrivals.map(({ tookUs }) => tookUs))).toEqual(new Set([1234]));
  });

  it('jitter spreads evenly over its range, and overtakes unless it keeps the order', () => {
    const wild = new Lane([{ kind: 'jitter', jitterUs: 1000, inOrder: false }]).send(4000, 50);
    const times = wild.arrivals.map(({ tookUs }) => tookUs);
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    expect(Math.max(...times)).toBeLessThan(1000);
    expect(mean).toBeGreaterThan(470);
    expect(mean).toBeLessThan(530);
    expect(isRising(wild.numbers)).toBe(false);
    const tame = new Lane([{ kind: 'jitter', jitterUs: 1000, inOrder: true }]).send(4000, 50);
    expect(tame.numbers).toEqual(upTo(4000));
  });

  it('reordering holds back the share that it says, and loses none', () => {
    const lane = new Lane([{ kind: 'reorder', probability: 0.2, holdUs: 500 }]).send(5000, 10);
    const held = lane.arrivals.filter(({ tookUs }) => tookUs > 0).length;
    expect(held).toBeGreaterThan(900);
    expect(held).toBeLessThan(1100);
    expect(isRising(lane.numbers)).toBe(false);
    expect([...lane.numbers].sort((left, right) => left - right)).toEqual(upTo(5000));
  });
});

describe('loss', () => {
  it('by chance takes its share', () => {
    const lane = new Lane([{ kind: 'loss', probability: 0.05 }]).send(20_000, 1);
    expect(lane.arrivals.length / 20_000).toBeGreaterThan(0.945);
    expect(lane.arrivals.length / 20_000).toBeLessThan(0.955);
  });

  it('in bursts takes its share, in bursts of the mean length', () => {
    const spec: LinkSpec = { kind: 'burstLoss', share: 0.05, meanBurst: 5 };
    const { numbers } = new Lane([spec]).send(50_000, 1);
    const lost = 50_000 - numbers.length;
    const bursts = numbers.filter(
      (number, index) => number - (numbers[index - 1] ?? -1) > 1,
    ).length;
    expect(lost / 50_000).toBeGreaterThan(0.045);
    expect(lost / 50_000).toBeLessThan(0.055);
    expect(lost / bursts).toBeGreaterThan(4.6);
    expect(lost / bursts).toBeLessThan(5.4);
  });

  it('in bursts ends with the time of a burst, when there is little to lose', () => {
    const endless: LinkSpec = { kind: 'burstLoss', share: 0.5, meanBurst: 1e9 };
    const path: LinkSpec[] = [endless];
    const { numbers } = new Lane(path, 3).send(2, 300_000);
    expect(numbers).toEqual([0, 1]);
    const sure: LinkSpec = { kind: 'burstLoss', share: 0.999_999_999, meanBurst: 1e9 };
    // Begins with certainty, and would last for a billion datagrams.
    expect(new Lane([sure]).send(5, 99_999).numbers).toEqual([3]);
  });

  it('by period takes every n-th of the large ones only', () => {
    const spec: LinkSpec = { kind: 'periodicLoss', period: 4, minBytes: 100 };
    expect(new Lane([spec]).send(8, 1).numbers).toEqual([0, 1, 2, 4, 5, 6]);
    expect(new Lane([spec]).send(8, 1, 99).numbers).toEqual(upTo(8));
  });

  it('by list takes those on the list', () => {
    expect(new Lane([{ kind: 'listedLoss', places: [0, 3] }]).send(5, 1).numbers).toEqual([
      1, 2, 4,
    ]);
  });

  it('by the clock takes what comes during an outage, and again each period', () => {
    const spec: LinkSpec = { kind: 'outage', fromUs: 20, lengthUs: 20, everyUs: 60 };
    expect(new Lane([spec]).send(10, 10).numbers).toEqual([0, 1, 4, 5, 6, 7]);
  });

  it('by size begins with the first byte too many, and moves with the limit', () => {
    const spec: LinkSpec = { kind: 'mtu', bytes: 100, thenBytes: 99, changeUs: 25 };
    expect(new Lane([spec]).send(5, 10, 100).numbers).toEqual([0, 1, 2]);
    expect(new Lane([spec]).send(5, 10, 101).numbers).toEqual([]);
  });
});

describe('damage', () => {
  it('changes its share, and never heals itself', () => {
    const lane = new Lane([{ kind: 'corrupt', probability: 0.1 }]).send(5000, 1);
    const isDamaged = ({ isIntact, length, number }: Arrival, index: number): boolean =>
      !isIntact || length !== 100 || number !== index;
    const damaged = lane.arrivals.filter(isDamaged).length;
    expect(lane.arrivals.length).toBe(5000);
    expect(damaged).toBeGreaterThan(430);
    expect(damaged).toBeLessThan(570);
  });

  it('duplicates its share, later but never earlier', () => {
    const spec: LinkSpec = { kind: 'duplicate', probability: 0.2, laterUs: 100 };
    const lane = new Lane([spec]).send(5000, 10);
    expect(lane.arrivals.length).toBeGreaterThan(5900);
    expect(lane.arrivals.length).toBeLessThan(6100);
    expect(new Set(lane.numbers).size).toBe(5000);
    expect(Math.max(...lane.arrivals.map(({ tookUs }) => tookUs))).toBeLessThanOrEqual(100);
  });
});

describe('a bottleneck', () => {
  const spec: LinkSpec = { kind: 'rate', bitsPerSecond: 8_000_000, queueBytes: 1000 };

  it('lets one datagram go for each time that it takes', () => {
    const lane = new Lane([spec]).send(5, 0);
    expect(lane.arrivals.map(({ atUs }) => atUs)).toEqual([100, 200, 300, 400, 500]);
  });

  it('drops at the tail what does not fit into its queue: a train counts datagram by datagram', () => {
    const lane = new Lane([spec]).send(20, 0);
    // One on the wire, ten in the queue.
    expect(lane.numbers).toEqual(upTo(11));
  });

  it('is idle only when nothing waits', () => {
    const lane = new Lane([spec]).send(1000, 95);
    expect(lane.arrivals.at(-1)!.atUs).toBe(lane.arrivals.length * 100);
  });

  it('marks what waits behind the mark and can be marked, and nothing else', () => {
    const marking: LinkSpec = { ...spec, markBytes: 500 };
    const ecnOf = (ecn: number): number[] =>
      new Lane([marking]).send(8, 0, 100, ecn).arrivals.map((arrival) => arrival.ecn);
    expect(ecnOf(2)).toEqual([2, 2, 2, 2, 2, 2, 3, 3]);
    expect(ecnOf(1)).toEqual([1, 1, 1, 1, 1, 1, 3, 3]);
    expect(ecnOf(0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('changes its rate with the next datagram', () => {
    const lane = new Lane([spec]);
    const link = new RateLink(lane.network.context, { bitsPerSecond: 8e6, queueBytes: 1000 });
    lane.network.route(1, 2, [link]);
    lane.scheduler.schedule(150, {
      onTime: () => {
        link.bitsPerSecond = 4e6;
      },
    });
    lane.send(4, 0);
    expect(lane.arrivals.map(({ atUs }) => atUs)).toEqual([100, 200, 400, 600]);
  });
});

describe('the network', () => {
  const everything: LinkSpec[] = [
    { kind: 'rate', bitsPerSecond: 1e8, queueBytes: 5000, markBytes: 1000 },
    { kind: 'delay', delayUs: 100 },
    { kind: 'jitter', jitterUs: 50, inOrder: false },
    { kind: 'reorder', probability: 0.1, holdUs: 100 },
    { kind: 'loss', probability: 0.02 },
    { kind: 'burstLoss', share: 0.02, meanBurst: 3 },
    { kind: 'corrupt', probability: 0.05 },
    { kind: 'duplicate', probability: 0.1, laterUs: 100 },
  ];

  it('does the same for the same seed, to the last byte and microsecond', () => {
    const run = (seed: number): string => new Lane(everything, seed).send(3000, 9).trace.hash;
    expect(run(5)).toBe(run(5));
    expect(run(5)).not.toBe(run(6));
  });

  it('loses nothing by itself: everything was delivered or dropped in the end', () => {
    expect(new Lane(everything).send(3000, 9).network.pool.held).toBe(0);
  });

  it('delivers nothing to an address that was given up, nor without a route', () => {
    const lane = new Lane([{ kind: 'delay', delayUs: 10 }]);
    lane.network.send(2, 1, new Uint8Array(10), 0, 10);
    lane.network.send(1, 2, new Uint8Array(10), 0, 10);
    lane.network.removeAddress(2);
    lane.send(1, 20);
    expect([lane.arrivals.length, lane.network.lost, lane.network.pool.held]).toEqual([0, 3, 0]);
  });
});

describe('the scheduler', () => {
  it('lets events happen in the order of time, and of scheduling at one time', () => {
    const scheduler = new Scheduler();
    const rng = new Rng(3);
    const seen: [number, number][] = [];
    for (let order = 0; order < 2000; order++) {
      const atUs = rng.below(200);
      const onTime = (): void => {
        seen.push([scheduler.nowUs, order]);
        expect(scheduler.nowUs).toBe(atUs);
        if (order % 10 === 0)
          scheduler.schedule(atUs, { onTime: () => seen.push([atUs, 1e6 + order]) });
      };
      scheduler.schedule(atUs, { onTime });
    }
    while (scheduler.step());
    const sorted = [...seen].sort((left, right) => left[0] - right[0] || left[1] - right[1]);
    expect(seen.length).toBe(2200);
    expect(seen).toEqual(sorted);
  });

  it('refuses the past, NaN and never', () => {
    const scheduler = new Scheduler(10);
    const nobody = { onTime: () => undefined };
    for (const atUs of [9.9, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => scheduler.schedule(atUs, nobody)).toThrow(RangeError);
    }
  });
});

describe('dice', () => {
  it('fall evenly, and forks do not depend on their order', () => {
    const rng = new Rng(42);
    const counts = new Array<number>(10).fill(0);
    for (let index = 0; index < 100_000; index++) counts[rng.below(10)]++;
    expect(Math.min(...counts)).toBeGreaterThan(9600);
    expect(Math.max(...counts)).toBeLessThan(10_400);
    const first = new Rng(7);
    const second = new Rng(7);
    second.fork('b');
    expect(first.fork('a').next()).toBe(second.fork('a').next());
    expect(first.fork('a').next()).not.toBe(first.fork('b').next());
    expect(new Rng(1).next()).not.toBe(new Rng(2).next());
  });
});
