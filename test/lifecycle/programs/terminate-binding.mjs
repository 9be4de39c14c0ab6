// Workers that do nothing but open and close endpoints are ended in the midst of it, again and again: a call into the addon
// that meets a dying environment must not end the process. Prints how many were ended, as JSON.
import { isMainThread, Worker } from 'node:worker_threads';
import { Endpoint } from '../../../dist/index.js';

const WORKERS = 3;
/** Later and later, so that all stages of loading and opening are met. */
const STEP_MS = 7;

async function openAndClose() {
  for (;;) {
    const endpoint = await Endpoint.bind({ address: '127.0.0.1' });
    await endpoint.close();
  }
}

async function endThem(rounds) {
  for (let round = 0; round < rounds; round++) {
    const workers = Array.from({ length: WORKERS }, () => new Worker(new URL(import.meta.url)));
    await new Promise((resolve) => setTimeout(resolve, 40 + STEP_MS * round));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  console.log(JSON.stringify({ ended: rounds * WORKERS }));
}

await (isMainThread ? endThem(Number(process.argv[2])) : openAndClose());
