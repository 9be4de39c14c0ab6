/**
 * Flows through a laboratory: one transfer, ours or the kernel's, and what became of it.
 *
 * Called by the scenarios. It judges nothing. Invariant: bytes and times are those of the receiving application.
 */

import { ADDRESSES, type KernelCongestion, type Lab, type LabProgram, type Place } from './lab.js';
import type { Received, Sample } from './programs/meter.js';
import type { Door, ReceiveTask, SendTask, Sent } from './programs/task-types.js';

/** Who carries a flow: burstwire with CUBIC, its default, or BBR; or the kernel's TCP with one of its own. */
export type Carrier = OwnCarrier | KernelCongestion;
type OwnCarrier = keyof typeof OWN_CONGESTION;

const OWN_CONGESTION = { burstwire: 'cubic', 'burstwire-bbr': 'bbr' } as const;

export function isOurs(carrier: Carrier): carrier is OwnCarrier {
  return Object.hasOwn(OWN_CONGESTION, carrier);
}

/** A flow from a to b under way. */
export interface Flow {
  readonly receiver: LabProgram;
  readonly sender: LabProgram;
}

/** What arrived, and what was sent if all of it has arrived. */
export interface FlowEnd {
  readonly received: Received;
  readonly sent?: Sent;
}

/** @param place two flows of one laboratory have two places: the kernel's congestion control is chosen by address */
export async function startFlow(
  lab: Lab,
  carrier: Carrier,
  bytes: number,
  place: Place = 'b',
): Promise<Flow> {
  const program = isOurs(carrier) ? 'ours' : 'tcp';
  const congestion = isOurs(carrier) ? OWN_CONGESTION[carrier] : undefined;
  if (!isOurs(carrier)) await lab.setCongestion(place, carrier);
  const address = ADDRESSES[place];
  const receive: ReceiveTask = { role: 'receive', address };
  const receiver = lab.program('b', program, receive);
  const door = await receiver.next<Door>();
  const send: SendTask = { role: 'send', from: ADDRESSES.a, address, bytes, congestion, ...door };
  return { receiver, sender: lab.program('a', program, send) };
}

/** Waits until all has arrived. */
export async function finishFlow(flow: Flow): Promise<Required<FlowEnd>> {
  const received = await flow.receiver.next<Received>();
  return { received, sent: await flow.sender.next<Sent>() };
}

/** Waits until all has arrived, or cuts the flow off after `limitMs`. */
export async function finishFlowWithin(flow: Flow, limitMs: number): Promise<FlowEnd> {
  let isCut = false;
  const timer = setTimeout(() => {
    isCut = true;
    flow.receiver.finish();
  }, limitMs);
  try {
    const received = await flow.receiver.next<Received>();
    return isCut ? { received } : { received, sent: await flow.sender.next<Sent>() };
  } finally {
    clearTimeout(timer);
  }
}

/** Whether what arrived is what was sent; undefined when not all of it has. */
export function isEqual({ received, sent }: FlowEnd): boolean | undefined {
  return sent === undefined ? undefined : received.sha256 === sent.sha256;
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
