/**
 * The two sides of the benchmark on `node:dgram`, as fast as it can be used: connected, 64 sends in flight, large
 * buffers, no name look-up, nothing allocated per datagram but what `node:dgram` itself allocates.
 *
 * Called by the worker. Invariant: a datagram counts as sent only when its callback came without an error.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

import { readKernelDrops } from './kernel-drops.js';
import {
  DGRAM_IN_FLIGHT,
  FANOUT_BUFFER_BYTES,
  type ReceiverPlan,
  type SenderPlan,
  SOCKET_BUFFER_BYTES,
} from './plan.js';
import type { ReceivingSide } from './receiving.js';
import { MeasuredWindow } from './window.js';

/** About 2 ms of sending before the event loop gets its turn: as long as burstwire's senders take. */
const SENDS_PER_TURN = 512;

type Lookup = (
  host: string,
  options: object,
  callback: (error: null, address: string, family: number) => void,
) => void;

/** Every address of the benchmark is a literal; the default look-up would cost a trip through the event loop. */
const literalLookup: Lookup = (host, _options, callback) => callback(null, host, 4);

/** Sends until window and tail are over; resolves with the window to report. */
export async function sendWithDgram(plan: SenderPlan): Promise<MeasuredWindow> {
  const socket = createSocket({
    type: 'udp4',
    sendBufferSize: SOCKET_BUFFER_BYTES,
    lookup: literalLookup as never,
  });
  const fanout = plan.kind === 'dgram-fanout';
  // Waited for first, begun then: with this look-up the event can come before the call returns.
  const ready = once(socket, fanout ? 'listening' : 'connect');
  if (fanout) socket.bind(0, '127.0.0.1');
  else socket.connect(plan.ports[0], '127.0.0.1');
  await ready;
  const window = new MeasuredWindow(plan, () => null);
  window.start();
  const send = makeSend(socket, plan, fanout);
  await (plan.rate > 0 ? sendPaced(plan, window, send) : sendInFlight(plan, window, send));
  socket.close();
  return window;
}

type Send = (callback: (error: Error | null) => void) => void;

function makeSend(socket: Socket, plan: SenderPlan, fanout: boolean): Send {
  const payload = Buffer.alloc(plan.sizeBytes, 0x5a);
  if (!fanout) return (callback) => socket.send(payload, callback);
  const { ports } = plan;
  let next = 0;
  return (callback) => {
    const port = ports[next];
    next = next + 1 === ports.length ? 0 : next + 1;
    socket.send(payload, port, '127.0.0.1', callback);
  };
}

/**
 * Keeps a fixed number of sends under way: each that ends starts the next. A send that the kernel takes at once calls
 * back from the microtask queue, before timers and events; so after some the loop gets its turn.
 */
function sendInFlight(plan: SenderPlan, window: MeasuredWindow, send: Send): Promise<void> {
  const endMs = performance.now() + (plan.warmup + plan.seconds + plan.tail) * 1000;
  return new Promise((resolve) => {
    let inFlight = 0;
    let left = 0;
    const sent = (error: Error | null): void => {
      if (error === null) {
        window.totals.datagrams++;
        window.totals.bytes += plan.sizeBytes;
      }
      if (--left >= 0) send(sent);
      else if (--inFlight === 0) setImmediate(turn);
    };
    const turn = (): void => {
      if (performance.now() >= endMs && window.closed) {
        resolve();
        return;
      }
      inFlight = DGRAM_IN_FLIGHT;
      left = SENDS_PER_TURN - DGRAM_IN_FLIGHT;
      for (let i = 0; i < DGRAM_IN_FLIGHT; i++) send(sent);
    };
    turn();
  });
}

/** `burst` datagrams each time they are due by the clock; between bursts the loop spins through the event loop. */
function sendPaced(plan: SenderPlan, window: MeasuredWindow, send: Send): Promise<void> {
  return new Promise((resolve) => {
    const begin = performance.now();
    const endMs = begin + (plan.warmup + plan.seconds + plan.tail) * 1000;
    const gapMs = (1000 * plan.burst) / plan.rate;
    let bursts = 0;
    const sent = (error: Error | null): void => {
      if (error !== null) return;
      window.totals.datagrams++;
      window.totals.bytes += plan.sizeBytes;
    };
    const turn = (): void => {
      const now = performance.now();
      while (begin + bursts * gapMs <= now) {
        for (let i = 0; i < plan.burst; i++) send(sent);
        bursts++;
      }
      if (now < endMs || !window.closed) setImmediate(turn);
      else resolve();
    };
    turn();
  });
}

/** Opens the receiving sockets; they count from then on. */
export async function receiveWithDgram(plan: ReceiverPlan): Promise<ReceivingSide> {
  const window = new MeasuredWindow(plan, () => null);
  const { totals } = window;
  const onMessage = (message: Buffer, _remote: RemoteInfo): void => {
    if (totals.datagrams === 0) window.start();
    totals.datagrams++;
    totals.bytes += message.length;
    totals.touched = (totals.touched + message[0]) | 0;
  };
  const sockets: Socket[] = [];
  const ports: number[] = [];
  for (let i = 0; i < plan.destinations; i++) {
    const recvBufferSize = plan.destinations > 1 ? FANOUT_BUFFER_BYTES : SOCKET_BUFFER_BYTES;
    const socket = createSocket({ type: 'udp4', recvBufferSize });
    socket.on('message', onMessage);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    sockets.push(socket);
    ports.push(socket.address().port);
  }
  return {
    ports,
    window,
    kernelDrops: () => readKernelDrops(ports),
    close: async () => {
      for (const socket of sockets) socket.close();
    },
  };
}
