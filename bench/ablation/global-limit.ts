/**
 * Many connections of one endpoint into one link: with and without a limit of the endpoint as a whole.
 *
 *     node --import ./bench/micro/typescript.mjs bench/ablation/global-limit.ts none|fixed|ours
 *
 * Simulated, in virtual time. 'none': no limit, congestion control alone; 'fixed': each connection at a fixed rate of its
 * own, as the original ran once its limiter was switched off; 'ours': `rateLimit` a little below what the link carries.
 * Loss is what the link drops, latency the wait in its queue, errorPercent how far the shares are off an equal one.
 *
 * Invariant: link, queue, connections and streams are the same for all.
 */

import { benchConfig, report } from '../suite/case-process.js';
import { makeStar, type StarOptions } from './star.js';
import { runWindow } from './star-window.js';

const ROUND_TRIP_US = 40_000;
const LINK_RATE = 10e6;
/** An eighth of what is on the way in a round trip: a home router without much memory. */
const QUEUE_BYTES = (LINK_RATE * ROUND_TRIP_US) / 1e6 / 8;
const CONNECTIONS = 8;
/** Of the link's rate. */
const LIMIT_SHARE = 0.95;
/** What the fixed rates add up to, of the link's rate. */
const OVERLOAD = 2;

const config = benchConfig();
const connections = Math.max(config.connections, CONNECTIONS);
const star: StarOptions = {
  connections,
  roundTripUs: ROUND_TRIP_US,
  linkRate: LINK_RATE,
  queueBytes: QUEUE_BYTES,
};

function options(kind: string | undefined): StarOptions {
  if (kind === 'none') return star;
  if (kind === 'ours') return { ...star, config: { rateLimit: LIMIT_SHARE * LINK_RATE } };
  if (kind !== 'fixed') throw new RangeError(`neither none nor fixed nor ours: ${kind}`);
  return { ...star, fixed: { kind: 'window', rate: (OVERLOAD * LINK_RATE) / connections } };
}

/** Mean distance from an equal share, percent of that. */
function unfairness(shares: readonly number[]): number {
  const equal = shares.reduce((sum, bytes) => sum + bytes, 0) / shares.length;
  const distance = shares.reduce((sum, bytes) => sum + Math.abs(bytes - equal), 0);
  return (100 * distance) / shares.length / equal;
}

const { shares, metrics } = runWindow(makeStar(options(process.argv[2])), config);
const [largest, least] = [Math.max(...shares), Math.min(...shares)];
const spread =
  least > 0
    ? `the largest share is ${(largest / least).toFixed(2)} times the least`
    : 'at least one got nothing';
report({
  ...metrics,
  errorPercent: unfairness(shares),
  note: `${connections} connections, ${spread}; latency is the wait in the link's queue; the error is the mean distance from an equal share`,
});
