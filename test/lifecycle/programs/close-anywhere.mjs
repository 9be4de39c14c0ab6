// Closes sockets inside every callback, and drops sockets without closing them, while datagrams are in flight.
// Prints { closed, descriptorsBefore, descriptorsAfter } as JSON. Run with --expose-gc.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { bind } from '../../../dist/udp.js';

const count = Number(process.argv[2]);
const options = { address: '127.0.0.1', engine: 'native' };
const payload = new Uint8Array(200);

async function pair() {
  return [await bind(options), await bind(options)];
}

const ways = {
  async 'in a batch listener'() {
    const [left, right] = await pair();
    const closed = once(left, 'close');
    left.on('batch', () => left.close());
    right.sendBatch(new Array(100).fill(payload), left.address);
    await closed;
    await right.close();
  },
  async 'in a datagramError listener'() {
    const [left, right] = await pair();
    left.on('datagramError', () => left.close());
    const closed = once(left, 'close');
    left.sendBatch([payload, new Uint8Array(65_508), payload], right.address);
    await closed;
    await right.close();
  },
  async 'in a drain listener'() {
    const [left, right] = await pair();
    left.on('drain', () => left.close());
    const closed = once(left, 'close');
    left.send(new Uint8Array(65_508), right.address);
    await closed;
    await right.close();
  },
  async 'in a loop'() {
    const [left, right] = await pair();
    right.sendBatch(new Array(10).fill(payload), left.address);
    for await (const batch of left) {
      if (batch.length > 0) await left.close();
    }
    await right.close();
  },
  async 'while a batch waits to be sent'() {
    const [left, right] = await pair();
    const batch = left.createSendBatch({ datagrams: 4 });
    batch.reserve(10, right.address);
    await Promise.all([left.close(), left.close(), right.close()]);
  },
  async 'before anything happened'() {
    const [left, right] = await pair();
    left.unref();
    right.on('batch', () => {});
    await left.close();
    await right.close();
  },
};

const descriptors = () => readdirSync('/proc/self/fd').length;
for (const way of Object.values(ways)) await way();
const descriptorsBefore = descriptors();
let closed = 0;
for (let round = 0; round < count; round++) {
  for (const way of Object.values(ways)) {
    await way();
    closed += 2;
  }
  if (round % 16 === 0) globalThis.gc();
}
console.log(JSON.stringify({ closed, descriptorsBefore, descriptorsAfter: descriptors() }));
