/**
 * Senders and receivers of 64-byte datagrams, one pair for each way that S1 knows.
 *
 * Called by cases/packet-rate.ts, on both sides.
 *
 * Invariant: `send(n)` offers n datagrams at once and says how many of them were taken.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Endpoint } from '../../lib/index.js';
import { bind } from '../../lib/udp.js';

const PAYLOAD = new Uint8Array(64).fill(0x5a);
const BUFFER_BYTES = 4 << 20;
const HOST = '127.0.0.1';

export interface Where {
  readonly port: number;
  /** Hexadecimal. */
  readonly publicKey?: string;
}

export interface Receiver {
  readonly where: Where;
  received(): number;
}

export interface Sender {
  send(count: number): number;
}

interface Ends {
  receiver(): Promise<Receiver>;
  sender(where: Where): Promise<Sender>;
}

const WAYS: Readonly<Record<string, Ends>> = {
  dgram: { receiver: receiveDgram, sender: sendDgram },
  udp: { receiver: receiveUdp, sender: sendUdp },
  datagram: { receiver: receiveSecure, sender: sendSecure },
};

export function openReceiver(way: string): Promise<Receiver> {
  return WAYS[way].receiver();
}

export function openSender(way: string, where: unknown): Promise<Sender> {
  return WAYS[way].sender(where as Where);
}

async function receiveDgram(): Promise<Receiver> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
  let count = 0;
  socket.on('message', () => count++);
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return { where: { port: socket.address().port }, received: () => count };
}

async function sendDgram({ port }: Where): Promise<Sender> {
  const socket = createSocket({ type: 'udp4', sendBufferSize: BUFFER_BYTES });
  socket.connect(port, HOST);
  await once(socket, 'connect');
  return {
    send(count) {
      for (let index = 0; index < count; index++) socket.send(PAYLOAD);
      return count;
    },
  };
}

async function receiveUdp(): Promise<Receiver> {
  const socket = await bind({ address: HOST, port: 0, receiveBufferSize: BUFFER_BYTES });
  let count = 0;
  socket.on('batch', (batch) => {
    count += batch.length;
  });
  return { where: { port: socket.address.port }, received: () => count };
}

async function sendUdp({ port }: Where): Promise<Sender> {
  const socket = await bind({ address: HOST, port: 0, sendBufferSize: BUFFER_BYTES });
  const to = { address: HOST, port };
  const batch = socket.createSendBatch();
  return {
    send(count) {
      for (let index = 0; index < count; index++)
        batch.reserve(PAYLOAD.byteLength, to).set(PAYLOAD);
      const taken = batch.flush();
      // What the kernel had no room for is refused: it must not count again with the next.
      batch.clear();
      return taken;
    },
  };
}

async function receiveSecure(): Promise<Receiver> {
  const server = await Endpoint.bind({ address: HOST });
  let count = 0;
  server.on('connection', (connection) => connection.on('datagram', () => count++));
  const publicKey = Buffer.from(server.publicKey).toString('hex');
  return { where: { port: server.address.port, publicKey }, received: () => count };
}

async function sendSecure({ port, publicKey }: Where): Promise<Sender> {
  const client = await Endpoint.bind({ address: HOST });
  const key = Buffer.from(publicKey!, 'hex');
  const connection = await client.connect({ address: HOST, port, publicKey: key });
  return {
    send(count) {
      let taken = 0;
      for (let index = 0; index < count; index++) if (connection.sendDatagram(PAYLOAD)) taken++;
      return taken;
    },
  };
}
