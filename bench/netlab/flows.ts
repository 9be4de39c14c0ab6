/**
 * Flows through a laboratory: one transfer, ours or the kernel's, and what became of it.
 *
 * Called by the scenarios. It judges nothing. Invariant: bytes and times are those of the receiving application.
 */

import { ADDRESSES, type Lab, type LabProgram } from './lab.js';
import type { Received, Sample } from './programs/meter.js';
import type { Door, ReceiveTask, SendTask, Sent } from './programs/task-types.js';

export type FlowKind = 'ours' | 'tcp';

/** A flow from a to b under way. */
export interface Flow {
  readonly receiver: LabProgram;
  readonly sender: LabProgram;
}

export async function startFlow(
  lab: Lab,
  kind: FlowKind,
  bytes: number,
  congestion?: 'cubic' | 'newreno',
): Promise<Flow> {
  const receive: ReceiveTask = { role: 'receive', address: ADDRESSES.b };
  const receiver = lab.program('b', kind, receive);
  const door = await receiver.next<Door>();
  const send: SendTask = {
    ...{ role: 'send', from: ADDRESSES.a, address: ADDRESSES.b, bytes },
    ...door,
    ...(congestion === undefined ? {} : { congestion }),
  };
  return { receiver, sender: lab.program('a', kind, send) };
}

/** Waits until all has arrived. */
export async function finishFlow(flow: Flow): Promise<{ received: Received; sent: Sent }> {
  const received = await flow.receiver.next<Received>();
  return { received, sent: await flow.sender.next<Sent>() };
}

/** Cuts a flow off; gives what has arrived until then. */
export async function cutFlow(flow: Flow): Promise<Received> {
  flow.receiver.finish();
  const received = await flow.receiver.next<Received>();
  flow.sender.finish();
  return received;
}

/** Bytes that had arrived at a moment, between two samples by proportion. */
export function bytesAt(samples: readonly Sample[], ms: number): number {
  let [earlier, before] = samples[0] ?? [0, 0];
  for (const [time, bytes] of samples) {
    if (time >= ms) {
      const part = time === earlier ? 0 : (ms - earlier) / (time - earlier);
      return before + Math.max(0, part) * (bytes - before);
    }
    [earlier, before] = [time, bytes];
  }
  return before;
}

/** First and last moment of a flow, in milliseconds. */
export function spanOf({ samples }: Received): readonly [number, number] {
  return [samples[0]?.[0] ?? 0, samples.at(-1)?.[0] ?? 0];
}

/** Payload in Mbit/s. */
export function mbitOf(bytes: number, ms: number): number {
  return ms <= 0 ? 0 : (bytes * 8) / (ms * 1000);
}
