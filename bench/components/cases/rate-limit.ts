/**
 * C4: how near to the bytes a second that were asked for a rate limit stays.
 *
 *     node --import ./bench/micro/typescript.mjs bench/components/cases/rate-limit.ts bucket 1000000
 *
 * `endpoint`: option `rateLimit` of an endpoint that has more to send than it may, both ends in this process; `bucket`: its
 * token bucket alone, with real timers and nothing behind it; `sleep`: a timer for each packet, as long as the packet should
 * take; `window`: the original's, as many whole packets as fit into 10 ms, then a timer of 10 ms. Started by the runner.
 *
 * Invariant: what is counted has really left, or would have: nothing that only waits.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { DEFAULT_CONFIG } from '../../../lib/core/config.js';
import { TokenBucket } from '../../../lib/core/token-bucket.js';
import { benchConfig, report, startUsage } from '../../suite/case-process.js';
import { Departures } from '../departures.js';
import { openPair } from '../pair.js';
import { fail, pour } from '../pour.js';
import { tapSends } from '../send-tap.js';
import { Stalls } from '../stalls.js';

const PACKET_BYTES = 1400;
const WINDOW_MS = 10;
/** Below that many departures a rate says little; a slow one goes on for that long to have them. */
const LEAST_DEPARTURES = 12;
const LONGEST_MS = 3000;
/** What the bucket makes good when a timer is late (docs/congestion-control.md, L3), and what is worth a word. */
const CREDIT_MS = 8;
const WORTH_PERCENT = 0.1;
const CHUNK = new Uint8Array(64 << 10);

const [way, asked] = process.argv.slice(2);
const rate = Number(asked);
const departures = new Departures();
const stalls = new Stalls(CREDIT_MS);

/** Sends on for ever. */
async function byBucket(): Promise<never> {
  const granularityUs = DEFAULT_CONFIG.timerGranularityUs;
  const bucket = new TokenBucket(rate, performance.now() * 1000, granularityUs);
  for (;;) {
    const nowMs = performance.now();
    let byteLength = 0;
    while (bucket.takeable(nowMs * 1000) > 0) {
      bucket.take(PACKET_BYTES);
      byteLength += PACKET_BYTES;
    }
    if (byteLength > 0) departures.note(nowMs, byteLength);
    const nowUs = nowMs * 1000;
    await wait(Math.max(1, Math.ceil((bucket.nextUs(nowUs) - nowUs) / 1000)));
  }
}

async function bySleep(): Promise<never> {
  for (;;) {
    departures.note(performance.now(), PACKET_BYTES);
    await wait((PACKET_BYTES * 1000) / rate);
  }
}

async function byWindow(): Promise<never> {
  const packets = Math.max(1, Math.floor((rate * WINDOW_MS) / 1000 / PACKET_BYTES));
  for (;;) {
    departures.note(performance.now(), packets * PACKET_BYTES);
    await wait(WINDOW_MS);
  }
}

async function byEndpoint(): Promise<void> {
  const { client, here, there } = await openPair({ rateLimit: rate, maxDatagramSize: 1452 });
  const { port } = client.address;
  await tapSends(client.engine.name, (call) => {
    if (call.port === port) departures.note(call.calledMs, call.byteLength);
  });
  there.on('stream', (stream) => stream.readBorrowed(() => {}));
  pour(here.openStream({ unidirectional: true }), CHUNK);
}

const WAYS = { bucket: byBucket, sleep: bySleep, window: byWindow, endpoint: byEndpoint };

const config = benchConfig();
const running = WAYS[way as keyof typeof WAYS]();
running.catch(fail);
if (way === 'endpoint') await running;
await wait(config.warmupSeconds * 1000);
const usage = startUsage();
const startMs = performance.now();
departures.reset();
stalls.reset();
do await wait(config.seconds * 1000);
while (departures.count < LEAST_DEPARTURES && performance.now() - startMs < LONGEST_MS);
const used = usage((performance.now() - startMs) / 1000, 0);
const stood = stalls.percent;
report({
  errorPercent: (Math.abs(departures.rate - rate) / rate) * 100,
  throughputMBps: departures.rate / 1e6,
  ...(used.cpuPercent === undefined ? {} : { cpuPercent: used.cpuPercent }),
  ...(stood < WORTH_PERCENT
    ? {}
    : { note: `for ${stood.toFixed(1)} % of the time the event loop stood still beyond 8 ms` }),
});
process.exit();
