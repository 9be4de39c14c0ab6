/**
 * Measures what applications get that are no bulk flows: that have little to send, pause, or have only a few bytes; and
 * what happens to a transfer that moves to a slower network.
 *
 * Called by cells/applications.ts; judges nothing.
 *
 * Invariant: virtual time; what is asked for in parts of a product is counted in the link.
 */

import type { CongestionName } from '../../../lib/core/congestion/controller.js';
import type { Datagram } from '../datagram.js';
import { endlessStream, Flows } from '../flows.js';
import { StreamGoal } from '../goals/stream-goal.js';
import { Link } from '../links/link.js';
import { RateLink } from '../links/rate.js';
import { NatWorld } from '../nat-world.js';

const BITS = 20e6;
const ROUND_TRIP_US = 40_000;
const PRODUCT_BYTES = (BITS * ROUND_TRIP_US) / 8e6;
const DATAGRAM_BYTES = 1452;
const SECOND_US = 1_000_000;

/** Counts the most that comes within a millisecond, and the bytes of all. */
class BurstMeter extends Link {
  mostBytes = 0;
  #sinceUs = 0;
  #bytes = 0;

  accept(datagram: Datagram): void {
    const { nowUs } = this.context.scheduler;
    if (nowUs >= this.#sinceUs + 1000) {
      this.#sinceUs = nowUs;
      this.#bytes = 0;
    }
    this.#bytes += datagram.length;
    this.mostBytes = Math.max(this.mostBytes, this.#bytes);
    this.pass(datagram);
  }
}

interface Alone {
  readonly flows: Flows;
  readonly link: RateLink;
  readonly meter: BurstMeter;
}

/** One connection over 20 Mbit/s, 40 ms and a queue of one product, with these streams. */
function alone(congestion: CongestionName, goals: readonly StreamGoal[]): Alone {
  let link: RateLink | undefined;
  let meter: BurstMeter | undefined;
  const flows = new Flows({
    flows: 1,
    roundTripUs: ROUND_TRIP_US,
    middle: (network) => {
      meter = new BurstMeter(network.context);
      link = new RateLink(network.context, { bitsPerSecond: BITS, queueBytes: PRODUCT_BYTES });
      return [meter, link];
    },
    config: { congestion },
    goals: () => goals,
  });
  return { flows, link: link!, meter: meter! };
}

const stream = (bytes: number, startUs: number): StreamGoal =>
  new StreamGoal({ bytes, startUs, chunkBytes: [65_536, 65_536], isFast: true });

/** So many bits a second for so long, in chunks of a tenth of a product. */
function trickle(bitsPerSecond: number, startUs: number, durationUs: number): StreamGoal {
  const chunk = 5000;
  const bytes = (bitsPerSecond * durationUs) / 8e6;
  const writePauseUs = (chunk * 8e6) / bitsPerSecond;
  return new StreamGoal({ bytes, startUs, chunkBytes: [chunk, chunk], writePauseUs, isFast: true });
}

function goodputOver(flows: Flows, durationUs: number): number {
  const [before] = flows.bytesRead();
  flows.run(durationUs);
  return ((flows.bytesRead()[0] - before) * 8e6) / (BITS * durationUs);
}

/** Half of the link for ten seconds and never more: the window, of the most that was in flight. */
export function limitedWindow(congestion: CongestionName): number {
  const { flows } = alone(congestion, [trickle(BITS / 2, 0, 20 * SECOND_US)]);
  let mostBytes = 0;
  flows.run(4 * ROUND_TRIP_US);
  flows.sample(10 * SECOND_US, 10_000, () => {
    mostBytes = Math.max(mostBytes, flows.stats().bytesInFlight);
  });
  return flows.stats().congestionWindow / Math.max(mostBytes, 10 * DATAGRAM_BYTES);
}

/** A bulk flow, then a trickle for twenty seconds, then bulk again: goodput of its first two seconds. */
export function afterTrickle(congestion: CongestionName): number {
  const bulkUs = 5 * SECOND_US;
  const first = stream((0.8 * BITS * 5) / 8, 0);
  const { flows } = alone(congestion, [
    first,
    trickle(1e6, bulkUs, 20 * SECOND_US),
    stream(2 ** 40, bulkUs + 20 * SECOND_US),
  ]);
  // The handshake takes a round trip, and the first stream less than its time.
  flows.run(bulkUs + 20 * SECOND_US + 2 * ROUND_TRIP_US);
  return goodputOver(flows, 2 * SECOND_US);
}

/** A bulk flow, silence but for keep-alives, bulk again: the most within a millisecond, datagrams; goodput of two seconds. */
export function afterSilence(
  congestion: CongestionName,
  silenceUs: number,
): { burst: number; goodput: number } {
  const againUs = 5 * SECOND_US + silenceUs;
  const goals = [stream((0.8 * BITS * 5) / 8, 0), stream(2 ** 40, againUs)];
  const { flows, meter } = alone(congestion, goals);
  flows.run(againUs);
  meter.mostBytes = 0;
  flows.run(2 * ROUND_TRIP_US);
  const burst = meter.mostBytes / DATAGRAM_BYTES;
  return { burst, goodput: goodputOver(flows, 2 * SECOND_US) };
}

/**
 * Flows of so many bytes, each on a connection of its own, a quarter of a second apart; `isLoaded`: beside a bulk flow of the
 * same controller. Returns the 95th percentile of their times (nearest rank), from the connect to the last byte, us.
 *
 * Alone, one is like the other. Beside a bulk flow one in twenty meets a drop: of forty flows the percentile is that of one.
 */
export function shortFlows(congestion: CongestionName, bytes: number, isLoaded: boolean): number {
  const count = isLoaded ? 200 : 40;
  const spacingUs = SECOND_US / 4;
  const warmUs = 10 * SECOND_US;
  const flows = new Flows({
    flows: count + 1,
    roundTripUs: ROUND_TRIP_US,
    middle: (network) => [
      new RateLink(network.context, { bitsPerSecond: BITS, queueBytes: PRODUCT_BYTES }),
    ],
    config: { congestion },
    startUsOf: (flow) => (flow === 0 ? 0 : warmUs + flow * spacingUs),
    goals: (flow) => {
      if (flow > 0) return [stream(bytes, 0)];
      return isLoaded ? [endlessStream()] : [stream(1, 0)];
    },
  });
  const beganUs = flows.scheduler.nowUs;
  const times: number[] = [];
  flows.run(warmUs);
  const endUs = beganUs + warmUs + count * spacingUs + 10 * SECOND_US;
  while (times.length < count && flows.scheduler.nowUs < endUs) {
    flows.run(500);
    const read = flows.bytesRead();
    for (let flow = times.length + 1; flow <= count; flow++) {
      if (read[flow] < bytes) break;
      times.push(flows.scheduler.nowUs - beganUs - warmUs - flow * spacingUs);
    }
  }
  while (times.length < count) times.push(Number.POSITIVE_INFINITY);
  times.sort((left, right) => left - right);
  return times[Math.ceil(count * 0.95) - 1];
}

/**
 * A transfer over 100 Mbit/s whose receiver moves to a network of 1 Mbit/s, 20 ms both: the window right after, datagrams of
 * 1,200 bytes; what is dropped within two seconds, as a part of what was in flight; use from then on.
 */
export function migrate(congestion: CongestionName): {
  window: number;
  dropped: number;
  goodput: number;
} {
  const fastBits = 100e6;
  const slowBits = 1e6;
  const net = new NatWorld({
    nats: ['portRestricted', undefined],
    goals: () => [
      new StreamGoal({ side: 1, bytes: 40_000_000, chunkBytes: [65_536, 65_536], isFast: true }),
    ],
    path: [
      { kind: 'rate', bitsPerSecond: fastBits, queueBytes: 250_000 },
      { kind: 'delay', delayUs: 10_000 },
    ],
    config: { congestion },
  });
  net.run(SECOND_US);
  net.nats[0]!.rebind(true);
  net.narrow(slowBits, 30_000);
  const before = net.dropped;
  const { bytesInFlight } = net.stats(1);
  while (net.stats(1).pathSwitches === 0) net.scheduler.step();
  const window = net.stats(1).congestionWindow / 1200;
  net.run(2 * SECOND_US);
  const dropped = ((net.dropped - before) * DATAGRAM_BYTES) / bytesInFlight;
  const [goal] = net.session.goals as StreamGoal[];
  const read = goal.bytesRead;
  net.run(20 * SECOND_US);
  return { window, dropped, goodput: ((goal.bytesRead - read) * 8) / (20 * slowBits) };
}
