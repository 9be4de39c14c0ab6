/** The errors of misuse, one by one beside those of node:dgram itself. */

import nodeDgram from 'node:dgram';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Dgram, loadDgram } from './engines.js';

/** As JavaScript calls it: with anything. */
type Loose = Record<string, (...args: unknown[]) => unknown>;

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    const { name, code, message } = error as NodeJS.ErrnoException;
    return { name, code, message, text: String(error) };
  }
  return 'nothing';
}

const BYTES = Buffer.from('test');
const ODD = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  Number.NaN,
  '',
  'x',
  {},
  [],
  () => {},
  Symbol('s'),
  5n,
];

const CALLS: Record<string, (socket: Loose) => unknown> = {
  'send without arguments': (socket) => socket['send']?.(),
  'send an empty slice behind the end': (socket) => socket['send']?.(BYTES, 5, 0, 1, '127.0.0.1'),
  'send a slice that is too long': (socket) => socket['send']?.(BYTES, 1, 4, 1, '127.0.0.1'),
  'send a list with a number': (socket) => socket['send']?.([BYTES, 23], 1, '127.0.0.1'),
  'join no group': (socket) => socket['addMembership']?.(),
  'join something else': (socket) => socket['addMembership']?.('256.1.1.1'),
  'leave something else': (socket) => socket['dropMembership']?.('x'),
  'join of a source that is none': (socket) =>
    socket['addSourceSpecificMembership']?.('224.0.0.114', '0'),
  'a buffer that is not bound': (socket) => socket['setRecvBufferSize']?.(8192),
  'the other buffer': (socket) => socket['getSendBufferSize']?.(),
  'the address of a socket without one': (socket) => socket['address']?.(),
  'the remote address of a socket without one': (socket) => socket['remoteAddress']?.(),
  disconnect: (socket) => socket['disconnect']?.(),
  'broadcast before bind': (socket) => socket['setBroadcast']?.(true),
};
for (const value of ODD) {
  const shown = typeof value === 'string' ? `'${value}'` : String(value);
  CALLS[`send ${shown}`] = (socket) => socket['send']?.(value, 1, '127.0.0.1');
  CALLS[`send to port ${shown}`] = (socket) => {
    if (typeof value === 'function') return;
    socket['send']?.(BYTES, value, '127.0.0.1');
  };
  CALLS[`sendto offset ${shown}`] = (socket) => socket['sendto']?.(BYTES, value, 1, 0, 'x');
  CALLS[`connect to port ${shown}`] = (socket) => socket['connect']?.(value);
  CALLS[`setTTL ${shown}`] = (socket) => socket['setTTL']?.(value);
  CALLS[`setMulticastTTL ${shown}`] = (socket) => socket['setMulticastTTL']?.(value);
  CALLS[`setMulticastInterface ${shown}`] = (socket) => socket['setMulticastInterface']?.(value);
  CALLS[`setSendBufferSize ${shown}`] = (socket) => socket['setSendBufferSize']?.(value);
  CALLS[`addSourceSpecificMembership ${shown}`] = (socket) =>
    socket['addSourceSpecificMembership']?.(value, value);
}

describe('on native', () => {
  let dgram: Dgram;
  beforeAll(async () => {
    dgram = await loadDgram('native');
  });

  test.each(Object.keys(CALLS))('%s', (name) => {
    const call = CALLS[name] as (socket: Loose) => unknown;
    const [theirs, ours] = [nodeDgram, dgram].map((module) => {
      const socket = module.createSocket('udp4');
      socket.on('error', () => {});
      const said = thrownBy(() => call(socket as unknown as Loose));
      socket.close();
      return said;
    });
    expect(ours).toEqual(theirs);
  });

  test.each(
    ODD.flatMap((value) => [
      value,
      { type: value },
      { type: 'udp4', recvBufferSize: value },
      { type: 'udp4', lookup: value },
      { type: 'udp4', signal: value },
    ]),
  )('createSocket(%o)', (options) => {
    const make = (module: unknown) => () => {
      (module as Loose)['createSocket']?.(options);
    };
    expect(thrownBy(make(dgram))).toEqual(thrownBy(make(nodeDgram)));
  });

  test('twice bound, and used when closed', () => {
    for (const module of [dgram, nodeDgram]) {
      const socket = module.createSocket('udp4').bind(0);
      expect(thrownBy(() => socket.bind(0))).toMatchObject({ code: 'ERR_SOCKET_ALREADY_BOUND' });
      socket.close();
      for (const call of [() => socket.close(), () => socket.bind(), () => socket.address()]) {
        expect(thrownBy(call)).toMatchObject({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
      }
      expect(socket.ref()).toBe(socket);
      expect(socket.unref()).toBe(socket);
    }
  });
});
