/**
 * Runs bulk flows over one bottleneck and tells what came of it: the figures of docs/congestion.md.
 *
 * The queue is looked at where it is, in the link, not as senders guess it. Virtual time: no figure depends on the machine.
 * What applications that are no bulk flows get, applications.ts measures.
 *
 * Invariant: the same cell gives the same figures.
 */

import type { CongestionName } from '../../../lib/core/congestion/controller.js';
import { Flows, jainIndex } from '../flows.js';
import type { Link } from '../links/link.js';
import { PolicerLink } from '../links/policer.js';
import { RateLink } from '../links/rate.js';
import type { Network } from '../network.js';

export interface Path {
  readonly megabits: number;
  readonly roundTripMs: number;
  /** Queue in bandwidth-delay products. */
  readonly queue: number;
  /** One for each flow. */
  readonly flows: readonly CongestionName[];
  /** What comes behind the bottleneck, and what acknowledgements go through. */
  readonly behind?: (network: Network) => Link[];
  readonly back?: (network: Network) => Link[];
  /** Marks above that much of the queue, products. */
  readonly mark?: number;
  /** `megabits` are kept to by a token bucket of so many bytes, behind a link of ten times as much. */
  readonly policerBytes?: number;
  /** Of each flow, instead of `roundTripMs`. */
  readonly roundTripsMs?: readonly number[];
  readonly datagramBytes?: number;
  readonly staggerMs?: number;
  /** Every second the first sender stands still for so long. */
  readonly stallMs?: number;
  /** What becomes of the rate after the warm-up: each lasts for its time, the last one until the end. */
  readonly steps?: readonly { readonly megabits: number; readonly ms: number }[];
  readonly warmSeconds?: number;
  readonly seconds?: number;
}

export interface Figures {
  /** Of the bottleneck, 0 to 1; with steps, of the time after them. */
  readonly utilisation: number;
  /** Bytes that were read, of all that could have passed. */
  readonly goodput: number;
  /** 95th percentile of the queue, products. */
  readonly queue95: number;
  readonly jain: number;
  /** Goodput of the first flow, of all flows' together. */
  readonly firstShare: number;
  /** Of packets sent by the first flow, from its first one on; and of those sent while it was measured. */
  readonly lost: number;
  readonly lostLater: number;
}

const SAMPLES = 400;
/** Smallest queue, datagrams: less is none. */
const LEAST_QUEUE_DATAGRAMS = 4;
const DATAGRAM_BYTES = 1452;
const STALL_EVERY_US = 1_000_000;
/** After a change, before it is measured. */
const SETTLE_ROUNDS = 10;

export function measure(path: Path): Figures {
  const bitsPerSecond = path.megabits * 1e6;
  const productBytes = (bitsPerSecond / 8) * (path.roundTripMs / 1000);
  let link: RateLink | undefined;
  const flows = new Flows({
    flows: path.flows.length,
    roundTripUs: path.roundTripMs * 1000,
    roundTripUsOf: (flow) => 1000 * (path.roundTripsMs?.[flow] ?? path.roundTripMs),
    middle: (network) => {
      link = bottleneck(network, path, productBytes);
      const { policerBytes } = path;
      const police = policerBytes && new PolicerLink(network.context, bitsPerSecond, policerBytes);
      return [link, ...(police ? [police] : []), ...(path.behind?.(network) ?? [])];
    },
    back: (network) => path.back?.(network) ?? [],
    congestionOf: (flow) => path.flows[flow],
    config: { maxDatagramSize: path.datagramBytes ?? DATAGRAM_BYTES },
    staggerUs: (path.staggerMs ?? 0) * 1000,
  });
  const stallMs = path.stallMs ?? 0;
  if (stallMs > 0) stallForever(flows, stallMs * 1000);
  flows.run((path.warmSeconds ?? 4 + (30 * path.roundTripMs) / 1000) * 1e6);
  const megabits = change(flows, link!, path);
  const seconds = path.seconds ?? 8 + (10 * path.roundTripMs) / 1000;
  return observe(flows, link!, megabits * 1e6, productBytes, seconds);
}

function bottleneck(network: Network, path: Path, productBytes: number): RateLink {
  const datagramBytes = path.datagramBytes ?? DATAGRAM_BYTES;
  const queueBytes = path.queue * productBytes;
  return new RateLink(network.context, {
    bitsPerSecond: path.megabits * 1e6 * (path.policerBytes === undefined ? 1 : 10),
    queueBytes: Math.max(queueBytes, LEAST_QUEUE_DATAGRAMS * datagramBytes),
    ...(path.mark !== undefined && { markBytes: path.mark * productBytes }),
  });
}

/** The steps, and ten round trips after the last: more, if it leaves that much less, for what was under way to pass. */
function change(flows: Flows, link: RateLink, path: Path): number {
  let { megabits } = path;
  for (const step of path.steps ?? []) {
    link.bitsPerSecond = step.megabits * 1e6;
    flows.run(step.ms * 1000);
    megabits = step.megabits;
  }
  if (path.steps === undefined) return megabits;
  const slower = path.megabits / Math.min(path.megabits, megabits);
  flows.run(SETTLE_ROUNDS * path.roundTripMs * 1000 * slower);
  return megabits;
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
  const earlier = flows.stats();
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
    lostLater: (packetsLost - earlier.packetsLost) / (packetsSent - earlier.packetsSent),
  };
}

function stallForever(flows: Flows, durationUs: number): void {
  const { scheduler } = flows;
  const again = {
    onTime: () => {
      flows.stall(0, durationUs);
      scheduler.schedule(scheduler.nowUs + STALL_EVERY_US, again);
    },
  };
  scheduler.schedule(scheduler.nowUs + STALL_EVERY_US, again);
}
