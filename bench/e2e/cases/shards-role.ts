/**
 * The server process of E6: one port, a worker thread for each shard (`ShardGroup`), and what all of them have received.
 *
 * Started by bulk.ts. It receives nothing itself. Invariant: a worker that ends or throws ends the process, and so the case.
 */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { generateIdentity, ShardGroup } from '../../../lib/index.js';
import type { Snapshot } from '../processes.js';
import { snapshotOf, task } from '../role.js';
import type { Counts } from '../transport.js';

/** What a worker answers when it is asked. */
export interface ShardCounts extends Required<Counts> {
  readonly bytes: number;
}

process.on('disconnect', () => process.exit());
process.on('message', () => {
  snapshot().then((all) => process.send!(all));
});

const identity = generateIdentity();
const group = await ShardGroup.bind({ address: '127.0.0.1', count: task.workers });
const workers = Array.from({ length: task.workers }, (_, index) => {
  const workerData = { bind: group.bindOptions(index), privateKey: identity.privateKey };
  const worker = new Worker(new URL('./shards-worker.ts', import.meta.url), { workerData });
  worker.on('exit', (code) => {
    throw new Error(`worker ${index} ended with code ${code}`);
  });
  return worker;
});
await Promise.all(workers.map((worker) => once(worker, 'message')));
const publicKey = Buffer.from(identity.publicKey).toString('hex');
process.send!([{ port: group.address.port, publicKey }]);

async function snapshot(): Promise<Snapshot> {
  const shards = await Promise.all(workers.map(ask));
  const sum = (name: keyof ShardCounts): number =>
    shards.reduce((total, counts) => total + counts[name], 0);
  const counts = (): Counts => ({
    packetsSent: sum('packetsSent'),
    calls: sum('calls'),
    packetsLost: sum('packetsLost'),
  });
  return snapshotOf(
    shards.map(({ bytes }) => bytes),
    { counts, isSettled: () => true },
  );
}

async function ask(worker: Worker): Promise<ShardCounts> {
  worker.postMessage('counts');
  const [counts] = await once(worker, 'message');
  return counts;
}
