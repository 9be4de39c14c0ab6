/**
 * Keeps all that a socket receives, and waits for a count of it.
 *
 * `fence` makes "exactly once" testable: it sends a last datagram of its own; since loopback keeps the order, whatever
 * was sent before has come, or never will.
 */

import type { SocketAddress, UdpSocket } from '../../../lib/udp.js';
import { until } from './waiting.js';

export interface Received {
  readonly bytes: Uint8Array;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly ecn: number;
  readonly truncated: boolean;
}

const FENCE = new TextEncoder().encode('the fence behind everything');
/** How many bytes a fence adds to what is counted. */
export const FENCE_BYTES = FENCE.length;

export class Collector {
  readonly datagrams: Received[] = [];
  batches = 0;
  #fences = 0;

  constructor(socket: UdpSocket) {
    socket.on('batch', (batch) => {
      this.batches++;
      for (let index = 0; index < batch.length; index++) {
        const bytes = batch.payload(index).slice();
        if (Buffer.compare(bytes, FENCE) === 0) {
          this.#fences++;
          continue;
        }
        this.datagrams.push({
          bytes,
          remote: batch.remote(index),
          local: batch.local(index),
          ecn: batch.ecn(index),
          truncated: batch.truncated(index),
        });
      }
    });
  }

  get payloads(): Uint8Array[] {
    return this.datagrams.map(({ bytes }) => bytes);
  }

  /** Waits until `count` datagrams are here. */
  async count(count: number): Promise<void> {
    await until(
      () => this.datagrams.length >= count,
      () => `${this.datagrams.length} of ${count} datagrams came`,
    );
  }

  /** Waits until all that `from` sent to `to` before is here. */
  async fence(from: UdpSocket, to: SocketAddress): Promise<void> {
    const fences = this.#fences;
    await until(
      () => from.send(FENCE, to) === 1,
      () => 'room for the fence',
    );
    await until(
      () => this.#fences > fences,
      () => `the fence, behind ${this.datagrams.length} datagrams`,
    );
  }
}

/** How many datagrams of `size` bytes a socket's buffer surely holds, sent at once and not yet read. */
export function burstOf(socket: UdpSocket, size: number): number {
  // The kernel charges each datagram's whole buffer, and stores twice the size that it was asked for (socket(7)).
  const charged = 2 * Math.max(1024, 1024 + size);
  return Math.max(1, Math.floor((2 * socket.stats().receiveBufferSize) / charged));
}
