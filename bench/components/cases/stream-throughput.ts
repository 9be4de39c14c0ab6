/**
 * C2: one connection in bulk, both ends in this process, in writes or messages of one size.
 *
 *     node --import ./bench/micro/typescript.mjs bench/components/cases/stream-throughput.ts stream 10000
 *
 * `stream`: writes to one stream; `message`: messages, as many under way as 4 MB hold; `net`: writes to one TCP connection of
 * node:net. Started by the runner.
 *
 * Invariant: bytes count when the receiving application has them; no message comes with another size.
 */

import { once } from 'node:events';
import { createServer, connect as netConnect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from '../../../lib/index.js';
import { benchConfig, report, startUsage } from '../../suite/case-process.js';
import { openPair, type Pair } from '../pair.js';
import { fail, pour } from '../pour.js';

/** Bytes of messages under way, and messages at least and at most. */
const WINDOW_BYTES = 4e6;
const LEAST_MESSAGES = 4;
const MOST_MESSAGES = 1024;

const [way, size] = process.argv.slice(2);
const chunk = new Uint8Array(Number(size)).fill(0x5a);
let received = 0;

function count(bytes: Uint8Array): void {
  received += bytes.byteLength;
}

function countMessage(bytes: Uint8Array): void {
  if (bytes.byteLength !== chunk.byteLength) throw new Error(`a message of ${bytes.byteLength}`);
  received += bytes.byteLength;
}

function sendMessages(here: Connection): void {
  const most = Math.min(MOST_MESSAGES, Math.ceil(WINDOW_BYTES / chunk.byteLength));
  const next = (): void => {
    here.sendMessage(chunk).then(next, fail);
  };
  for (let index = 0; index < Math.max(LEAST_MESSAGES, most); index++) next();
}

async function overBurstwire(): Promise<Pair> {
  const pair = await openPair();
  if (way === 'message') {
    pair.there.on('message', countMessage);
    sendMessages(pair.here);
  } else {
    pair.there.on('stream', (stream) => stream.on('data', count));
    pour(pair.here.openStream({ unidirectional: true }), chunk);
  }
  return pair;
}

async function overNet(): Promise<void> {
  const server = createServer((socket: Socket) => socket.on('data', count));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const client = netConnect(port, '127.0.0.1');
  await once(client, 'connect');
  pour(client, chunk);
}

const config = benchConfig();
const pair = way === 'net' ? await overNet() : await overBurstwire();
const socketCounts = () => {
  const socket = pair?.client.stats().socket;
  return { packets: socket?.datagramsSent ?? 0, calls: socket?.sendCalls ?? 0 };
};
await wait(config.warmupSeconds * 1000);
const usage = startUsage();
const startMs = performance.now();
const before = { received, ...socketCounts() };
do await wait(config.seconds * 1000);
while (received === before.received && performance.now() - startMs < 5000);
const seconds = (performance.now() - startMs) / 1000;
const after = socketCounts();
const bytes = received - before.received;
const packets = after.packets - before.packets;
if (bytes === 0) throw new Error('nothing came');
report({
  throughputMBps: bytes / seconds / 1e6,
  opsPerSec: bytes / chunk.byteLength / seconds,
  ...usage(seconds, packets),
  ...(packets > 0
    ? {
        packetsPerSec: packets / seconds,
        syscallsPerPacket: (after.calls - before.calls) / packets,
        note: 'packets and calls are those of the sending endpoint',
      }
    : {}),
});
process.exit();
