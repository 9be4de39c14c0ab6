/**
 * The transports by name. A peer's module is loaded only when it is asked for, because it may not be installed.
 *
 * Called by the roles under cases/.
 *
 * Invariant: the names are those that the catalogue passes.
 */

import type { EndpointOptions } from '../../../lib/index.js';
import type { Transport } from '../transport.js';

/** A datagram that fits Ethernet: what each peer's packets are limited to as well. */
export const ETHERNET: EndpointOptions = { maxDatagramSize: 1452 };

export const TRANSPORTS = {
  burstwire: () => burstwire(ETHERNET),
  'burstwire borrowed': () => burstwire(ETHERNET, 'stream', true),
  'burstwire free': () => burstwire({}),
  'burstwire free borrowed': () => burstwire({}, 'stream', true),
  'burstwire messages': () => burstwire(ETHERNET, 'message'),
  'burstwire datagrams': () => burstwire(ETHERNET, 'datagram'),
  'node:net': async () => (await import('./tcp.js')).tcp(false),
  'node:tls': async () => (await import('./tcp.js')).tcp(true),
  'node:dgram': async () => (await import('./dgram.js')).DGRAM,
  'udx-native': async () => (await import('./udx.js')).UDX,
  '@chainsafe/libp2p-quic': async () => (await import('./quinn.js')).QUINN,
  '@matrixai/quic': async () => (await import('./quiche.js')).QUICHE,
} as const satisfies Readonly<Record<string, () => Promise<Transport>>>;

export type TransportName = keyof typeof TRANSPORTS;

export function loadTransport(name: string): Promise<Transport> {
  if (!(name in TRANSPORTS)) throw new RangeError(`no transport is called '${name}'`);
  return TRANSPORTS[name as TransportName]();
}

async function burstwire(
  options: EndpointOptions,
  carrier: 'stream' | 'message' | 'datagram' = 'stream',
  isBorrowing = false,
): Promise<Transport> {
  const { BurstwireTransport } = await import('./burstwire.js');
  return new BurstwireTransport(options, carrier, isBorrowing);
}
