/**
 * What `burstwire/dgram` exports: node:dgram's names, on the native engine where there is one.
 *
 * The engine is chosen once, when this is imported: `BURSTWIRE_ENGINE`, `BURSTWIRE_GSO` and `BURSTWIRE_GRO` are read then.
 * Called by the front door. Invariant: the types are node:dgram's own, so a program that compiles with it compiles with this.
 */

import dgram from 'node:dgram';
import type { BlockList } from 'node:net';
import { chooseBinding, isGsoDenied } from '../../io/open-socket.js';
import { readEnvironment } from '../bind-options.js';
import { createFallbackSocket } from './fallback.js';
import type { NativeParts } from './lifecycle.js';
import { Socket as NativeSocket } from './socket.js';

export type { BindOptions, RemoteInfo, SocketType } from 'node:dgram';

/** node:dgram's options, and those of newer versions of it, in every version of Node. */
export interface SocketOptions extends dgram.SocketOptions {
  /** SO_REUSEPORT (socket(7)): sockets of several processes at one port share its datagrams. Default false. */
  readonly reusePort?: boolean | undefined;
  /** Datagrams from these addresses are dropped. */
  readonly receiveBlockList?: BlockList | undefined;
  /** Sending or connecting to these addresses fails with ERR_IP_BLOCKED. */
  readonly sendBlockList?: BlockList | undefined;
}

/** node:dgram's Socket. */
export type Socket = dgram.Socket;

/** A listener of 'message', whatever the installed types of Node call its bytes. */
type Listener = NonNullable<Parameters<typeof dgram.createSocket>[1]>;

interface SocketConstructor {
  new (options: dgram.SocketType | SocketOptions, listener?: Listener): Socket;
  readonly prototype: Socket;
}

/** Which engine runs the sockets of this process, and why not the native one. */
export interface Engine {
  readonly name: 'native' | 'dgram';
  readonly reason?: string;
}

const chosen = choose();

/** Which engine runs; node:dgram has no such name. */
export const engine: Engine = Object.freeze(chosen.engine);

/** As node:dgram: `new Socket('udp4')`, `instanceof Socket`. */
export const Socket: SocketConstructor =
  chosen.parts === undefined ? fallbackConstructor() : nativeConstructor(chosen.parts);

/**
 * Makes a socket, as node:dgram does: `'udp4'`, `'udp6'` or options, and a listener of 'message'.
 *
 * @throws as node:dgram: ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE, ERR_OUT_OF_RANGE
 */
export function createSocket(
  options: dgram.SocketType | SocketOptions,
  listener?: Listener,
): Socket {
  return chosen.parts === undefined
    ? createFallbackSocket(options, listener)
    : new Socket(options, listener);
}

function choose(): { readonly engine: Engine; readonly parts?: NativeParts } {
  const environment = readEnvironment();
  const because = environment.engine === 'dgram' ? 'BURSTWIRE_ENGINE=dgram' : undefined;
  const choice = chooseBinding(environment.engine ?? 'auto', because);
  if (choice.binding === undefined) return { engine: { name: 'dgram', reason: choice.reason } };
  const { binding } = choice;
  const gso = environment.gso ?? !isGsoDenied(binding);
  const trains = { gso, gro: environment.gro ?? true };
  return { engine: { name: 'native' }, parts: { binding, trains } };
}

function nativeConstructor(parts: NativeParts): SocketConstructor {
  const Named = class Socket extends NativeSocket {
    constructor(options: unknown, listener: unknown) {
      super(parts, options, listener);
    }
  };
  return Named as unknown as SocketConstructor;
}

function fallbackConstructor(): SocketConstructor {
  return dgram.Socket as unknown as SocketConstructor;
}
