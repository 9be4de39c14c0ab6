// Starts workers in traffic and ends them in every way, some before the main thread has ever loaded the addon.
// Prints { rounds, descriptorsBefore, descriptorsAfter } as JSON.
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

const rounds = Number(process.argv[2]);
const endings = ['terminate', 'exit in a listener', 'throw in a listener'];
const program = new URL('./traffic-worker.mjs', import.meta.url);

function sockets() {
  // The descriptor of the listing itself is among them, before and after.
  return readdirSync('/proc/self/fd').length;
}

async function runOne(ending) {
  const worker = new Worker(program, { workerData: { ending } });
  // One of the endings is an error: events.once would reject with it.
  worker.on('error', () => {});
  const exit = new Promise((resolve) => worker.once('exit', resolve));
  await new Promise((resolve) => worker.once('message', resolve));
  if (ending === 'terminate') await worker.terminate();
  await exit;
}

// The first worker opens what workers share, such as the trace descriptors of libuv.
await runOne('terminate');
const descriptorsBefore = sockets();
for (let round = 0; round < rounds; round++) {
  // From the middle on, the main thread holds the addon as well.
  if (round === rounds >> 1) {
    const { bind } = await import('../../../dist/udp.js');
    await (await bind({ address: '127.0.0.1', engine: 'native' })).close();
  }
  await Promise.all([
    runOne(endings[round % endings.length]),
    runOne(endings[(round + 1) % endings.length]),
  ]);
}
await new Promise((resolve) => setTimeout(resolve, 100));
console.log(JSON.stringify({ rounds, descriptorsBefore, descriptorsAfter: sockets() }));
