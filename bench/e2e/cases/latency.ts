/**
 * E2: round trips of 64 bytes between two processes on 127.0.0.1.
 *
 *     node --import ./bench/micro/typescript.mjs bench/e2e/cases/latency.ts node:net 5000
 *
 * The second argument is the rate of an open loop, requests a second; without it the loop is closed. Started by the runner.
 *
 * Invariant: CPU time is the server's alone, since the client of an open loop looks at the clock all the time.
 */

import { benchConfig, report } from '../../suite/case-process.js';
import type { Measurement } from '../../suite/types.js';
import { type Role, type Task, withRoles } from '../processes.js';

/** Beyond warm-up and window: processes start, connections open, the last answers come. */
const PATIENCE_SECONDS = 20;

const { seconds, warmupSeconds } = benchConfig();
const [transport, rate = '0'] = process.argv.slice(2);
const task: Task = {
  transport,
  channels: 1,
  clientSockets: 1,
  serverSockets: 1,
  workers: 0,
  isServerPouring: false,
  rate: Number(rate),
  seconds,
  warmupSeconds,
};

async function measure(server: Role, [client]: readonly Role[]): Promise<Measurement> {
  await client.next<'window'>();
  const from = await server.snapshot();
  const trips = await client.next<Measurement>();
  const to = await server.snapshot();
  const elapsed = (to.ms - from.ms) / 1000;
  return {
    ...trips,
    cpuPercent: (to.cpuUs - from.cpuUs) / elapsed / 1e4,
    contextSwitchesPerSec: (to.contextSwitches - from.contextSwitches) / elapsed,
  };
}

try {
  const limit = warmupSeconds + seconds + PATIENCE_SECONDS;
  const script = new URL('./latency-role.ts', import.meta.url);
  report(await withRoles({ server: script, client: script, clients: 1 }, task, limit, measure));
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error) });
}
process.exit();
