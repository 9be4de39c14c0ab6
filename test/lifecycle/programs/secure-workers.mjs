// Secure transfers with workers that end in mid-transfer, in every way and in both directions, beside one that goes on.
// Prints what was there before and after, and whether the one that goes on was whole, as JSON.
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Endpoint } from '../../../dist/index.js';

const rounds = Number(process.argv[2]);
const endings = ['terminate', 'exit in a listener', 'throw in a listener'];
const program = new URL('./secure-worker.mjs', import.meta.url);
const ended = [];

const server = await Endpoint.bind({ address: '127.0.0.1', idleTimeout: 1000 });
server.on('connection', (connection) => {
  ended.push(connection.closed);
  connection.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.once('data', (first) => {
      if (first.toString().startsWith('pour')) pour(stream);
      if (!first.toString().startsWith('echo')) return;
      stream.write(first);
      stream.pipe(stream);
    });
    stream.on('data', () => {});
  });
});
const { address, port } = server.address;
const peer = { address, port, publicKey: server.publicKey };

function pour(stream) {
  const chunk = new Uint8Array(256 << 10);
  while (!stream.destroyed && stream.write(chunk));
  if (!stream.destroyed) stream.once('drain', () => pour(stream));
}

/** A transfer that nobody disturbs: what came back of so many bytes. */
async function undisturbed(byteLength) {
  const client = await Endpoint.bind({ address: '127.0.0.1' });
  const connection = await client.connect(peer);
  const stream = connection.openStream();
  let received = 0;
  stream.on('data', (bytes) => {
    received += bytes.length;
  });
  const end = new Promise((resolve) => stream.once('end', resolve));
  stream.write('echo');
  for (let sent = 0; sent < byteLength; sent += 10_000) {
    if (!stream.write(new Uint8Array(10_000))) {
      await new Promise((resolve) => stream.once('drain', resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream.end();
  await end;
  await client.close();
  return received;
}

async function runOne(ending, pours) {
  const worker = new Worker(program, { workerData: { ending, pours, peer } });
  worker.on('error', () => {});
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  await new Promise((resolve) => worker.once('message', resolve));
  if (ending === 'terminate') await worker.terminate();
  await exit;
}

async function memory() {
  // A worker that has ended is collected later.
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { external, arrayBuffers } = process.memoryUsage();
  return external + arrayBuffers;
}

const descriptors = () => readdirSync('/proc/self/fd').length;

await runOne('terminate', true);
await runOne('terminate', false);
await Promise.all(ended);
const descriptorsBefore = descriptors();
const memoryBefore = await memory();
const others = undisturbed(3_000_000);
for (let round = 0; round < rounds; round++) {
  await Promise.all([
    runOne(endings[round % endings.length], round % 2 === 0),
    runOne(endings[(round + 1) % endings.length], round % 2 !== 0),
  ]);
}
const received = await others;
const reasons = (await Promise.all(ended)).map(({ origin }) => origin);
console.log(
  JSON.stringify({
    rounds,
    received,
    reasons: [...new Set(reasons)].sort(),
    connections: server.stats().connections,
    faults: server.stats().faults,
    descriptors: descriptors() - descriptorsBefore,
    memoryBytes: (await memory()) - memoryBefore,
  }),
);
await server.close();
