/**
 * Sends numbered datagrams through a laboratory and gives what arrived.
 *
 * Called by tests. Invariant: the receiver listens before the first is sent, and whatever came until the end counts.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { ADDRESSES, type Lab, type Side } from './lab.js';
import type { Arrival, CountTask, DatagramSendTask, Door } from './programs/task-types.js';

export interface DatagramLoad {
  readonly count: number;
  /** Payload. */
  readonly sizeBytes: number;
  /** 0: all at once. */
  readonly perSecond: number;
}

/** IPv4 and UDP. */
export const HEADER_BYTES = 28;

/** @param settleMs how long after the last one was sent others are waited for; not longer than for all of them */
export async function sendDatagrams(
  lab: Lab,
  from: Side,
  load: DatagramLoad,
  settleMs = 1500,
): Promise<readonly Arrival[]> {
  const to = from === 'a' ? 'b' : 'a';
  const receive: CountTask = { role: 'receive', address: ADDRESSES[to], count: load.count };
  const receiver = lab.program(to, 'datagrams', receive);
  const { port } = await receiver.next<Door>();
  const send: DatagramSendTask = { role: 'send', address: ADDRESSES[to], port, ...load };
  const sender = lab.program(from, 'datagrams', send);
  await sender.next<{ readonly sent: number }>();
  const arrivals = receiver.next<readonly Arrival[]>();
  // Where packets are lost, the last one never comes.
  await Promise.race([arrivals, sleep(settleMs, undefined, { ref: false })]);
  for (const program of [receiver, sender]) program.finish();
  return arrivals;
}
