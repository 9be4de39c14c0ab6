// One shard of examples/sharded-server.mjs: an echo server like any other, on the socket that the main thread names.
import { parentPort, workerData } from 'node:worker_threads';
import { Endpoint, identityFromPrivateKey } from 'burstwire';

const identity = identityFromPrivateKey(workerData.privateKey);
const server = await Endpoint.bind({ ...workerData.bind, identity });
server.on('connection', (connection) => {
  connection.on('stream', (stream) => {
    // The peer may reset a stream or go away at any time.
    stream.on('error', () => undefined);
    stream.pipe(stream);
  });
  connection.on('message', (bytes) => connection.sendMessage(bytes).catch(() => undefined));
});

setInterval(() => {
  const { connections, connectionsOpened } = server.stats();
  parentPort.postMessage({ connections, connectionsOpened });
}, 500).unref();
parentPort.postMessage({ connections: 0, connectionsOpened: 0 });
parentPort.once('message', () => server.close().then(() => process.exit()));
