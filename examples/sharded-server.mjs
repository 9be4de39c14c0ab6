// An encrypted echo server on every core: one port, one identity, a worker thread a shard. A worker that dies is replaced;
// the connections of the others do not notice.
// Run: node examples/sharded-server.mjs [port] [workers]      then: node examples/sharded-client.mjs PORT PUBLIC-KEY
import { Worker } from 'node:worker_threads';
import { generateIdentity, ShardGroup } from 'burstwire';

const [port = 0, count] = process.argv.slice(2).map(Number);
// A server that is to be known again keeps its identity: see `burstwire keygen`.
const identity = generateIdentity();
const group = await ShardGroup.bind({ port, count });
const workers = [];
const seen = [];
let isStopping = false;

function start(index) {
  const workerData = { bind: group.bindOptions(index), privateKey: identity.privateKey };
  const worker = new Worker(new URL('./sharded-worker.mjs', import.meta.url), { workerData });
  worker.on('message', (counts) => {
    seen[index] = counts;
  });
  worker.on('error', (error) => console.error(`worker ${index}: ${error.message}`));
  worker.once('exit', () => {
    seen[index] = undefined;
    if (!isStopping) setTimeout(start, 50, index);
  });
  workers[index] = worker;
}

for (let index = 0; index < group.count; index++) start(index);
const key = Buffer.from(identity.publicKey).toString('hex');
console.log(`listening on port ${group.address.port}, ${group.count} workers, public key ${key}`);

let shown = '';
const timer = setInterval(() => {
  const line = seen.map((counts) => counts?.connections ?? 'starting').join(' ');
  if (line !== shown) console.log(`connections by worker: ${line}`);
  shown = line;
}, 500);

process.once('SIGINT', async () => {
  isStopping = true;
  clearInterval(timer);
  const gone = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
  for (const worker of workers) worker.postMessage('close');
  await Promise.all(gone);
  group.close();
});
