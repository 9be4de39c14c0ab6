/**
 * E1's limit: the same packets protected and moved by C++ alone, without Node and without a transport (bench/ceiling/secure).
 *
 *     node --import ./bench/micro/typescript.mjs bench/e2e/cases/ceiling.ts
 *
 * Builds the program when it is not there. Started by the runner.
 *
 * Invariant: both processes are ended here.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildSecureCeiling } from '../../ceiling/build-secure.js';
import { benchConfig, report } from '../../suite/case-process.js';
import type { Measurement } from '../../suite/types.js';

/** The line at the end of each process. */
interface Counted {
  readonly datagrams: number;
  readonly payloadBytes: number;
  readonly calls: number;
  readonly seconds: number;
  readonly cpuUs: number;
  readonly kernelDrops: number;
}

const { seconds, warmupSeconds } = benchConfig();
const WINDOW = ['--warmup', String(warmupSeconds), '--seconds', String(seconds)];
const PATIENCE_MS = 20_000;

class Side {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor(path: string, ...args: string[]) {
    this.process = spawn(path, [...args, ...WINDOW], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = createInterface({ input: this.process.stdout! })[Symbol.asyncIterator]();
    this.process.stderr!.on('data', (bytes) => {
      this.#stderr += bytes;
    });
    this.process.on('error', () => {});
  }

  async nextLine<T>(): Promise<T> {
    const { value, done } = await this.#lines.next();
    if (!done) return JSON.parse(value) as T;
    if (this.process.exitCode === null) await once(this.process, 'close');
    throw new Error(this.#stderr.trim().split('\n').at(-1) || 'it ended without a result');
  }
}

const sides: Side[] = [];

async function measure(): Promise<Measurement> {
  const path = await buildSecureCeiling();
  const timer = setTimeout(
    () => {
      for (const side of sides) side.process.kill('SIGKILL');
    },
    (seconds + warmupSeconds) * 1000 + PATIENCE_MS,
  );
  const receiver = new Side(path, 'recv', '--mode', 'open');
  sides.push(receiver);
  const { ports, kernel } = await receiver.nextLine<{ ports: number[]; kernel: string }>();
  const sender = new Side(path, 'send', '--mode', 'seal', '--ports', String(ports[0]));
  sides.push(sender);
  const sent = await sender.nextLine<Counted>();
  receiver.process.stdin!.end();
  const received = await receiver.nextLine<Counted>();
  clearTimeout(timer);
  if (!(received.seconds > 0 && sent.seconds > 0)) throw new Error('its window never closed');
  return metricsOf(sent, received, kernel);
}

function metricsOf(sent: Counted, received: Counted, kernel: string): Measurement {
  const cpuUs = sent.cpuUs / sent.seconds + received.cpuUs / received.seconds;
  const calls = sent.calls / sent.seconds + received.calls / received.seconds;
  const packets = sent.datagrams / sent.seconds;
  return {
    throughputMBps: received.payloadBytes / received.seconds / 1e6,
    packetsPerSec: packets,
    cpuPercent: cpuUs / 1e4,
    cpuNsPerPacket: (cpuUs * 1000) / packets,
    syscallsPerSec: calls,
    syscallsPerPacket: calls / packets,
    lostPercent: (100 * received.kernelDrops) / Math.max(sent.datagrams, 1),
    note: `${kernel}; CPU time holds its spinning while it waits`,
  };
}

try {
  report(await measure());
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error) });
}
for (const side of sides) side.process.kill('SIGKILL');
process.exit();
