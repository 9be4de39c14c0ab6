/**
 * Sockets of a test: opened on loopback, closed when the test ends, whatever became of it.
 */

import { onTestFinished } from 'vitest';
import { type BindOptions, bind, type UdpSocket } from '../../../lib/udp.js';
import type { Variant } from './variants.js';
import { within } from './waiting.js';

/** A socket of this variant on 127.0.0.1, or where `options` says. */
export async function open(variant: Variant, options: BindOptions = {}): Promise<UdpSocket> {
  const socket = await bind({ address: '127.0.0.1', ...variant.options, ...options });
  onTestFinished(() => socket.close());
  return socket;
}

/**
 * Sends `count` datagrams by `some`, which is given the number of the first that is not taken yet and returns how
 * many were taken. Waits for 'drain' after each short count.
 */
export async function sendAll(
  socket: UdpSocket,
  count: number,
  some: (from: number) => number,
): Promise<void> {
  let sent = 0;
  while (sent < count) {
    sent += some(sent);
    if (sent < count) await drained(socket);
  }
}

/** Resolves at the next 'drain'. */
export function drained(socket: UdpSocket): Promise<void> {
  const event = new Promise<void>((resolve) => socket.once('drain', () => resolve()));
  return within(event, () => "'drain' after a short count");
}
