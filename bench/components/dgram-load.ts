/**
 * The other process of an ordinary dgram program: pours datagrams on it, or takes what it sends.
 *
 *     dgram-load.ts pour PORT | drain
 *
 * Forked by cases/dgram-program.ts, the same one whichever module the program uses. It sends without trains, so each
 * datagram crosses the kernel by itself, as those of many clients would. Invariant: it ends when its parent has gone.
 */

import { once } from 'node:events';
import { createSocket } from '../../lib/dgram.js';

const PER_TURN = 64;
const LINES = Array.from({ length: 16 }, (_, i) =>
  Buffer.from(`requests.endpoint-${i}.latency:${i * 7 + 1}|ms|#region:eu,host:h${i}`),
);

process.on('disconnect', () => process.exit());

const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
socket.on('message', () => {});
socket.bind(0, '127.0.0.1');
await once(socket, 'listening');
const [, , way, port] = process.argv;
process.send?.(socket.address().port);

function pour(): void {
  for (let i = 0; i < PER_TURN; i++) {
    socket.send(LINES[i % LINES.length] as Buffer, Number(port), '127.0.0.1');
  }
  setImmediate(pour);
}

if (way === 'pour') pour();
