/**
 * S6 and S7: many connections to one process that do nothing: what each holds there, what all cost a second, and what they cost
 * one that is busy.
 *
 *     node --import ./bench/micro/typescript.mjs bench/stress/cases/scale.ts idle 10000
 *
 * `idle`: memory a connection, and CPU while all are idle with a keep-alive of 30 s; `busy`: CPU a packet of one stream in
 * bulk beside them, against one alone in processes of its own, interleaved. Without a number, a thousand connections for
 * each measured second, 10,000 at most. Started by the runner; starts itself as servers and clients.
 *
 * Invariants: the figures are the server's; memory is weighed after a full collection; CPU of idle ones is that of a whole
 * keep-alive, a keep-alive after the last was opened, so that each has asked or was asked in it (not where less than a
 * second is to be measured); two windows that are compared follow one another.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { benchConfig, report } from '../../suite/case-process.js';
import {
  type Crowd,
  type Member,
  openCrowd,
  runClient,
  runServer,
  type Usage,
  type Weight,
} from '../crowd.js';

const KEEP_ALIVE_MS = 30_000;
const CONNECTIONS_PER_SECOND = 1000;
const CONNECTIONS_MAX = 10_000;
/** After the last handshake: ids, acknowledgements and probes are on their way, and then memory for packets is given up. */
const SETTLE_MS = 3000;
/** Pairs of windows that are compared, every other one the other way round. */
const PAIRS = 20;
const LEAST_WINDOW_MS = 20;
/** A stream grows to its rate. */
const RAMP_MS = 50;

const script = process.argv[1];
const [way, ...rest] = process.argv.slice(2);
const { seconds, warmupSeconds } = benchConfig();
const settleMs = Math.min(SETTLE_MS, seconds * 1000);
/** Of idle connections: what passes before the measured time, and that time. */
const idleMs = seconds < 1 ? seconds * 1000 : Math.max(KEEP_ALIVE_MS, seconds * 1000);

function count(): number {
  if (rest[0] !== undefined) return Number(rest[0]);
  return Math.min(Math.ceil(seconds * CONNECTIONS_PER_SECOND), CONNECTIONS_MAX);
}

async function idle(crowd: Crowd, connections: number): Promise<void> {
  // What the first connections bring (compiled code, tables) is no connection's.
  await crowd.client.ask({ do: 'open', count: Math.ceil(connections / 10) });
  await wait(settleMs);
  const before = await crowd.server.ask<Weight>({ do: 'weigh' });
  await crowd.client.ask({ do: 'open', count: connections - before.connections });
  await wait(settleMs);
  const after = await crowd.server.ask<Weight>({ do: 'weigh' });
  const more = Math.max(after.connections - before.connections, 1);
  const script = (after.scriptBytes - before.scriptBytes) / more;
  const native = (after.nativeBytes - before.nativeBytes) / more;
  await wait(idleMs - settleMs);
  const from = await crowd.server.ask<Usage>({ do: 'usage' });
  await wait(idleMs);
  const to = await crowd.server.ask<Usage>({ do: 'usage' });
  report({
    heapBytes: Math.max(script + native, 0),
    residentBytes: Math.max(after.residentBytes - before.residentBytes, 0) / more,
    cpuPercent: (to.cpuUs - from.cpuUs) / (to.ms - from.ms) / 10,
    note: `one of ${to.connections} connections: ${script.toFixed(0)} bytes in V8's heap, ${native.toFixed(0)} in the C library's; ${to.packets - from.packets} packets in ${((to.ms - from.ms) / 1000).toFixed(0)} s of idleness`,
  });
}

async function window(crowd: Crowd, ms: number): Promise<number> {
  await crowd.client.ask({ do: 'pour' });
  await wait(Math.min(RAMP_MS, ms));
  const from = await crowd.server.ask<Usage>({ do: 'usage' });
  await wait(ms);
  const to = await crowd.server.ask<Usage>({ do: 'usage' });
  await crowd.client.ask({ do: 'stop' });
  await wait(LEAST_WINDOW_MS);
  return ((to.cpuUs - from.cpuUs) * 1000) / Math.max(to.packets - from.packets, 1);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

async function busy(many: Crowd, alone: Crowd, connections: number): Promise<void> {
  await alone.client.ask({ do: 'open', count: 1 });
  await many.client.ask({ do: 'open', count: connections });
  await window(alone, warmupSeconds * 1000);
  await window(many, warmupSeconds * 1000);
  const ms = Math.max((seconds * 1000) / PAIRS / 2, LEAST_WINDOW_MS);
  const pairs: (readonly [alone: number, many: number])[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const isAloneFirst = pair % 2 === 0;
    const first = await window(isAloneFirst ? alone : many, ms);
    const second = await window(isAloneFirst ? many : alone, ms);
    pairs.push(isAloneFirst ? [first, second] : [second, first]);
  }
  const costs = median(pairs.map(([, cost]) => cost));
  const baseline = median(pairs.map(([cost]) => cost));
  const ratios = pairs.map(([one, other]) => other / one).toSorted((a, b) => a - b);
  const quarter = PAIRS >> 2;
  report({
    cpuNsPerPacket: costs,
    note: `beside ${connections - 1} idle ones; ${baseline.toFixed(0)} ns alone, ${median(ratios).toFixed(2)} times as much (half of ${PAIRS} pairs of windows: ${ratios[quarter].toFixed(2)} to ${ratios[PAIRS - 1 - quarter].toFixed(2)})`,
  });
}

async function measure(): Promise<void> {
  const members: Member[] = [];
  const open = (max: number): Promise<Crowd> =>
    openCrowd(script, KEEP_ALIVE_MS, max, (member) => members.push(member));
  try {
    const connections = count();
    const crowd = await open(connections);
    if (way === 'idle') await idle(crowd, connections);
    else await busy(crowd, await open(1), connections);
  } finally {
    for (const member of members) member.end();
  }
}

if (way === 'server') {
  await runServer(Number(rest[0]), Number(rest[1]));
} else if (way === 'client') {
  await runClient(rest[2], Number(rest[0]), Number(rest[1]));
} else {
  await measure();
  process.exit();
}
