/**
 * node:dgram as it is: nothing is encrypted, acknowledged or sent again. For round trips only; bulk would measure loss.
 *
 * Called by way of load.ts.
 *
 * Invariant: a datagram is a call.
 */

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Channel, SILENT_SIDE, type Transport } from '../transport.js';

const HOST = '127.0.0.1';

export const DGRAM: Transport = {
  listen: async (_sockets, onChannel) => {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    // One peer: whoever was heard last is answered.
    let remote = 0;
    socket.on('message', (_bytes, { port }) => {
      remote = port;
    });
    onChannel(channelOf(socket, (bytes) => socket.send(bytes, remote, HOST)));
    return { ...SILENT_SIDE, doors: [{ port: socket.address().port }] };
  },
  connect: async ([{ port }], channels) => {
    const opened = Array.from({ length: channels }, async () => {
      const socket = createSocket('udp4');
      socket.connect(port, HOST);
      await once(socket, 'connect');
      return channelOf(socket, (bytes) => socket.send(bytes));
    });
    return { ...SILENT_SIDE, channels: await Promise.all(opened) };
  },
};

function channelOf(socket: Socket, send: (bytes: Uint8Array) => void): Channel {
  socket.on('error', () => {});
  return {
    hasRecords: true,
    write: (bytes) => {
      send(bytes);
      return true;
    },
    onDrain: () => {},
    onBytes: (listener) => socket.on('message', listener),
    count: (add) => socket.on('message', (bytes) => add(bytes.length)),
  };
}
