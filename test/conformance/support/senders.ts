/**
 * The ways to send the same datagrams: each takes payloads from a number on and returns how many were taken.
 */

import type { SocketAddress, UdpSocket } from '../../../lib/udp.js';

export interface SendWay {
  readonly name: string;
  /** A function that sends `all` from its argument on. */
  prepare(
    socket: UdpSocket,
    all: readonly Uint8Array[],
    to: SocketAddress,
  ): (from: number, upTo: number) => number;
}

function concatenate(list: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(list));
}

const sendEach: SendWay = {
  name: 'send',
  prepare: (socket, all, to) => (from, upTo) => {
    let next = from;
    while (next < upTo && socket.send(all[next], to) === 1) next++;
    return next - from;
  },
};

const sendScattered: SendWay = {
  name: 'sendBatch of scattered payloads',
  prepare: (socket, all, to) => (from, upTo) => socket.sendBatch(all.slice(from, upTo), to),
};

const sendAdjacent: SendWay = {
  name: 'sendBatch of payloads in one buffer',
  prepare: (socket, all, to) => {
    const bytes = concatenate(all);
    let end = 0;
    const views = all.map(({ length }) => {
      end += length;
      return bytes.subarray(end - length, end);
    });
    return (from, upTo) => socket.sendBatch(views.slice(from, upTo), to);
  },
};

const sendNamedEach: SendWay = {
  name: 'sendBatch with an address for each payload',
  prepare: (socket, all, to) => (from, upTo) => {
    const list = all.slice(from, upTo);
    return socket.sendBatch(
      list,
      list.map(() => ({ address: to.address, port: to.port })),
    );
  },
};

/** All payloads must be of one size. */
export const sendSegments: SendWay = {
  name: 'sendSegments',
  prepare: (socket, all, to) => {
    const bytes = concatenate(all);
    const size = all.length > 0 ? all[0].length : 1;
    return (from, upTo) => socket.sendSegments(bytes.subarray(from * size, upTo * size), size, to);
  },
};

const sendReserved: SendWay = {
  name: 'createSendBatch',
  prepare: (socket, all, to) => {
    const out = socket.createSendBatch({ datagrams: 1500 });
    let reserved = 0;
    return (_from, upTo) => {
      let taken = out.flush();
      while (out.length === 0 && reserved < upTo) {
        while (reserved < upTo && out.fits(all[reserved].length)) {
          out.reserve(all[reserved].length, to).set(all[reserved]);
          reserved++;
        }
        taken += out.flush();
      }
      return taken;
    };
  },
};

/** Each of them. */
export const sendWays: readonly SendWay[] = [
  sendEach,
  sendScattered,
  sendAdjacent,
  sendNamedEach,
  sendSegments,
  sendReserved,
];
