// A shard in a worker thread or in a process of a cluster: each message comes back with the number of the shard before it.
// Not a test: main.mjs starts and kills it.
import cluster from 'node:cluster';
import { parentPort, workerData } from 'node:worker_threads';
import { Endpoint, identityFromPrivateKey } from 'burstwire';

const given = cluster.isWorker ? JSON.parse(process.env.SHARD) : workerData;
const tell = (message) =>
  cluster.isWorker ? process.send(message) : parentPort.postMessage(message);
const identity = identityFromPrivateKey(Uint8Array.from(given.privateKey));
const server = await Endpoint.bind({ ...given.bind, identity });
const { index } = given.bind.shard;
server.on('connection', (connection) => {
  connection.on('message', (bytes) => {
    connection.sendMessage(Uint8Array.of(index, ...bytes)).catch(() => undefined);
  });
});
const stats = () => {
  const { droppedMisdirected, resetsSent } = server.stats();
  return { droppedMisdirected, resetsSent };
};
(cluster.isWorker ? process : parentPort).on('message', () => tell(stats()));
tell('ready');
