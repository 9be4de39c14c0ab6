/**
 * udx-native: reliable UDP in C, without encryption and without a handshake.
 *
 * Called by way of load.ts. Since both ends of a stream have to know the other's id and port beforehand, the client tells
 * its own in a message on the same socket, and waits for the answer.
 *
 * Invariant: ids are unique on each socket; no message is counted as a stream's.
 */

import type { Duplex } from 'node:stream';
import type {
  Channel,
  ConnectedSide,
  Counts,
  ListeningSide,
  Side,
  Transport,
} from '../transport.js';
import { requirePeer } from './peer-package.js';

interface UdxSocket {
  bind(port: number, host: string): void;
  address(): { readonly port: number };
  on(
    event: 'message',
    listener: (bytes: Uint8Array, from: { readonly port: number }) => void,
  ): void;
  trySend(bytes: Uint8Array, port: number, host: string): void;
  setRecvBufferSize(bytes: number): void;
  setSendBufferSize(bytes: number): void;
}

interface UdxStream extends Duplex {
  readonly packetsTransmitted: number;
  /** Of 16 bits. */
  readonly retransmits: number;
  connect(socket: UdxSocket, remoteId: number, port: number, host: string): void;
}

interface Udx {
  createSocket(): UdxSocket;
  createStream(id: number): UdxStream;
}

const HOST = '127.0.0.1';
const BUFFER_BYTES = 4 << 20;

export const UDX: Transport = {
  listen: async (sockets, onChannel) => {
    const end = new UdxEnd();
    const doors = Array.from({ length: sockets }, () => end.openSocket());
    for (const socket of doors) {
      socket.on('message', (bytes, { port }) => {
        const { stream, id } = end.createStream();
        stream.connect(socket, JSON.parse(Buffer.from(bytes).toString()), port, HOST);
        onChannel(channelOf(stream));
        socket.trySend(Buffer.from(JSON.stringify(id)), port, HOST);
      });
    }
    const listening: ListeningSide = {
      ...end.side,
      doors: doors.map((socket) => ({ port: socket.address().port })),
    };
    return listening;
  },
  connect: async (doors, channels, sockets) => {
    const end = new UdxEnd();
    const own = Array.from({ length: sockets }, () => end.openSocket());
    const opened: Channel[] = [];
    for (let index = 0; index < channels; index++) {
      opened.push(await end.connect(own[index % sockets], doors[index % doors.length].port));
    }
    const connected: ConnectedSide = { ...end.side, channels: opened };
    return connected;
  },
};

class UdxEnd {
  readonly #udx = new (requirePeer('udx-native') as new () => Udx)();
  readonly #streams: UdxStream[] = [];
  /** Of each stream: the last reading of its counter, and the sum of what it has grown by. */
  readonly #retransmits = new Map<UdxStream, readonly [reading: number, sum: number]>();
  #answered: (remoteId: number) => void = () => {};

  readonly side: Side = { counts: () => this.#counts(), isSettled: () => true };

  openSocket(): UdxSocket {
    const socket = this.#udx.createSocket();
    socket.bind(0, HOST);
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
    return socket;
  }

  createStream(): { readonly stream: UdxStream; readonly id: number } {
    const id = this.#streams.length + 1;
    const stream = this.#udx.createStream(id);
    this.#streams.push(stream);
    stream.on('error', () => {});
    return { stream, id };
  }

  async connect(socket: UdxSocket, port: number): Promise<Channel> {
    const { stream, id } = this.createStream();
    socket.on('message', (bytes) => this.#answered(JSON.parse(Buffer.from(bytes).toString())));
    const remoteId = await new Promise<number>((resolve) => {
      this.#answered = resolve;
      socket.trySend(Buffer.from(JSON.stringify(id)), port, HOST);
    });
    stream.connect(socket, remoteId, port, HOST);
    return channelOf(stream);
  }

  #counts(): Counts {
    let [packetsSent, packetsLost] = [0, 0];
    for (const stream of this.#streams) {
      packetsSent += stream.packetsTransmitted;
      const [before, sum] = this.#retransmits.get(stream) ?? [0, 0];
      const grown = sum + ((stream.retransmits - before) & 0xffff);
      this.#retransmits.set(stream, [stream.retransmits, grown]);
      packetsLost += grown;
    }
    return { packetsSent, packetsLost };
  }
}

function channelOf(stream: UdxStream): Channel {
  return {
    hasRecords: false,
    write: (bytes) => stream.write(bytes),
    onDrain: (listener) => stream.on('drain', listener),
    onBytes: (listener) => stream.on('data', listener),
    count: (add) => stream.on('data', (bytes: Uint8Array) => add(bytes.byteLength)),
  };
}
