/**
 * An engine without a kernel: tests say what arrives, how much room there is and what fails, and read what was sent.
 *
 * It keeps to the rules of `lib/io/batch-socket.ts`; its peer table is the real one of the dgram engine.
 */

import {
  COUNT_DATAGRAMS_SENT,
  COUNT_SEND_FAILURES,
  COUNTER_PLACES,
  FLAGS,
  LENGTH,
  LOCAL,
  OFFSET,
  REMOTE,
  ROW_SHIFT,
  STATUS,
} from '../../../lib/batch/layout.js';
import { PacketBatch } from '../../../lib/batch/packet-batch.js';
import type { BatchSocket, EngineInfo, SocketAddress } from '../../../lib/io/batch-socket.js';
import { DgramPeers } from '../../../lib/io/dgram-peers.js';

export interface Arrival {
  readonly bytes: Uint8Array;
  readonly address?: string;
  readonly port?: number;
  readonly flags?: number;
  readonly local?: string;
}

export interface SentDatagram {
  readonly bytes: Uint8Array;
  readonly remote: SocketAddress;
  readonly ecn: number;
  readonly local: SocketAddress | undefined;
}

export class FakeEngine implements BatchSocket {
  readonly info: EngineInfo = Object.freeze({ name: 'dgram', gso: false, gro: false, ecn: true });
  readonly local: SocketAddress = { address: '127.0.0.1', port: 4433, family: 'IPv4' };
  readonly receiveBufferSize = 65536;
  readonly sendBufferSize = 65536;
  readonly counters = new Float64Array(COUNTER_PLACES);
  readonly peers: DgramPeers;
  received = new PacketBatch(1 << 20, 8192);
  onReadable: () => void = () => {};
  onWritable: () => void = () => {};
  onSendError: (remote: SocketAddress, errno: number) => void = () => {};

  /** What `receive` returns, one batch a call. */
  readonly arrivals: Arrival[][] = [];
  readonly sent: SentDatagram[] = [];
  /** How many rows the next sends take in all. */
  room = Number.POSITIVE_INFINITY;
  /** The status of rows by the number of settled rows before them. */
  readonly failures = new Map<number, number>();
  settled = 0;
  sendCalls = 0;
  receiveCalls = 0;
  paused = false;
  pauses = 0;
  resumes = 0;
  referenced = true;
  closes = 0;
  closeError: Error | undefined = undefined;

  constructor(maxPeers = 1024) {
    this.peers = new DgramPeers('dual', maxPeers, this.counters);
  }

  refreshCounters(): void {}

  receive(): number {
    this.receiveCalls++;
    this.peers.beginReceive();
    const arrivals = this.arrivals.shift() ?? [];
    let end = 0;
    arrivals.forEach((arrival, index) => {
      const { rows, bytes } = this.received;
      const row = index << ROW_SHIFT;
      bytes.set(arrival.bytes, end);
      rows[row + OFFSET] = end;
      rows[row + LENGTH] = arrival.bytes.byteLength;
      rows[row + FLAGS] = arrival.flags ?? 0;
      rows[row + REMOTE] = this.peers.internReceived(
        arrival.address ?? '192.0.2.1',
        arrival.port ?? 1000,
      );
      rows[row + LOCAL] =
        arrival.local === undefined ? 0 : this.peers.internReceived(arrival.local, this.local.port);
      end += arrival.bytes.byteLength;
    });
    this.received.length = arrivals.length;
    return arrivals.length;
  }

  send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number {
    return this.#take(rows, from, to, (row) =>
      bytes.subarray(rows[row + OFFSET], rows[row + OFFSET] + rows[row + LENGTH]),
    );
  }

  sendViews(payloads: readonly Uint8Array[], rows: Int32Array, from: number, to: number): number {
    return this.#take(rows, from, to, (row) => payloads[row >> ROW_SHIFT]);
  }

  /** Rows show what a test wants to see. */
  sendSegments(): number {
    return 0;
  }

  pause(): void {
    this.paused = true;
    this.pauses++;
  }

  resume(): void {
    this.paused = false;
    this.resumes++;
  }

  ref(): void {
    this.referenced = true;
  }

  unref(): void {
    this.referenced = false;
  }

  async close(): Promise<void> {
    this.closes++;
    if (this.closeError !== undefined) throw this.closeError;
  }

  /** The text of what was sent, for short comparisons. */
  get sentTexts(): string[] {
    return this.sent.map(({ bytes }) => Buffer.from(bytes).toString());
  }

  #take(rows: Int32Array, from: number, to: number, bytesOf: (row: number) => Uint8Array): number {
    this.sendCalls++;
    let index = from;
    for (; index < to && this.room > 0; index++) {
      this.room--;
      const row = index << ROW_SHIFT;
      const status = this.failures.get(this.settled++) ?? 0;
      rows[row + STATUS] = status;
      if (status !== 0) {
        this.counters[COUNT_SEND_FAILURES]++;
        continue;
      }
      this.counters[COUNT_DATAGRAMS_SENT]++;
      const local = rows[row + LOCAL];
      this.sent.push({
        bytes: bytesOf(row).slice(),
        remote: this.peers.describe(rows[row + REMOTE]),
        ecn: rows[row + FLAGS],
        local: local === 0 ? undefined : this.peers.describe(local),
      });
    }
    this.peers.endSend();
    return index - from;
  }
}

/** Bytes of a text. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** The `code` of what `action` throws; undefined when it throws nothing. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

/** Takes the buffer of a view away, as a transfer to a worker does. */
export function detach(view: Uint8Array): void {
  const buffer = view.buffer as ArrayBuffer;
  structuredClone(buffer, { transfer: [buffer] });
}
