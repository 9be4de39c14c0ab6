/**
 * A window of virtual time of a star: what its receivers got, what the link dropped, how long its queue was.
 *
 * Called by rate-limit.ts and global-limit.ts. It reports nothing.
 *
 * Invariant: virtual durations depend on the configuration alone, so a run can be repeated to the byte.
 */

import type { BenchConfig, Metrics } from '../suite/types.js';
import type { Star } from './star.js';

/** Virtual microseconds for a second of the configuration; a simulated second takes a small part of a real one. */
const VIRTUAL_US = 10e6;
/** Slow start, and the search for the path's MTU, are over. */
const WARM_UP_MIN_US = 3e6;
const WINDOW_MIN_US = 2e6;
const SAMPLES = 500;

export interface StarWindow {
  /** Bytes that the receivers got, each. */
  readonly shares: readonly number[];
  readonly seconds: number;
  /** Bytes that left the link, retransmissions and headers of ours included, and the metrics of the window. */
  readonly linkBytes: number;
  readonly metrics: Metrics;
}

/** Runs warm-up and window. */
export function runWindow({ flows, link }: Star, config: BenchConfig): StarWindow {
  flows.run(Math.max(config.warmupSeconds * VIRTUAL_US, WARM_UP_MIN_US));
  const windowUs = Math.max(config.seconds * VIRTUAL_US, WINDOW_MIN_US);
  const before = flows.bytesRead();
  const { bytesPassed, passed, dropped } = link;
  const waits = new Float64Array(SAMPLES);
  for (let sample = 0; sample < SAMPLES; sample++) {
    flows.run(windowUs / SAMPLES);
    waits[sample] = (link.queuedBytes * 8e6) / link.bitsPerSecond;
  }
  waits.sort();
  const shares = flows.bytesRead().map((bytes, index) => bytes - before[index]);
  const seconds = windowUs / 1e6;
  const [left, lost] = [link.passed - passed, link.dropped - dropped];
  const waitOf = (share: number): number => waits[Math.floor(share * SAMPLES)];
  return {
    shares,
    seconds,
    linkBytes: link.bytesPassed - bytesPassed,
    metrics: {
      throughputMBps: shares.reduce((sum, bytes) => sum + bytes, 0) / seconds / 1e6,
      packetsPerSec: left / seconds,
      lostPercent: (100 * lost) / Math.max(left + lost, 1),
      latencyP50Us: waitOf(0.5),
      latencyP95Us: waitOf(0.95),
      latencyP99Us: waitOf(0.99),
    },
  };
}
