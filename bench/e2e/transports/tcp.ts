/**
 * TCP without Nagle's delay, plain (node:net) or under TLS 1.3 with AES-128-GCM (node:tls).
 *
 * Called by way of load.ts. The kernel does not say how many packets there were, so nothing is counted.
 *
 * Invariant: both sides are the same but for what encrypts.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { CIPHERS, makeCertificate } from '../certificate.js';
import { type Channel, SILENT_SIDE, type Transport } from '../transport.js';

const SUITE = { ciphers: CIPHERS, minVersion: 'TLSv1.3' } as const;
const HOST = '127.0.0.1';

export function tcp(isSecure: boolean): Transport {
  return {
    listen: async (_sockets, onChannel) => {
      const onSocket = (socket: Socket): void => onChannel(channelOf(socket));
      const server = isSecure
        ? createTlsServer({ ...makeCertificate(), ...SUITE }, onSocket)
        : createServer(onSocket);
      server.listen({ port: 0, host: HOST, backlog: 512 });
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      return { ...SILENT_SIDE, doors: [{ port }] };
    },
    connect: async ([{ port }], channels) => {
      const opened = Array.from({ length: channels }, () => open(isSecure, port));
      return { ...SILENT_SIDE, channels: await Promise.all(opened) };
    },
  };
}

async function open(isSecure: boolean, port: number): Promise<Channel> {
  const to = { port, host: HOST };
  const socket = isSecure
    ? connectTls({ ...to, ...SUITE, rejectUnauthorized: false })
    : connect(to);
  await once(socket, isSecure ? 'secureConnect' : 'connect');
  return channelOf(socket);
}

function channelOf(socket: Socket): Channel {
  socket.setNoDelay();
  socket.on('error', () => {});
  return {
    hasRecords: false,
    write: (bytes) => socket.write(bytes),
    onDrain: (listener) => socket.on('drain', listener),
    onBytes: (listener) => socket.on('data', listener),
    count: (add) => socket.on('data', (bytes) => add(bytes.length)),
  };
}
