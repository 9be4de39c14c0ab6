/**
 * A bulk transfer over the kernel's TCP. Which congestion control it uses is a setting of the namespace.
 *
 * Started in a namespace by lab.ts, once as receiver and once as sender.
 */

import { connect, createServer } from 'node:net';
import { Meter } from './meter.js';
import { pour, Source } from './source.js';
import { onFinish, readTask, say } from './task.js';
import type { ReceiveTask, SendTask } from './task-types.js';

function receive({ address }: ReceiveTask): void {
  const meter = new Meter();
  let isReported = false;
  const report = (): void => {
    if (!isReported) say(meter.received());
    isReported = true;
  };
  const server = createServer((socket) => {
    socket.on('data', (bytes) => meter.add(bytes));
    socket.once('end', report);
    socket.on('error', () => {});
  });
  onFinish(report);
  server.listen(0, address, () => {
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') say({ port: bound.port });
  });
}

function send({ from, address, port, bytes }: SendTask): void {
  onFinish(() => {});
  const socket = connect({ host: address, port, localAddress: from, noDelay: true });
  socket.on('error', () => process.exit(1));
  const source = new Source(bytes);
  socket.once('connect', async () => {
    await pour(socket, source);
    say({ sha256: source.sha256() });
  });
}

const task = readTask<ReceiveTask | SendTask>();
if (task.role === 'receive') receive(task);
else send(task);
