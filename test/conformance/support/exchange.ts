/**
 * One exchange: a sender, a receiver, payloads; and what of them arrived.
 */

import type { SocketAddress, UdpSocket } from '../../../lib/udp.js';
import { burstOf, Collector } from './collector.js';
import type { SendWay } from './senders.js';
import { drained, open } from './sockets.js';
import type { Variant } from './variants.js';

/** A sender and a receiver that collects. */
export interface Pair {
  readonly sender: UdpSocket;
  readonly receiver: UdpSocket;
  readonly inbox: Collector;
  readonly to: SocketAddress;
}

export async function openPair(variant: Variant): Promise<Pair> {
  const receiver = await open(variant);
  const sender = await open(variant);
  return { sender, receiver, inbox: new Collector(receiver), to: receiver.address };
}

/**
 * Sends `all` and waits for them, in as few calls as the receiver's buffer allows; then makes sure that nothing more
 * comes. What arrived is in `pair.inbox`.
 */
export async function exchange(
  pair: Pair,
  all: readonly Uint8Array[],
  way: SendWay,
): Promise<void> {
  const { sender, receiver, inbox, to } = pair;
  const largest = all.reduce((size, { length }) => Math.max(size, length), 0);
  const burst = burstOf(receiver, largest);
  const send = way.prepare(sender, all, to);
  const before = inbox.datagrams.length;
  let sent = 0;
  do {
    const upTo = Math.min(all.length, sent + burst);
    while (sent < upTo) {
      sent += send(sent, upTo);
      if (sent < upTo) await drained(sender);
    }
    await inbox.count(before + sent);
  } while (sent < all.length);
  await inbox.fence(sender, to);
}
