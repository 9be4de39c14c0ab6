/**
 * The two sides of the benchmark on `burstwire/udp`, by the public API alone and as its documentation says.
 *
 * Called by the worker. A row measures the native engine or nothing: where the engine, or the offload a row is about,
 * is missing, the side reports why. Invariant: a datagram counts as sent only when the kernel took it.
 */

import { bind, type SendBatch, type UdpSocket } from '../../udp.js';
import { readKernelDrops } from './kernel-drops.js';
import {
  FANOUT_BUFFER_BYTES,
  type ReceiverPlan,
  type SenderPlan,
  SOCKET_BUFFER_BYTES,
  trainSegments,
  type Unavailable,
} from './plan.js';
import type { ReceivingSide } from './receiving.js';
import { MeasuredWindow } from './window.js';

/** How long a sender runs before timers and events get their turn. */
const SLICE_MS = 2;
/** Payloads of one `sendBatch`, datagrams of one `SendBatch`. */
const BATCH_DATAGRAMS = 256;
/** `send` is called so often before the clock is read. */
const SINGLES = 32;

async function open(
  plan: { gso: boolean; gro: boolean },
  receiveBufferSize: number,
): Promise<UdpSocket | Unavailable> {
  try {
    const { gso, gro } = plan;
    const sizes = { receiveBufferSize, sendBufferSize: SOCKET_BUFFER_BYTES };
    const socket = await bind({ address: '127.0.0.1', engine: 'native', gso, gro, ...sizes });
    const { name, reason } = socket.engine;
    const missing =
      name !== 'native'
        ? 'the native engine'
        : gso && !socket.engine.gso
          ? 'GSO'
          : gro && !socket.engine.gro
            ? 'GRO'
            : undefined;
    if (missing === undefined) return socket;
    await socket.close();
    return { unavailable: `${missing} is off: ${reason ?? 'no reason given'}` };
  } catch (error) {
    return { unavailable: (error as Error).message };
  }
}

/** Sends until window and tail are over; resolves with the window to report. */
export async function sendWithBurstwire(plan: SenderPlan): Promise<MeasuredWindow | Unavailable> {
  const socket = await open({ gso: plan.gso, gro: false }, SOCKET_BUFFER_BYTES);
  if ('unavailable' in socket) return socket;
  const window = new MeasuredWindow(plan, () => socket.stats().sendCalls);
  await sendInSlices(socket, plan, window, makeStep(socket, plan));
  await socket.close();
  return window;
}

/** Sends some datagrams; how many of how many the kernel took. */
interface Step {
  readonly datagrams: number;
  run(): number;
}

function makeStep(socket: UdpSocket, plan: SenderPlan): Step {
  const to = plan.ports.map((port) => ({ address: '127.0.0.1', port }));
  const size = plan.sizeBytes;
  if (plan.kind === 'segments') {
    const datagrams = trainSegments(size) * plan.trains;
    const bytes = new Uint8Array(datagrams * size).fill(0x5a);
    return { datagrams, run: () => socket.sendSegments(bytes, size, to[0]) };
  }
  if (plan.kind === 'batch') {
    const slab = new Uint8Array(BATCH_DATAGRAMS * size).fill(0x5a);
    const payloads = Array.from({ length: BATCH_DATAGRAMS }, (_, i) =>
      slab.subarray(i * size, (i + 1) * size),
    );
    return { datagrams: BATCH_DATAGRAMS, run: () => socket.sendBatch(payloads, to[0]) };
  }
  if (plan.kind === 'fanout') return fanoutStep(socket, to, size);
  const payload = new Uint8Array(size).fill(0x5a);
  return {
    datagrams: SINGLES,
    run: () => {
      for (let i = 0; i < SINGLES; i++) {
        if (socket.send(payload, to[0]) === 0) return i;
      }
      return SINGLES;
    },
  };
}

/** Each datagram is written anew and goes to the next destination. */
function fanoutStep(
  socket: UdpSocket,
  to: readonly { address: string; port: number }[],
  size: number,
): Step {
  const payload = new Uint8Array(size).fill(0x5a);
  const bytes = BATCH_DATAGRAMS * size;
  const out: SendBatch = socket.createSendBatch({ datagrams: BATCH_DATAGRAMS, bytes });
  let next = 0;
  return {
    datagrams: BATCH_DATAGRAMS,
    run: () => {
      for (let i = out.length; i < BATCH_DATAGRAMS; i++) {
        out.bytes.set(payload, out.reserveOffset(size, to[next]));
        next = next + 1 === to.length ? 0 : next + 1;
      }
      return out.flush();
    },
  };
}

function sendInSlices(
  socket: UdpSocket,
  plan: SenderPlan,
  window: MeasuredWindow,
  step: Step,
): Promise<void> {
  const { totals } = window;
  const endMs = performance.now() + (plan.warmup + plan.seconds + plan.tail) * 1000;
  return new Promise((resolve) => {
    const slice = (): void => {
      const untilMs = performance.now() + SLICE_MS;
      let taken: number;
      do {
        taken = step.run();
        totals.datagrams += taken;
        totals.bytes += taken * plan.sizeBytes;
      } while (taken === step.datagrams && performance.now() < untilMs);
      if (performance.now() >= endMs && window.closed) resolve();
      else if (taken < step.datagrams) socket.once('drain', slice);
      else setImmediate(slice);
    };
    window.start();
    slice();
  });
}

/** Opens the receiving sockets; they count from then on. */
export async function receiveWithBurstwire(
  plan: ReceiverPlan,
): Promise<ReceivingSide | Unavailable> {
  const sockets: UdpSocket[] = [];
  const countCalls = () => sockets.reduce((sum, socket) => sum + socket.stats().receiveCalls, 0);
  const window = new MeasuredWindow(plan, countCalls);
  const { totals } = window;
  for (let i = 0; i < plan.destinations; i++) {
    const bufferBytes = plan.destinations > 1 ? FANOUT_BUFFER_BYTES : SOCKET_BUFFER_BYTES;
    const socket = await open({ gso: false, gro: plan.gro }, bufferBytes);
    if ('unavailable' in socket) return socket;
    socket.on('batch', (batch) => {
      if (totals.datagrams === 0) window.start();
      const { bytes, length } = batch;
      let touched = 0;
      let size = 0;
      for (let row = 0; row < length; row++) {
        touched += bytes[batch.offset(row)];
        size += batch.byteLength(row);
      }
      totals.datagrams += length;
      totals.bytes += size;
      totals.touched = (totals.touched + touched) | 0;
    });
    sockets.push(socket);
  }
  const ports = sockets.map((socket) => socket.address.port);
  return {
    ports,
    window,
    kernelDrops: () => readKernelDrops(ports),
    close: async () => {
      await Promise.all(sockets.map((socket) => socket.close()));
    },
  };
}
