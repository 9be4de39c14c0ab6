// Sends 64 MiB in datagrams of 1,400 bytes as trains, with back-pressure, and counts what arrives.
// Run: node examples/bulk.mjs
import { once } from 'node:events';
import { bind } from 'burstwire/udp';

const SIZE = 1400;
const TOTAL = 48_000;
const sink = await bind({ address: '127.0.0.1' });
const source = await bind({ address: '127.0.0.1' });

let received = 0;
sink.on('batch', (batch) => {
  received += batch.length;
});

const chunk = new Uint8Array(SIZE * 46 * 4);
let sent = 0;
while (sent < TOTAL) {
  // The count is what the kernel took; the rest is still ours.
  const taken = source.sendSegments(chunk, SIZE, sink.address);
  sent += taken;
  if (taken * SIZE < chunk.byteLength) await once(source, 'drain');
  // Lets the receiver in this same process run; two processes would not need it.
  await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setTimeout(resolve, 100));

const { sendCalls, trainsSent } = source.stats();
const { receiveCalls, kernelDrops } = sink.stats();
console.log(`sent ${sent} datagrams with ${sendCalls} system calls in ${trainsSent} trains`);
console.log(
  `received ${received} with ${receiveCalls} system calls, ${kernelDrops} messages dropped`,
);
await Promise.all([source.close(), sink.close()]);
