/**
 * S5: everything at once, for as long as wanted, both ends in this process over loopback: bulk, messages, datagrams, and
 * connections that come and go. Does the process hold more and more?
 *
 *     node --import ./bench/micro/typescript.mjs bench/stress/soak.ts --seconds 1800
 *
 * Without `--seconds` it is a case of the suite. By hand it prints a line every ten seconds.
 *
 * Invariant: the slope is of what is held after a full collection, over the second half of the time: the first half fills
 * pools and windows.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPair, type Pair } from '../components/pair.js';
import { benchConfig, report } from '../suite/case-process.js';
import { openDoor } from './doors.js';
import { held, slope } from './heap.js';

const CHUNK = new Uint8Array(16 << 10).fill(0x5a);
const DATAGRAM = new Uint8Array(1000).fill(0x5a);
const SAMPLES = 40;
const REPORT_MS = 10_000;
/** Of each round of the load: bytes on a stream of its own, and datagrams. */
const CHUNKS = 16;
const DATAGRAMS = 8;

let bytes = 0;
let connections = 0;

function count(chunk: Uint8Array): void {
  bytes += chunk.byteLength;
}

function listen({ there }: Pair): void {
  there.on('stream', (stream) => {
    stream.on('data', count);
    stream.on('end', () => stream.end());
  });
  there.on('message', count);
  there.on('datagram', count);
}

/** One round after the other: a stream, a message, some datagrams. */
async function load({ here }: Pair, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const stream = here.openStream();
    stream.resume();
    for (let index = 0; index < CHUNKS; index++) stream.write(CHUNK);
    stream.end();
    for (let index = 0; index < DATAGRAMS; index++) here.sendDatagram(DATAGRAM);
    await here.sendMessage(CHUNK);
  }
}

async function churn(isOver: () => boolean): Promise<void> {
  const door = await openDoor('ik');
  while (!isOver()) {
    await door.knock();
    connections++;
  }
}

const { values } = parseArgs({ options: { seconds: { type: 'string' } } });
const isByHand = values.seconds !== undefined;
const seconds = isByHand ? Number(values.seconds) : benchConfig().seconds;
if (!(seconds > 0 && seconds <= 7 * 86_400)) {
  process.stderr.write(`--seconds takes a number above 0 and up to a week: ${values.seconds}\n`);
  process.exit(2);
}

const pair = await openPair();
listen(pair);
const startMs = performance.now();
const elapsedMs = (): number => performance.now() - startMs;
const isOver = (): boolean => elapsedMs() >= seconds * 1000;
const working = [load(pair, isOver), load(pair, isOver), churn(isOver)];
const points: (readonly [number, number])[] = [];
let lastHeld = await held();
let shownMs = 0;
while (!isOver()) {
  await wait((seconds * 1000) / SAMPLES);
  lastHeld = await held();
  points.push([elapsedMs() / 1000, lastHeld.heapBytes]);
  if (isByHand && elapsedMs() - shownMs >= REPORT_MS) {
    shownMs = elapsedMs();
    process.stderr.write(
      `${(shownMs / 1000).toFixed(0)} s: heap ${(lastHeld.heapBytes / 1e6).toFixed(1)} MB, ${connections} connections, ${(bytes / 1e6).toFixed(0)} MB\n`,
    );
  }
}
await Promise.all(working);
report({
  heapSlopeBytesPerSec: slope(points.slice(points.length >> 1)),
  heapBytes: lastHeld.heapBytes,
  residentBytes: lastHeld.residentBytes,
  throughputMBps: bytes / (elapsedMs() / 1000) / 1e6,
  connectionsPerSec: connections / (elapsedMs() / 1000),
  durationMs: elapsedMs(),
});
process.exit();
