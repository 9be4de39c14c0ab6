// A worker that talks to itself without end: one socket sends trains and single datagrams, the other receives.
// Its parent terminates it in mid-traffic, or asks it to end in one of several ways.
import { parentPort, workerData } from 'node:worker_threads';
import { bind } from '../../../dist/udp.js';

const sink = await bind({ address: '127.0.0.1', engine: 'native' });
const source = await bind({ address: '127.0.0.1', engine: 'native' });
const bytes = new Uint8Array(46 * 1400);
let batches = 0;

sink.on('batch', () => {
  batches++;
  if (batches === 3) parentPort.postMessage('busy');
  if (batches >= 5 && workerData.ending === 'exit in a listener') process.exit(0);
  if (batches >= 5 && workerData.ending === 'throw in a listener') throw new Error('as planned');
});

function turn() {
  for (let i = 0; i < 4; i++) source.sendSegments(bytes, 1400, sink.address);
  source.send(bytes.subarray(0, 100), sink.address);
  setImmediate(turn);
}
turn();
