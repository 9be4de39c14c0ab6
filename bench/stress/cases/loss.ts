/**
 * S2: bulk over a path that loses packets at random, in virtual time: 100 Mbit/s, a round trip of 20 ms, a queue of one
 * bandwidth-delay product.
 *
 *     node --import ./bench/micro/typescript.mjs bench/stress/cases/loss.ts cubic 1
 *
 * Arguments: the congestion controller, and percent of packets lost. The connection is the real one, the network and the
 * clock are simulated, so that the figure does not depend on the machine. Started by the runner.
 *
 * Invariant: bytes count when the receiving application has read them.
 */

import { Flows } from '../../../test/sim/flows.js';
import { LossLink } from '../../../test/sim/links/loss.js';
import { RateLink } from '../../../test/sim/links/rate.js';
import { Rng } from '../../../test/sim/rng.js';
import { benchConfig, report } from '../../suite/case-process.js';
import type { Congestion } from '../congestion.js';

const BITS_PER_SECOND = 100e6;
const ROUND_TRIP_US = 20_000;
const QUEUE_BYTES = (BITS_PER_SECOND / 8) * (ROUND_TRIP_US / 1e6);
/** Virtual seconds for each measured one, within these bounds. */
const VIRTUAL = 20;
const LEAST_SECONDS = 2;
const MOST_SECONDS = 30;
const WARM_UP_US = 1_000_000;

const [congestion, percent] = process.argv.slice(2);
const seconds = Math.min(Math.max(benchConfig().seconds * VIRTUAL, LEAST_SECONDS), MOST_SECONDS);
const flows = new Flows({
  flows: 1,
  roundTripUs: ROUND_TRIP_US,
  middle: ({ context }) => [
    new LossLink(context, new Rng(7), Number(percent) / 100),
    new RateLink(context, { bitsPerSecond: BITS_PER_SECOND, queueBytes: QUEUE_BYTES }),
  ],
  config: { congestion: congestion as Congestion },
});
flows.run(WARM_UP_US);
const before = { bytes: flows.bytesRead()[0], ...flows.stats() };
flows.run(seconds * 1e6);
const after = { bytes: flows.bytesRead()[0], ...flows.stats() };
const packets = after.packetsSent - before.packetsSent;
report({
  throughputMBps: (after.bytes - before.bytes) / seconds / 1e6,
  packetsPerSec: packets / seconds,
  lostPercent: packets === 0 ? 0 : (100 * (after.packetsLost - before.packetsLost)) / packets,
  note: `${seconds.toFixed(0)} s of virtual time; ${after.probeTimeouts - before.probeTimeouts} probe timeouts`,
});
