/**
 * S5: everything at once, for as long as wanted, both ends in this process over loopback: bulk, messages, datagrams, and
 * connections that come and go. Does the process hold more and more?
 *
 *     npm run test:soak -- --seconds 1800
 *
 * Without `--seconds` it is a case of the suite. By hand it prints a line every ten seconds, and ends with 1 when the heap
 * has grown (growth.ts), or when descriptors, timers or sockets are left over.
 *
 * Invariant: the slope is of what is held after a full collection, over the second half of the time.
 */

import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPair, type Pair } from '../components/pair.js';
import { benchConfig, report } from '../suite/case-process.js';
import { type Door, openDoor } from './doors.js';
import { grown, heapGrowth, openThings } from './growth.js';
import { held } from './heap.js';

const CHUNK = new Uint8Array(16 << 10).fill(0x5a);
const DATAGRAM = new Uint8Array(1000).fill(0x5a);
const SAMPLES = 40;
const REPORT_MS = 10_000;
/** Closing periods end, sockets are let go. */
const SETTLE_MS = 1000;
const LOOKS = 20;
/** Of each round of the load: bytes on a stream of its own, and datagrams. */
const CHUNKS = 16;
const DATAGRAMS = 8;
/** A process that is stopped for a minute, or a machine that stands still, is no leak, and must not end the load. */
const OPTIONS = { idleTimeout: 600_000 };

/** Connections of the load that may fail for such a reason. */
const FAILURES_MAX = 0.01;

let bytes = 0;
let connections = 0;
let failures = 0;

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

async function churn(door: Door, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    try {
      await door.knock();
      connections++;
    } catch (error) {
      failures++;
      process.stderr.write(`soak: a connection failed: ${error}\n`);
      await wait(SETTLE_MS);
    }
  }
}

const { values } = parseArgs({ options: { seconds: { type: 'string' } } });
const isByHand = values.seconds !== undefined;
const seconds = isByHand ? Number(values.seconds) : benchConfig().seconds;
if (!(seconds > 0 && seconds <= 7 * 86_400)) {
  process.stderr.write(`--seconds takes a number above 0 and up to a week: ${values.seconds}\n`);
  process.exit(2);
}

const pair = await openPair(OPTIONS);
listen(pair);
const door = await openDoor('ik', OPTIONS);
await door.knock();
await wait(SETTLE_MS);
const before = openThings();
const startMs = performance.now();
const elapsedMs = (): number => performance.now() - startMs;
const isOver = (): boolean => elapsedMs() >= seconds * 1000;
const working = [load(pair, isOver), load(pair, isOver), churn(door, isOver)];
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
const growth = heapGrowth(points);
report({
  heapSlopeBytesPerSec: growth.bytesPerSec,
  heapBytes: lastHeld.heapBytes,
  residentBytes: lastHeld.residentBytes,
  throughputMBps: bytes / (elapsedMs() / 1000) / 1e6,
  connectionsPerSec: connections / (elapsedMs() / 1000),
  durationMs: elapsedMs(),
});
process.exit(isByHand ? await verdict() : 0);

/** What a soak by hand ends with. */
async function verdict(): Promise<number> {
  let leftOver = grown(before, openThings());
  // A driver lets its timer run out when nothing waits for it any more.
  for (let looks = 0; looks < LOOKS && leftOver.length > 0; looks++) {
    await wait(SETTLE_MS);
    leftOver = grown(before, openThings());
  }
  const complaints = growth.isTooMuch
    ? [`the heap grew by ${(growth.bytes / 1e6).toFixed(1)} MB in the second half`, ...leftOver]
    : leftOver;
  if (failures > FAILURES_MAX * connections) complaints.push(`${failures} connections failed`);
  for (const complaint of complaints) process.stderr.write(`soak: ${complaint}\n`);
  if (complaints.length === 0) process.stderr.write('soak: nothing has grown\n');
  return complaints.length === 0 ? 0 : 1;
}
