/**
 * S3: what a receiver holds that reads, and what one holds that does not, both ends in this process over loopback.
 *
 *     node --import ./bench/micro/typescript.mjs bench/stress/cases/memory.ts unread-stream
 *
 * `stream`: bulk that is read; `unread-stream`, `unread-streams` (100 of them), `unread-messages`, `unread-datagrams`: the
 * sender gives what the connection takes, and nobody reads; `net-unread`: the same with node:net. The figure is what the
 * process holds more than before, garbage collected. Started by the runner.
 *
 * Invariant: the sender offers without end, so what is held is what limits and windows allow.
 */

import { once } from 'node:events';
import { createServer, connect as netConnect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { openPair, type Pair } from '../../components/pair.js';
import { fail, pour } from '../../components/pour.js';
import { benchConfig, report } from '../../suite/case-process.js';
import { held } from '../heap.js';

const CHUNK = new Uint8Array(64 << 10).fill(0x5a);
const DATAGRAM = new Uint8Array(1000).fill(0x5a);
const STREAMS = 100;
/** Messages of which at most so many wait for an acknowledgement. */
const MESSAGES = 512;
const DATAGRAMS_A_TURN = 64;

let offeredBytes = 0;
let readBytes = 0;

function countOffered(): void {
  offeredBytes += CHUNK.byteLength;
}

function openStreams({ here }: Pair, count: number): void {
  for (let index = 0; index < count; index++) {
    pour(here.openStream({ unidirectional: true }), CHUNK, countOffered);
  }
}

function sendMessages({ here }: Pair): void {
  const next = (): void => {
    countOffered();
    here.sendMessage(CHUNK).then(next, fail);
  };
  for (let index = 0; index < MESSAGES; index++) next();
}

function sendDatagrams({ here }: Pair): void {
  setInterval(() => {
    for (let index = 0; index < DATAGRAMS_A_TURN; index++) {
      if (here.sendDatagram(DATAGRAM)) offeredBytes += DATAGRAM.byteLength;
    }
  }, 1);
}

async function overNet(): Promise<() => void> {
  const server = createServer((socket) => socket.pause());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  const client = netConnect(port, '127.0.0.1');
  await once(client, 'connect');
  return () => pour(client, CHUNK, countOffered);
}

async function overBurstwire(way: string): Promise<() => void> {
  const pair = await openPair();
  if (way === 'stream') {
    pair.there.on('stream', (stream) =>
      stream.on('data', (bytes: Uint8Array) => {
        readBytes += bytes.byteLength;
      }),
    );
  }
  const ways: Readonly<Record<string, () => void>> = {
    stream: () => openStreams(pair, 1),
    'unread-stream': () => openStreams(pair, 1),
    'unread-streams': () => openStreams(pair, STREAMS),
    'unread-messages': () => sendMessages(pair),
    'unread-datagrams': () => sendDatagrams(pair),
  };
  return ways[way];
}

const way = process.argv[2];
const { seconds } = benchConfig();
const begin = way === 'net-unread' ? await overNet() : await overBurstwire(way);
const before = await held();
begin();
await wait(seconds * 1000);
const after = await held();
report({
  heapBytes: Math.max(after.heapBytes - before.heapBytes, 0),
  residentBytes: after.residentBytes,
  note: `${(offeredBytes / 1e6).toFixed(0)} MB given to the sender, ${(readBytes / 1e6).toFixed(0)} MB read`,
});
process.exit();
