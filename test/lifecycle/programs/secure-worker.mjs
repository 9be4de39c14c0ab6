// One side of a secure transfer, in a worker: it connects to its parent's endpoint and pours, or reads what is poured.
// Its parent terminates it in mid-transfer, or it ends by itself in one of several ways.
import { parentPort, workerData } from 'node:worker_threads';
import { Endpoint } from '../../../dist/index.js';

const { peer, pours, ending } = workerData;
const endpoint = await Endpoint.bind({ address: '127.0.0.1' });
const connection = await endpoint.connect(peer);
let moved = 0;

function onMoved(byteLength) {
  const before = moved;
  moved += byteLength;
  if (before < 2e6 && moved >= 2e6) parentPort.postMessage('busy');
  if (moved < 4e6) return;
  if (ending === 'exit in a listener') process.exit(0);
  if (ending === 'throw in a listener') throw new Error('as planned');
}

const stream = connection.openStream();
stream.on('error', () => {});
stream.on('data', (bytes) => onMoved(bytes.length));
stream.write(pours ? 'here it comes' : 'pour');
if (pours) {
  const chunk = new Uint8Array(256 << 10);
  for (;;) {
    if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
    onMoved(chunk.byteLength);
  }
}
