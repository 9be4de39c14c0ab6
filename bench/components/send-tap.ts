/**
 * Notices each call that hands datagrams to the kernel, of real endpoints in this process.
 *
 * It wraps `send` of the engine's class, so that `Endpoint.bind` is measured as everybody uses it, and adds two readings of
 * the clock to a call. Called by cases/send-latency.ts and cases/rate-limit.ts.
 *
 * Invariant: what the engine does, and returns, is the same with the tap as without.
 */

import { LENGTH, ROW_SHIFT } from '../../lib/batch/layout.js';
import type { BatchSocket, EngineOptions } from '../../lib/io/batch-socket.js';
import { openSocket } from '../../lib/io/open-socket.js';

/** A call of `send`: when it was made and when it returned (ms, as performance.now), and what the kernel took. */
export interface SendCall {
  readonly port: number;
  readonly calledMs: number;
  readonly returnedMs: number;
  readonly byteLength: number;
}

/** For the socket that only shows its class. */
const OPTIONS: EngineOptions = {
  address: '127.0.0.1',
  port: 0,
  ipv6Only: false,
  reusePort: false,
  gso: true,
  gro: true,
  receiveBufferSize: 1 << 16,
  sendBufferSize: 1 << 16,
  maxPeers: 16,
};

/**
 * From now on `onSend` hears of every `send` of engines of this kind, after it has returned. The object is the same each
 * time: borrowed for the call.
 */
export async function tapSends(
  engine: 'native' | 'dgram',
  onSend: (call: SendCall) => void,
): Promise<void> {
  const opened = await openSocket({ engine, options: OPTIONS, gsoForced: false });
  const type = Object.getPrototypeOf(opened.engine) as BatchSocket;
  await opened.engine.close();
  const { send } = type;
  const call = { port: 0, calledMs: 0, returnedMs: 0, byteLength: 0 };
  type.send = function tapped(this: BatchSocket, bytes, rows, from, to) {
    call.calledMs = performance.now();
    const settled = send.call(this, bytes, rows, from, to);
    call.returnedMs = performance.now();
    call.port = this.local.port;
    call.byteLength = 0;
    for (let row = from; row < from + settled; row++) {
      call.byteLength += rows[(row << ROW_SHIFT) + LENGTH];
    }
    onSend(call);
    return settled;
  };
}
