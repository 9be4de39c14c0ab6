/**
 * Runs bulk flows over one bottleneck and tells what came of it: the figures of docs/congestion.md.
 *
 * The queue is looked at where it is, in the link, not as senders guess it. Virtual time: no figure depends on the machine.
 *
 * Invariant: the same cell gives the same figures.
 */

import type { CongestionName } from '../../../lib/core/congestion/controller.js';
import { Flows, jainIndex } from '../flows.js';
import type { Link } from '../links/link.js';
import { RateLink } from '../links/rate.js';
import type { Network } from '../network.js';

export interface Path {
  readonly megabits: number;
  readonly roundTripMs: number;
  /** Queue in bandwidth-delay products. */
  readonly queue: number;
  /** One for each flow. */
  readonly flows: readonly CongestionName[];
  /** What comes behind the bottleneck. */
  readonly behind?: (network: Network) => Link[];
  /** Marks above that much of the queue, products. */
  readonly mark?: number;
  readonly staggerMs?: number;
  /** Every second the first sender stands still for so long. */
  readonly stallMs?: number;
  /** From half of the measured time on. */
  readonly thenMegabits?: number;
  readonly warmSeconds?: number;
  readonly seconds?: number;
}

export interface Figures {
  /** Of the bottleneck, 0 to 1; with a step, of the time after it. */
  readonly utilisation: number;
  /** Bytes that were read, of all that could have passed. */
  readonly goodput: number;
  /** 95th percentile of the queue, products. */
  readonly queue95: number;
  readonly jain: number;
  /** Goodput of the first flow, of all flows' together. */
  readonly firstShare: number;
  /** Of packets sent by the first flow. */
  readonly lost: number;
}

const SAMPLES = 400;
/** A queue of less is none. */
const LEAST_QUEUE_BYTES = 4 * 1452;
const STALL_EVERY = 1_000_000;

export function measure(path: Path): Figures {
  const bitsPerSecond = path.megabits * 1e6;
  const productBytes = (bitsPerSecond / 8) * (path.roundTripMs / 1000);
  let link: RateLink | undefined;
  const flows = new Flows({
    flows: path.flows.length,
    roundTripUs: path.roundTripMs * 1000,
    middle: (network) => {
      link = new RateLink(network.context, {
        bitsPerSecond,
        queueBytes: Math.max(path.queue * productBytes, LEAST_QUEUE_BYTES),
        ...(path.mark !== undefined && { markBytes: path.mark * productBytes }),
      });
      return [link, ...(path.behind?.(network) ?? [])];
    },
    congestionOf: (flow) => path.flows[flow],
    staggerUs: (path.staggerMs ?? 0) * 1000,
  });
  const stallMs = path.stallMs ?? 0;
  if (stallMs > 0) stallForever(flows, stallMs * 1000);
  flows.run((path.warmSeconds ?? 4 + (30 * path.roundTripMs) / 1000) * 1e6);
  const seconds = path.seconds ?? 8 + (10 * path.roundTripMs) / 1000;
  if (path.thenMegabits !== undefined) {
    link!.bitsPerSecond = path.thenMegabits * 1e6;
    flows.run(
      (10 * path.roundTripMs * 1000 * path.megabits) / Math.min(path.megabits, path.thenMegabits),
    );
  }
  return observe(flows, link!, (path.thenMegabits ?? path.megabits) * 1e6, productBytes, seconds);
}

function observe(
  flows: Flows,
  link: RateLink,
  bitsPerSecond: number,
  productBytes: number,
  seconds: number,
): Figures {
  const passed = link.bytesPassed;
  const read = flows.bytesRead();
  const queue: number[] = [];
  flows.sample(seconds * 1e6, SAMPLES, () => queue.push(link.queuedBytes / productBytes));
  queue.sort((left, right) => left - right);
  const shares = flows.bytesRead().map((bytes, flow) => bytes - read[flow]);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const { packetsLost, packetsSent } = flows.stats();
  return {
    utilisation: ((link.bytesPassed - passed) * 8) / (bitsPerSecond * seconds),
    goodput: (total * 8) / (bitsPerSecond * seconds),
    queue95: queue[Math.floor(SAMPLES * 0.95)],
    jain: jainIndex(shares),
    firstShare: shares[0] / total,
    lost: packetsLost / packetsSent,
  };
}

function stallForever(flows: Flows, durationUs: number): void {
  const { scheduler } = flows;
  const again = {
    onTime: () => {
      flows.stall(0, durationUs);
      scheduler.schedule(scheduler.nowUs + STALL_EVERY, again);
    },
  };
  scheduler.schedule(scheduler.nowUs + STALL_EVERY, again);
}
