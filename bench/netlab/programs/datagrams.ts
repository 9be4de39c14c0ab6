/**
 * Numbered datagrams of node:dgram with the time of their sending: what a link does to packets, seen from outside of it.
 *
 * Started in a namespace by lab.ts, once as receiver and once as sender. Invariant: both use one clock, so the difference
 * is the delay of one way, with what the machine adds.
 */

import { createSocket } from 'node:dgram';
import { nowNs, onFinish, readTask, say } from './task.js';
import type { Arrival, CountTask, DatagramSendTask } from './task-types.js';

const TURN_MS = 1;

function receive({ address, count }: CountTask): void {
  const arrivals: Arrival[] = [];
  let isReported = false;
  const report = (): void => {
    if (!isReported) say(arrivals);
    isReported = true;
  };
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.on('message', (bytes) => {
    const now = nowNs();
    const delayUs = Number(now - bytes.readBigUInt64LE(4)) / 1e3;
    arrivals.push([bytes.readUInt32LE(0), delayUs, Number(now) / 1e3]);
    if (arrivals.length === count) report();
  });
  onFinish(report);
  socket.bind(0, address, () => say({ port: socket.address().port }));
}

function send({ address, port, count, sizeBytes, perSecond }: DatagramSendTask): void {
  onFinish(() => {});
  const socket = createSocket('udp4');
  let [sent, answered] = [0, 0];
  const sendOne = (): void => {
    const bytes = Buffer.alloc(sizeBytes);
    bytes.writeUInt32LE(sent++, 0);
    bytes.writeBigUInt64LE(nowNs(), 4);
    socket.send(bytes, () => {
      if (++answered === count) say({ sent });
    });
  };
  socket.connect(port, address, () => {
    const begin = nowNs();
    const turn = (): void => {
      const due = perSecond === 0 ? count : (Number(nowNs() - begin) / 1e9) * perSecond;
      while (sent < count && sent < due) sendOne();
      if (sent < count) setTimeout(turn, TURN_MS);
    };
    turn();
  });
}

const task = readTask<CountTask | DatagramSendTask>();
if (task.role === 'receive') receive(task);
else send(task);
