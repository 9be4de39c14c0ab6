/**
 * A bulk transfer over burstwire: one stream of one connection.
 *
 * Started in a namespace by lab.ts, once as receiver and once as sender. By the public API alone.
 */

import { type ConnectionStats, Endpoint, generateIdentity } from '../../../lib/index.js';
import { Meter } from './meter.js';
import { pour, Source } from './source.js';
import { onFinish, readTask, say } from './task.js';
import type { ReceiveTask, SendTask } from './task-types.js';

async function receive({ address }: ReceiveTask): Promise<void> {
  const identity = generateIdentity();
  const server = await Endpoint.bind({ address, identity });
  const meter = new Meter();
  let isReported = false;
  const report = (): void => {
    if (!isReported) say(meter.received());
    isReported = true;
  };
  server.on('connection', (connection) => {
    connection.on('stream', (stream) => {
      stream.on('data', (bytes: Uint8Array) => meter.add(bytes));
      stream.once('end', report);
      stream.on('error', () => {});
    });
  });
  onFinish(report);
  say({ port: server.address.port, publicKey: Buffer.from(identity.publicKey).toString('hex') });
}

async function send(task: SendTask): Promise<void> {
  const { from, address, port, publicKey, bytes, congestion } = task;
  onFinish(() => {});
  const client = await Endpoint.bind({ address: from, congestion });
  const key = Buffer.from(publicKey ?? '', 'hex');
  const connection = await client.connect({ address, port, publicKey: key });
  const stream = connection.openStream({ unidirectional: true });
  const source = new Source(bytes);
  await pour(stream, source);
  say({ sha256: source.sha256(), stats: plain(connection.stats()) });
}

/** JSON has no wide integers. */
function plain(stats: ConnectionStats): Record<string, unknown> {
  const entries = Object.entries(stats);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  );
}

const task = readTask<ReceiveTask | SendTask>();
await (task.role === 'receive' ? receive(task) : send(task));
