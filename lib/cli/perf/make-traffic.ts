/**
 * From parameters to what moves bytes: which senders and receivers each side has. Called by both sides of `perf`.
 *
 * Invariant: receivers stand before the other side may begin to send.
 */

import type { Connection } from '../../index.js';
import { DatagramReceiver, DatagramSender } from './datagram-traffic.js';
import { DatagramAsker, Echo, StreamAsker } from './latency.js';
import { type Parameters, sends } from './parameters.js';
import { StreamReceiver, StreamSender } from './stream-traffic.js';
import type { Traffic } from './traffic.js';

/** Bytes of a request, when --length says nothing. */
const REQUEST_BYTES = 64;

export function makeReceiver(
  parameters: Parameters,
  connections: readonly Connection[],
  isClient: boolean,
): Traffic | undefined {
  const { kind, direction, parallel } = parameters;
  if (kind === 'latency') return isClient ? undefined : new Echo(connections);
  if (!sends(direction, !isClient)) return undefined;
  if (kind === 'datagram') return new DatagramReceiver(connections);
  return new StreamReceiver(connections, connections.length * parallel);
}

export function makeSender(
  parameters: Parameters,
  connections: readonly Connection[],
  isClient: boolean,
): Traffic | undefined {
  const { kind, direction, parallel, length, bytes, bitrate } = parameters;
  if (kind === 'latency') {
    if (!isClient) return undefined;
    const Asker = parameters.usesDatagrams ? DatagramAsker : StreamAsker;
    return new Asker(connections, parallel, length === 0 ? REQUEST_BYTES : length);
  }
  if (!sends(direction, isClient)) return undefined;
  if (kind === 'stream') return new StreamSender(connections, parallel, length, bytes);
  return new DatagramSender(connections, datagramLength(connections, length), bitrate);
}

/** Bytes of a datagram: what was asked for, or all that fits on every connection now. */
export function datagramLength(connections: readonly Connection[], length: number): number {
  if (length > 0) return length;
  return Math.min(...connections.map((connection) => connection.maxDatagramPayload));
}
