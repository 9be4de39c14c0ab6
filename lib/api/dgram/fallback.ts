/**
 * `burstwire/dgram` without the addon: node:dgram's own sockets, with the options that the running Node does not know yet.
 *
 * Called by `index`. Invariant: an option that keeps datagrams out is never ignored.
 */

import dgram from 'node:dgram';
import { type BlockList, isIP } from 'node:net';
import { knowsReusePort } from '../../io/dgram-bind.js';
import { ipBlocked } from './errors.js';
import { type Lookup, readOptions } from './options.js';

let warnedAboutReusePort = false;

/** node:dgram's `createSocket`, and `receiveBlockList`, `sendBlockList` in all its versions. */
export function createFallbackSocket(options: unknown, listener: unknown): dgram.Socket {
  const create = dgram.createSocket as unknown as (
    options: unknown,
    listener: unknown,
  ) => dgram.Socket;
  if (options === null || typeof options !== 'object') return create(options, listener);
  const config = readOptions(options);
  if (config.reusePort && !knowsReusePort(process.versions.node)) warnAboutReusePort();
  if (config.receiveBlockList === undefined && config.sendBlockList === undefined) {
    return create(options, listener);
  }
  const { sendBlockList, receiveBlockList } = config;
  const given = { ...options, receiveBlockList: undefined, sendBlockList: undefined };
  if (sendBlockList === undefined) {
    const socket = create(given, listener);
    if (receiveBlockList !== undefined) dropBlocked(socket, receiveBlockList);
    return socket;
  }
  const lookup = refusingLookup(config.lookup, sendBlockList, () => isBound(socket));
  const socket = create({ ...given, lookup }, listener);
  if (receiveBlockList !== undefined) dropBlocked(socket, receiveBlockList);
  return socket;
}

function isBlocked(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

function isBound(socket: dgram.Socket): boolean {
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}

/**
 * node:dgram looks every destination up, so a look-up that fails is a destination that is refused. It looks up where to bind
 * as well, and that is not refused: a socket sends and connects only once it is bound.
 */
function refusingLookup(lookup: Lookup, list: BlockList, sends: () => boolean): Lookup {
  return (hostname, family, callback) => {
    lookup(hostname, family, (error, address, found) => {
      const refused = !error && sends() && isBlocked(list, address);
      if (refused) callback(ipBlocked(address), address, found);
      else callback(error, address, found);
    });
  };
}

function dropBlocked(socket: dgram.Socket, list: BlockList): void {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: unknown[]) => boolean;
  const filtered = (event: string | symbol, ...args: unknown[]): boolean => {
    const source = event === 'message' ? (args[1] as dgram.RemoteInfo).address : undefined;
    return source !== undefined && isBlocked(list, source) ? false : emit(event, ...args);
  };
  socket.emit = filtered as typeof socket.emit;
}

function warnAboutReusePort(): void {
  if (warnedAboutReusePort) return;
  warnedAboutReusePort = true;
  process.emitWarning('burstwire/dgram: reusePort needs the native engine, or Node 22.12', {
    code: 'BURSTWIRE_NO_REUSE_PORT',
  });
}
