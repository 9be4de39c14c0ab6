/**
 * D1, D2: what a datagram costs an ordinary dgram program, of which only the import differs.
 *
 *     node --import ./bench/micro/typescript.mjs bench/components/cases/dgram-program.ts sink burstwire
 *
 * `sink`: adds metrics up by name, as statsd does. `echo`: answers each. `ticks`: sends 32 a turn. `callbacks`: the
 * same, and goes on when all 32 callbacks have come. With `node` or `burstwire`. The other process (dgram-load.ts) is the same for both.
 *
 * Invariant: CPU time is this process's alone, and only what was done while it was measured is counted.
 */

import { fork } from 'node:child_process';
import type dgram from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { benchConfig, report, startUsage } from '../../suite/case-process.js';

const AT_ONCE = 32;
const LINE = Buffer.from('requests.endpoint-1.latency:8|ms|#region:eu,host:h1');
const LOAD = new URL('../dgram-load.ts', import.meta.url);

type Module = Pick<typeof dgram, 'createSocket'>;

/** Datagrams received or sent so far. */
let count = 0;

const receivers = {
  sink(socket: dgram.Socket): void {
    const sums = new Map<string, number>();
    socket.on('message', (message) => {
      const [name = '', value] = message.toString('latin1').split(':', 2);
      sums.set(name, (sums.get(name) ?? 0) + Number.parseFloat(value ?? ''));
      count++;
    });
  },
  echo(socket: dgram.Socket): void {
    socket.on('message', (message, remote) => {
      socket.send(message, remote.port, remote.address);
      count++;
    });
  },
};

const senders = {
  ticks(socket: dgram.Socket, port: number): void {
    for (let i = 0; i < AT_ONCE; i++) socket.send(LINE, port, '127.0.0.1');
    count += AT_ONCE;
    setImmediate(senders.ticks, socket, port);
  },
  callbacks(socket: dgram.Socket, port: number): void {
    let waiting = AT_ONCE;
    const settle = (): void => {
      count++;
      // Not from the callback itself: node:dgram would never leave its tick.
      if (--waiting === 0) setImmediate(senders.callbacks, socket, port);
    };
    for (let i = 0; i < AT_ONCE; i++) socket.send(LINE, port, '127.0.0.1', settle);
  },
};

async function start(way: string, { createSocket }: Module): Promise<void> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const receives = way === 'sink' || way === 'echo';
  const args = receives ? ['pour', String(socket.address().port)] : ['drain'];
  const load = fork(LOAD, args, { env: { ...process.env, BURSTWIRE_GSO: '0' } });
  process.on('exit', () => load.kill());
  const [port] = (await once(load, 'message')) as [number];
  if (receives) receivers[way](socket);
  else senders[way as keyof typeof senders](socket, port);
}

const [, , way = 'sink', whose] = process.argv;
const config = benchConfig();
const module: Module =
  whose === 'node' ? await import('node:dgram') : await import('../../../lib/dgram.js');
await start(way, module);
await sleep(config.warmupSeconds * 1000);
const usage = startUsage();
const before = count;
const startMs = performance.now();
await sleep(config.seconds * 1000);
const seconds = (performance.now() - startMs) / 1000;
report({ packetsPerSec: (count - before) / seconds, ...usage(seconds, count - before) });
process.exit();
