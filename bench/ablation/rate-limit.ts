/**
 * A sender told to keep to a rate twice that of its path: what arrives, what is lost, and how well the rate is kept.
 *
 *     node --import ./bench/micro/typescript.mjs bench/ablation/rate-limit.ts window|sleep|ours
 *
 * Two simulations in virtual time. The first has a bottleneck of half the rate: goodput, loss, and the wait in its queue
 * as latency. The second has none: how far what leaves is off the rate (errorPercent). `bandwidthLimit` is the rate.
 *
 * Invariant: link, host and stream are the same for all; only who decides when to send differs.
 */

import { benchConfig, report } from '../suite/case-process.js';
import { makeStar, type StarOptions } from './star.js';
import { runWindow } from './star-window.js';

const ROUND_TRIP_US = 40_000;
const DEFAULT_RATE = 10e6;
/** Never a bottleneck. */
const OPEN_RATE = 1e12;
const OPEN_QUEUE_BYTES = 1e9;

const config = benchConfig();
const rate = config.bandwidthLimit ?? DEFAULT_RATE;
const kind = process.argv[2];

function options(linkRate: number, queueBytes: number, roundTripUs: number): StarOptions {
  const path = { connections: 1, linkRate, queueBytes, roundTripUs };
  if (kind === 'ours') return { ...path, config: { rateLimit: rate } };
  if (kind === 'window' || kind === 'sleep') return { ...path, fixed: { kind, rate } };
  throw new RangeError(`neither window nor sleep nor ours: ${kind}`);
}

const linkRate = rate / 2;
const queueBytes = (linkRate * ROUND_TRIP_US) / 1e6;
const narrow = runWindow(makeStar(options(linkRate, queueBytes, ROUND_TRIP_US)), config);
const open = runWindow(makeStar(options(OPEN_RATE, OPEN_QUEUE_BYTES, 2000)), config);
const kept = open.linkBytes / open.seconds;
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);

report({
  ...narrow.metrics,
  errorPercent: (100 * Math.abs(kept - rate)) / rate,
  note: `asked for ${megabytes(rate)} MB/s, over a link of ${megabytes(linkRate)} MB/s; without a bottleneck ${megabytes(kept)} MB/s leave; latency is the wait in the link's queue`,
});
