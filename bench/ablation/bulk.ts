/**
 * One stream in bulk between two processes on 127.0.0.1, with one of the original's problems switched on, or none.
 *
 *     node --import ./bench/micro/typescript.mjs bench/ablation/bulk.ts 'single calls'
 *
 * This process receives and measures; bulk-sender.ts, its child, sends. Calls, CPU time and context switches are those of
 * both. Called by the runner, by way of the catalogue.
 *
 * Invariant: the child is ended by this process, and nothing is reported without a whole window.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../lib/api/connection.js';
import { benchConfig, report } from '../suite/case-process.js';
import { AblationEndpoint } from './endpoint.js';
import { takeAll } from './hand-over.js';
import { type Moment, metricsBetween, proofOf, type Snapshot, takeSnapshot } from './snapshot.js';
import { variantOf } from './variants.js';

/** Beyond warm-up and window, ms. */
const PATIENCE_MS = 15_000;
/** The search for the path's MTU takes a few round trips; without it, a short window would measure the search. */
const SEARCH_MS = 1000;

const { seconds, warmupSeconds } = benchConfig();
const name = process.argv[2];
const variant = variantOf(name);

let bytes = 0;
let connection: Connection | undefined;
const endpoint = await AblationEndpoint.open(variant);
endpoint.onConnection = (made) => {
  connection = made;
  made.on('stream', (stream) => {
    takeAll(stream, variant.reading ?? 'data', (byteLength) => {
      bytes += byteLength;
    });
  });
};

const server = { port: endpoint.socket.local.port, publicKey: [...endpoint.publicKey] };
const child = fork(new URL('./bulk-sender.ts', import.meta.url), [name, JSON.stringify(server)]);
const patience = setTimeout(
  () => end({ error: `no result within ${PATIENCE_MS} ms beyond the window` }),
  (seconds + warmupSeconds) * 1000 + PATIENCE_MS,
);
child.on('exit', () => end({ error: 'the sender ended by itself' }));

try {
  end(await measure(child));
} catch (error) {
  end({ error: error instanceof Error ? error.message : String(error) });
}

async function measure(sender: ChildProcess): Promise<Parameters<typeof report>[0]> {
  while (bytes === 0) await sleep(1);
  const searchEnd = performance.now() + SEARCH_MS;
  const largest = variant.config.maxDatagramSize;
  while ((await momentOf(sender)).sender.pathMtu < largest) {
    if (performance.now() > searchEnd) break;
    await sleep(1);
  }
  await sleep(warmupSeconds * 1000);
  const from = await momentOf(sender);
  await sleep(seconds * 1000);
  const to = await momentOf(sender);
  return { ...metricsBetween(from, to, variant.unusedBytes ?? 0), note: proofOf(from, to) };
}

/** The sender's answer takes a turn of its event loop, so ours is taken when that is here. */
async function momentOf(sender: ChildProcess): Promise<Moment> {
  const answer = once(sender, 'message');
  sender.send('snapshot');
  const [snapshot] = await answer;
  return {
    sender: snapshot as Snapshot,
    receiver: takeSnapshot(endpoint.socket, connection),
    bytes,
  };
}

function end(measurement: Parameters<typeof report>[0]): never {
  clearTimeout(patience);
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
  report(measurement);
  process.exit(measurement.error === undefined ? 0 : 1);
}
