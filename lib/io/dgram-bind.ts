/**
 * Makes and binds the `node:dgram` socket under the dgram engine.
 *
 * It neither reads nor writes datagrams. Called by `openDgramSocket` only.
 *
 * Invariant: names are never looked up here. Every address that reaches node:dgram is a literal, so the look-up is
 * answered at once, and a send goes to the kernel in the call that makes it.
 */

import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { isIP } from 'node:net';
import type { EngineOptions, SocketAddress } from './batch-socket.js';
import { canonicalAddress, type Reach } from './dgram-peers.js';

export interface BoundDgram {
  readonly socket: Socket;
  readonly local: SocketAddress;
  readonly reach: Reach;
  readonly receiveBufferSize: number;
  readonly sendBufferSize: number;
  /** What was asked for and is not done, when there is something. */
  readonly reason?: string;
}

const NO_REUSE_PORT = 'reusePort needs Node 22.12 or newer with this engine';

/** Rejects with node:dgram's system error, and leaves nothing open, when the address cannot be bound. */
export async function bindDgram(options: EngineOptions): Promise<BoundDgram> {
  // As in the native engine: IPv4 written as IPv6 is IPv4.
  const canonical = canonicalAddress(options.address);
  const address = canonical?.address ?? options.address;
  const ipv6 = canonical?.family === 'IPv6';
  const reusePort = options.reusePort && knowsReusePort(process.versions.node);
  const settings: SocketOptions & { reusePort?: boolean } = {
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6 && options.ipv6Only,
    lookup: answerLiteral,
  };
  if (reusePort) settings.reusePort = true;
  const socket = createSocket(settings);
  await bindTo(socket, address, options.port);
  const bound = {
    socket,
    local: localAddress(socket),
    reach: reachOf(ipv6, options.ipv6Only),
    receiveBufferSize: resize(
      options.receiveBufferSize,
      (size) => socket.setRecvBufferSize(size),
      () => socket.getRecvBufferSize(),
    ),
    sendBufferSize: resize(
      options.sendBufferSize,
      (size) => socket.setSendBufferSize(size),
      () => socket.getSendBufferSize(),
    ),
  };
  return options.reusePort && !reusePort ? { ...bound, reason: NO_REUSE_PORT } : bound;
}

/** `reusePort` came with Node 23.1 and 22.12; older ones ignore it without a word. */
export function knowsReusePort(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

function bindTo(socket: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', refuse);
    // Exclusive: in a cluster worker the primary would hand out a shared handle otherwise.
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeListener('error', refuse);
      resolve();
    });
  });
}

function answerLiteral(
  hostname: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  callback(null, hostname, isIP(hostname));
}

function reachOf(ipv6: boolean, ipv6Only: boolean): Reach {
  if (!ipv6) return 'IPv4';
  return ipv6Only ? 'IPv6' : 'dual';
}

function localAddress(socket: Socket): SocketAddress {
  const { address, port } = socket.address();
  const canonical = canonicalAddress(address) ?? { address, family: 'IPv4' };
  return Object.freeze({ address: canonical.address, port, family: canonical.family });
}

/** Sets a buffer size and reads back what the kernel made of it. */
function resize(asked: number, set: (size: number) => void, get: () => number): number {
  try {
    set(asked);
    // Linux reports twice what it lets datagrams use (socket(7)).
    return process.platform === 'linux' ? Math.floor(get() / 2) : get();
  } catch {
    // Refused as a whole (some systems do that above their limit): the system's own size stays.
    return readOr(get, asked);
  }
}

function readOr(get: () => number, otherwise: number): number {
  try {
    return process.platform === 'linux' ? Math.floor(get() / 2) : get();
  } catch {
    return otherwise;
  }
}
