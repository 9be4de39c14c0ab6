/**
 * E1, E3 to E6: bytes in bulk between processes on 127.0.0.1.
 *
 *     node --import ./bench/micro/typescript.mjs bench/e2e/cases/bulk.ts node:tls fan-in
 *
 * `one`: one connection, the client writes; `fan-in`: 64 clients' sockets in one process write to one server; `fan-out`:
 * one client writes to 64 servers' sockets in one process; `both`: one connection, both write; `shards 2`: as many client
 * processes as cores, of 8 sockets each, write to one port that two worker threads serve. Started by the runner.
 *
 * Invariant: rates are differences between two snapshots of each process, by its own clock.
 */

import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchConfig, report } from '../../suite/case-process.js';
import type { Measurement } from '../../suite/types.js';
import { bulkMetrics, bulkNote } from '../bulk-metrics.js';
import { type Role, type Snapshot, type Task, withRoles } from '../processes.js';

const MANY = 64;
/** Of each client process: so many that the kernel's hash leaves hardly any worker without one. */
const SHARED_CHANNELS = 8;
const SHAPES = {
  one: {},
  'fan-in': { channels: MANY, clientSockets: MANY },
  'fan-out': { channels: MANY, serverSockets: MANY },
  both: { isServerPouring: true },
  shards: { channels: SHARED_CHANNELS, clientSockets: SHARED_CHANNELS },
} as const satisfies Readonly<Record<string, Partial<Task>>>;

/** Beyond warm-up and window: processes start, connections open, the path's MTU is found. */
const PATIENCE_SECONDS = 25;
/** And of a case with workers: more processes, and threads that each load everything. */
const SHARDED_PATIENCE_SECONDS = 45;
/** The search for the path's MTU takes a few round trips; without it, a short window would measure the search. */
const SEARCH_MS = 1000;
const EXTENSION_MS = 5000;
/** CPU time of each process for each second of warm-up, and how often its time the warm-up may take at most. */
const WARM_UP_US = 600_000;
const WARM_UP_FACTOR = 4;

const SHARDED_SERVER = new URL('./shards-role.ts', import.meta.url);

const { seconds, warmupSeconds } = benchConfig();
const [transport, shape, workers = '0'] = process.argv.slice(2);
const task: Task = {
  transport,
  channels: 1,
  clientSockets: 1,
  serverSockets: 1,
  workers: Number(workers),
  isServerPouring: false,
  rate: 0,
  seconds,
  warmupSeconds,
  ...SHAPES[shape as keyof typeof SHAPES],
};

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

async function measure(server: Role, clients: readonly Role[]): Promise<Measurement> {
  const snapshots = (): Promise<readonly Snapshot[]> =>
    Promise.all([server, ...clients].map((role) => role.snapshot()));
  const receivers = task.isServerPouring ? 2 : 1;
  const hasBegun = (sides: readonly Snapshot[]): boolean =>
    sides.slice(0, receivers).every(({ bytes }) => sum(bytes) > 0);
  let sides = await snapshots();
  while (!hasBegun(sides)) {
    await sleep(2);
    sides = await snapshots();
  }
  const searchEnd = performance.now() + SEARCH_MS;
  while (!sides.every(({ isSettled }) => isSettled) && performance.now() < searchEnd) {
    await sleep(5);
    sides = await snapshots();
  }
  await warmUp(snapshots, sides);
  const from = await snapshots();
  const end = performance.now() + EXTENSION_MS;
  let to = from;
  do {
    await sleep(seconds * 1000);
    to = await snapshots();
  } while (sum(to[0].bytes) === sum(from[0].bytes) && performance.now() < end);
  if (sum(to[0].bytes) === sum(from[0].bytes)) throw new Error('nothing arrives any more');
  const [ofServer, ...ofClients] = from.map((before, index) => [before, to[index]] as const);
  const ends = { server: ofServer, clients: ofClients };
  return { ...bulkMetrics(ends, task), note: bulkNote(ends, task) };
}

/** Compilers need processor time, so on a busy machine the warm-up takes longer. */
async function warmUp(
  snapshots: () => Promise<readonly Snapshot[]>,
  before: readonly Snapshot[],
): Promise<void> {
  const startMs = performance.now();
  const isWarm = (sides: readonly Snapshot[]): boolean =>
    sides.every(({ cpuUs }, index) => cpuUs - before[index].cpuUs >= warmupSeconds * WARM_UP_US);
  await sleep(warmupSeconds * 1000);
  while (performance.now() - startMs < warmupSeconds * 1000 * WARM_UP_FACTOR) {
    if (isWarm(await snapshots())) return;
    await sleep(5);
  }
}

try {
  const patience = task.workers === 0 ? PATIENCE_SECONDS : SHARDED_PATIENCE_SECONDS;
  const limit = WARM_UP_FACTOR * warmupSeconds + seconds + patience;
  const client = new URL('./bulk-role.ts', import.meta.url);
  const cast =
    task.workers === 0
      ? { server: client, client, clients: 1 }
      : { server: SHARDED_SERVER, client, clients: availableParallelism() };
  report(await withRoles(cast, task, limit, measure));
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error) });
}
process.exit();
