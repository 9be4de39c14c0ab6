/**
 * One shard of E6's server: an endpoint on the socket that the main thread names, which reads whatever comes.
 *
 * Started by shards-role.ts. Invariant: bytes count when the application has them.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { identityFromPrivateKey } from '../../../lib/index.js';
import { BurstwireTransport } from '../transports/burstwire.js';
import { ETHERNET } from '../transports/load.js';

let bytes = 0;
const identity = identityFromPrivateKey(workerData.privateKey);
const options = { ...ETHERNET, ...workerData.bind, identity };
const side = await new BurstwireTransport(options, 'stream', false).listen(1, (channel) => {
  channel.count((byteLength) => {
    bytes += byteLength;
  });
});
parentPort!.on('message', () => parentPort!.postMessage({ bytes, ...side.counts() }));
parentPort!.postMessage('ready');
