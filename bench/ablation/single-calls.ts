/**
 * The addon's socket with one datagram a system call: what a transport without recvmmsg and sendmmsg does.
 *
 * The calls are still recvmmsg and sendmmsg, of one message each; BURSTWIRE_GSO=0 and BURSTWIRE_GRO=0 have to keep trains
 * out of them. Called by variants.ts.
 *
 * Invariant: no call takes or gives more than one message; the socket's counters show it.
 */

import { RECEIVE_STRIDE } from '../../lib/batch/layout.js';
import type {
  Binding,
  NativeUdpSocket,
  UdpSocketInfo,
  UdpSocketOptions,
} from '../../lib/native/binding.js';

/** The same addon, but its sockets move one message a call. */
export function withSingleCalls(binding: Binding): Binding {
  const { UdpSocket } = binding;
  class SingleCallSocket implements NativeUdpSocket {
    readonly #socket: NativeUdpSocket;

    constructor(options: UdpSocketOptions, counters: Float64Array, columns: Int32Array) {
      this.#socket = new UdpSocket(options, counters, columns);
    }

    /** The addon asks for as many messages as the slab has room for: one. */
    attach(bytes: Uint8Array, rows: Int32Array): void {
      this.#socket.attach(bytes.subarray(0, RECEIVE_STRIDE), rows);
    }

    send(bytes: Uint8Array, rows: Int32Array, from: number, to: number): number {
      for (let row = from; row < to; row++) {
        if (this.#socket.send(bytes, rows, row, row + 1) === 0) return row - from;
      }
      return to - from;
    }

    sendViews(views: readonly Uint8Array[], rows: Int32Array, from: number, to: number): number {
      return this.#socket.sendViews(views, rows, from, to);
    }

    /** 0: row by row, please. */
    sendSegments(): number {
      return 0;
    }

    info(): UdpSocketInfo {
      return this.#socket.info();
    }

    start(onEvents: (events: number) => void): void {
      this.#socket.start(onEvents);
    }

    listen(events: number): void {
      this.#socket.listen(events);
    }

    receive(): number {
      return this.#socket.receive();
    }

    blocked(): number {
      return this.#socket.blocked();
    }

    intern(address: string, port: number): number {
      return this.#socket.intern(address, port);
    }

    describe(id: number): ReturnType<NativeUdpSocket['describe']> {
      return this.#socket.describe(id);
    }

    fd(): number {
      return this.#socket.fd();
    }

    refreshDrops(): void {
      this.#socket.refreshDrops();
    }

    ref(): void {
      this.#socket.ref();
    }

    unref(): void {
      this.#socket.unref();
    }

    close(): void {
      this.#socket.close();
    }
  }
  return { ...binding, UdpSocket: SingleCallSocket };
}
