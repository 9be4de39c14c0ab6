/**
 * C1: from the application's call with 64 bytes to the moment when the kernel has them.
 *
 *     node --import ./bench/micro/typescript.mjs bench/components/cases/send-latency.ts stream
 *
 * `stream`, `message`, `datagram`: of a connection; `udp`: the batched socket alone; `dgram`: node:dgram, connected, until
 * its call returns; `dgram-callback`: not connected, as most use it, until its callback. One at a time, with two turns of the
 * event loop between two. Started by the runner.
 *
 * Invariant: a sample ends with the first call of `send` that carries it, and none is begun before the last one has ended.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { RecordableHistogram } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../../lib/index.js';
import { bind } from '../../../lib/udp.js';
import { benchConfig, latencyHistogram, latencyMetrics, report } from '../../suite/case-process.js';
import { openPair } from '../pair.js';
import { tapSends } from '../send-tap.js';

const PAYLOAD = new Uint8Array(64).fill(0x5a);

/** Sends the payload once; resolves with how long it took, ms. */
type SendOnce = () => Promise<number> | number;

/** Of our own: until the engine is called. The rest is the kernel's. */
let before: RecordableHistogram | undefined;

function senderOf(here: Connection, what: string): () => void {
  if (what === 'datagram') return () => void here.sendDatagram(PAYLOAD);
  if (what === 'message') return () => void here.sendMessage(PAYLOAD);
  const stream = here.openStream({ unidirectional: true });
  return () => void stream.write(PAYLOAD);
}

async function overConnection(what: string): Promise<SendOnce> {
  const { client, here, there } = await openPair();
  there.on('stream', (stream) => stream.resume());
  there.on('message', () => {});
  there.on('datagram', () => {});
  const { port } = client.address;
  const send = senderOf(here, what);
  const own = latencyHistogram();
  before = own;
  let startMs = 0;
  let tookMs = 0;
  await tapSends(client.engine.name, (call) => {
    if (startMs === 0 || call.port !== port) return;
    own.record(nanoseconds(call.calledMs - startMs));
    tookMs = call.returnedMs - startMs;
    startMs = 0;
  });
  return async () => {
    startMs = performance.now();
    send();
    while (startMs !== 0) await turn();
    return tookMs;
  };
}

async function overUdp(): Promise<SendOnce> {
  const receiver = await bind({ address: '127.0.0.1' });
  const sender = await bind({ address: '127.0.0.1' });
  receiver.on('batch', () => {});
  return () => {
    const startMs = performance.now();
    sender.send(PAYLOAD, receiver.address);
    return performance.now() - startMs;
  };
}

async function dgramPair(): Promise<{ readonly sender: Socket; readonly port: number }> {
  const receiver = createSocket('udp4');
  receiver.on('message', () => {});
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const sender = createSocket('udp4');
  sender.bind(0, '127.0.0.1');
  await once(sender, 'listening');
  return { sender, port: receiver.address().port };
}

async function overDgram(): Promise<SendOnce> {
  const { sender, port } = await dgramPair();
  sender.connect(port, '127.0.0.1');
  await once(sender, 'connect');
  return () => {
    const startMs = performance.now();
    sender.send(PAYLOAD);
    return performance.now() - startMs;
  };
}

async function overDgramCallback(): Promise<SendOnce> {
  const { sender, port } = await dgramPair();
  return () =>
    new Promise((resolve) => {
      const startMs = performance.now();
      sender.send(PAYLOAD, port, '127.0.0.1', () => resolve(performance.now() - startMs));
    });
}

function open(way: string): Promise<SendOnce> {
  if (way === 'udp') return overUdp();
  if (way === 'dgram') return overDgram();
  if (way === 'dgram-callback') return overDgramCallback();
  return overConnection(way);
}

function nanoseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1e6));
}

const config = benchConfig();
const sendOnce = await open(process.argv[2]);
const histogram = latencyHistogram();

async function repeat(seconds: number): Promise<void> {
  histogram.reset();
  before?.reset();
  const end = performance.now() + seconds * 1000;
  do {
    histogram.record(nanoseconds(await sendOnce()));
    await turn();
    await turn();
  } while (performance.now() < end);
}

await repeat(config.warmupSeconds);
await repeat(config.seconds);
const ownUs = before && (before.percentile(50) / 1000).toFixed(1);
report({
  ...latencyMetrics(histogram),
  ...(ownUs === undefined ? {} : { note: `the engine is called after ${ownUs} us (median)` }),
});
process.exit();
