/**
 * A UdpSocket of the native engine whose system calls fail on command.
 *
 * The addon of `npm test` is built with BURSTWIRE_FAULTS; a released one is not, and then these tests are left out
 * with a printed reason. The errors are answered in the kernel's place; everything else is the real thing.
 */

import { constants } from 'node:os';
import { onTestFinished } from 'vitest';
import { UdpSocket } from '../../lib/api/udp-socket.js';
import { openNativeSocket } from '../../lib/io/native-socket.js';
import type { NativeUdpSocket } from '../../lib/native/binding.js';
import { loadBinding } from '../../lib/native/load.js';

/** Which system call fails; the numbers of native/udp/fault_injection.h. */
export const OPERATIONS = { sendmmsg: 0, sendmsg: 1, recvmmsg: 2, recvmsg: 3 } as const;
export type Operation = keyof typeof OPERATIONS;
export type ErrnoName = keyof typeof constants.errno;

export interface Fault {
  readonly call: Operation;
  /** What it answers: an error, or for sendmmsg how many messages it takes at most. */
  readonly answer: ErrnoName | number;
  /** How many calls pass before. Default 0. */
  readonly skip?: number;
  /** How often it fails. Default 1. */
  readonly times?: number;
}

export interface FaultySocket {
  readonly socket: UdpSocket;
  /** Faults of one call come in the order in which they were given. */
  fail(...faults: readonly Fault[]): void;
  /** Sets the clock that forgets refusals. */
  setNow(nowMs: number): void;
  /** What the engine asked the event loop to watch for, in order: READABLE, WRITABLE. */
  readonly watched: readonly number[];
}

const { binding, reason } = loadBinding();
/** Why these tests cannot run; undefined when they can. */
export const noFaults = ((): string | undefined => {
  if (binding === undefined) return reason;
  if ('inject' in binding.UdpSocket.prototype) return undefined;
  return 'the addon was built without BURSTWIRE_FAULTS';
})();
if (noFaults !== undefined) console.warn(`faults: left out: ${noFaults}`);

export interface FaultyOptions {
  readonly address?: string;
  readonly gso?: boolean;
  readonly gro?: boolean;
}

/** Opens one on loopback; closed when the test ends. */
export function openFaulty(options: FaultyOptions = {}): FaultySocket {
  if (binding === undefined) throw new Error(reason);
  let handle: NativeUdpSocket | undefined;
  const watched: number[] = [];
  const Spied = new Proxy(binding.UdpSocket, {
    construct: (target, values) => {
      const made: NativeUdpSocket = Reflect.construct(target, values);
      const listen = made.listen.bind(made);
      // The addon's methods are read-only.
      Object.defineProperty(made, 'listen', {
        value: (events: number) => {
          watched.push(events);
          listen(events);
        },
      });
      handle = made;
      return made;
    },
  });
  const engine = openNativeSocket(
    { ...binding, UdpSocket: Spied },
    {
      address: '127.0.0.1',
      port: 0,
      ipv6Only: false,
      reusePort: false,
      gso: true,
      gro: true,
      receiveBufferSize: 4 << 20,
      sendBufferSize: 4 << 20,
      maxPeers: 1024,
      ...options,
    },
  );
  const socket = new UdpSocket(engine, { info: engine.info, signal: undefined, debug: false });
  onTestFinished(() => socket.close());
  return {
    socket,
    watched,
    fail: (...faults) => {
      for (const { call, answer, skip = 0, times = 1 } of faults) {
        const result = typeof answer === 'number' ? answer : -constants.errno[answer];
        handle?.inject?.(OPERATIONS[call], skip, result, times);
      }
    },
    setNow: (nowMs) => handle?.setNow?.(nowMs),
  };
}
