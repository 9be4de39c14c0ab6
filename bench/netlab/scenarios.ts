/**
 * The scenarios: what runs through which link, and the figures of it.
 *
 * Called by the command line and by tests; these judge. Invariant: a scenario has a laboratory of its own and closes it.
 */

import { readFileSync } from 'node:fs';
import { bytesAt, cutFlow, type FlowKind, finishFlow, mbitOf, spanOf, startFlow } from './flows.js';
import { Lab } from './lab.js';
import type { LabCounts, LinkOptions } from './link.js';

const DEFAULT_BYTES = 25_000_000;
/** More than any scenario has time for. */
const ENDLESS_BYTES = 100_000_000_000;
const PACKET_BYTES = 1500;

export const LOSSY: LinkOptions = { rateBits: 20_000_000, delayMs: 15, loss: 0.01 };
/** As much again as the path holds (10 Mbit/s for 30 ms) may wait. */
export const NARROW: LinkOptions = {
  rateBits: 10_000_000,
  delayMs: 15,
  queueBytes: 25 * PACKET_BYTES,
};

/** Algorithms of the kernel that a flow of ours is compared with. */
export type KernelCongestion = 'cubic' | 'bbr';

export interface TransferResult {
  readonly flow: FlowKind;
  readonly bytes: number;
  readonly seconds: number;
  readonly mbit: number;
  /** Whether the SHA-256 of what arrived is that of what was sent. */
  readonly isEqual: boolean;
  readonly packetsLost?: number;
  readonly link: LabCounts;
}

export interface SharedResult {
  readonly rival: KernelCongestion | 'ours';
  readonly bytes: number;
  readonly seconds: number;
  readonly oursMbit: number;
  readonly rivalMbit: number;
  /** Of ours, of all that arrived while both were there. */
  readonly share: number;
  readonly isEqual: boolean;
  readonly link: LabCounts;
}

/** A transfer alone on a link, from a to b. */
export async function transfer(
  flow: FlowKind,
  link: LinkOptions = LOSSY,
  bytes = DEFAULT_BYTES,
  congestion: KernelCongestion = 'cubic',
): Promise<TransferResult> {
  return inLab(link, async (lab, close) => {
    if (flow === 'tcp') await lab.setCongestion(congestion);
    const { received, sent } = await finishFlow(await startFlow(lab, flow, bytes));
    const [begin, end] = spanOf(received);
    return {
      ...{ flow, bytes: received.bytes, seconds: (end - begin) / 1000 },
      mbit: mbitOf(received.bytes, end - begin),
      isEqual: received.sha256 === sent.sha256,
      ...(sent.stats === undefined ? {} : { packetsLost: sent.stats.packetsLost }),
      link: await close(),
    };
  });
}

/** A transfer of ours (cubic) beside another flow that never ends; both begin together. */
export async function beside(
  rival: KernelCongestion | 'ours',
  link: LinkOptions = NARROW,
  bytes = DEFAULT_BYTES,
): Promise<SharedResult> {
  return inLab(link, async (lab, close) => {
    if (rival !== 'ours') await lab.setCongestion(rival);
    const [own, other] = await Promise.all([
      startFlow(lab, 'ours', bytes),
      startFlow(lab, rival === 'ours' ? 'ours' : 'tcp', ENDLESS_BYTES),
    ]);
    const { received, sent } = await finishFlow(own);
    if (rival !== 'ours' && !(await lab.isUsingCongestion(rival))) {
      throw new Error(`the kernel's TCP did not use ${rival}`);
    }
    const theirs = await cutFlow(other);
    const [begin, end] = [Math.max(spanOf(received)[0], spanOf(theirs)[0]), spanOf(received)[1]];
    const [ourBytes, theirBytes] = [received, theirs].map(
      ({ samples }) => bytesAt(samples, end) - bytesAt(samples, begin),
    );
    return {
      ...{ rival, bytes: received.bytes, seconds: (end - begin) / 1000 },
      oursMbit: mbitOf(ourBytes, end - begin),
      rivalMbit: mbitOf(theirBytes, end - begin),
      share: ourBytes / (ourBytes + theirBytes),
      isEqual: received.sha256 === sent.sha256,
      link: await close(),
    };
  });
}

/** Whether the kernel has an algorithm; a module that is not loaded yet counts as missing. */
export function hasCongestion(name: KernelCongestion): boolean {
  const file = '/proc/sys/net/ipv4/tcp_available_congestion_control';
  return readFileSync(file, 'utf8').trim().split(/\s+/).includes(name);
}

async function inLab<T>(
  link: LinkOptions,
  work: (lab: Lab, close: () => Promise<LabCounts>) => Promise<T>,
): Promise<T> {
  const lab = await Lab.open({ link });
  let isOpen = true;
  const close = async (): Promise<LabCounts> => {
    isOpen = false;
    const counts = await lab.close();
    if (counts === undefined) throw new Error('the link emulator ended without its counters');
    return counts;
  };
  try {
    return await work(lab, close);
  } finally {
    if (isOpen) await lab.close();
  }
}
