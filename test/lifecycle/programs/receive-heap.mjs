// Receives many datagrams and tells what the heap did: { datagrams, heapGrowthBytes, externalGrowthBytes } as JSON.
// The listener uses offsets only, as a listener that wants no allocation does. Run with --expose-gc.
import { bind } from '../../../dist/udp.js';

const total = Number(process.argv[2]);
const options = { address: '127.0.0.1', engine: 'native' };
const sink = await bind(options);
const source = await bind(options);
const segments = 46 * 4;
const bytes = new Uint8Array(segments * 1400).fill(7);

let datagrams = 0;
let wrong = 0;
sink.on('batch', (batch) => {
  const slab = batch.bytes;
  const { length } = batch;
  for (let i = 0; i < length; i++) {
    if (slab[batch.offset(i)] !== 7 || batch.byteLength(i) !== 1400) wrong++;
  }
  datagrams += length;
});

async function receive(count) {
  const goal = datagrams + count;
  // Nothing is waited for but the loop itself: on loopback a datagram is there when the send returns, or dropped.
  while (datagrams < goal) {
    for (let i = 0; i < 8; i++) source.sendSegments(bytes, 1400, sink.address);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function measure() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heapUsed, external };
}

await receive(total / 10);
const before = measure();
await receive(total);
const after = measure();
console.log(
  JSON.stringify({
    datagrams,
    wrong,
    heapGrowthBytes: after.heapUsed - before.heapUsed,
    externalGrowthBytes: after.external - before.external,
  }),
);
await Promise.all([sink.close(), source.close()]);
