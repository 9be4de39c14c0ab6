/**
 * The scenarios: what runs through which link, and the figures of it.
 *
 * Called by the command line and by tests; these judge. Invariant: a scenario has a laboratory of its own and closes it.
 */

import { readFileSync } from 'node:fs';
import {
  bytesAt,
  type Carrier,
  cutFlow,
  finishFlow,
  finishFlowWithin,
  isEqual,
  isOurs,
  mbitOf,
  spanOf,
  startFlow,
} from './flows.js';
import { type KernelCongestion, Lab } from './lab.js';
import type { LabCounts, LinkOptions } from './link.js';
import type { Received } from './programs/meter.js';

const DEFAULT_BYTES = 25_000_000;
/** More than any scenario has time for. */
const ENDLESS_BYTES = 100_000_000_000;
const PACKET_BYTES = 1500;
/** A flow that is starved ends here: its share has been seen by then. */
const SHARED_LIMIT_MS = 60_000;

export const LOSSY: LinkOptions = { rateBits: 20_000_000, delayMs: 15, loss: 0.01 };
/** As much again as the path holds (10 Mbit/s for 30 ms) may wait. */
export const NARROW: LinkOptions = {
  rateBits: 10_000_000,
  delayMs: 15,
  queueBytes: 25 * PACKET_BYTES,
};

export interface TransferResult {
  readonly kind: 'transfer';
  readonly carrier: Carrier;
  readonly bytes: number;
  readonly seconds: number;
  readonly mbit: number;
  /** Whether the SHA-256 of what arrived is that of what was sent. */
  readonly isEqual: boolean;
  /** That the sender has declared lost; of ours only. */
  readonly packetsLost?: number;
  readonly link: LabCounts;
}

export interface SharedResult {
  readonly kind: 'shared';
  readonly carrier: Carrier;
  readonly rival: Carrier;
  readonly bytes: number;
  readonly seconds: number;
  readonly mbit: number;
  readonly rivalMbit: number;
  /** Of the first, of all that arrived while both were there. */
  readonly share: number;
  /** Missing when time was up before all had arrived. */
  readonly isEqual?: boolean;
  readonly link: LabCounts;
}

export type LabResult = TransferResult | SharedResult;

/** A transfer alone on a link, from a to b. */
export async function transfer(
  carrier: Carrier,
  link: LinkOptions = LOSSY,
  bytes = DEFAULT_BYTES,
): Promise<TransferResult> {
  return inLab(link, async (lab, close) => {
    const { received, sent } = await finishFlow(await startFlow(lab, carrier, bytes));
    const [begin, end] = spanOf(received);
    return {
      kind: 'transfer',
      ...{ carrier, bytes: received.bytes, seconds: (end - begin) / 1000 },
      mbit: mbitOf(received.bytes, end - begin),
      isEqual: received.sha256 === sent.sha256,
      ...(sent.stats === undefined ? {} : { packetsLost: sent.stats.packetsLost }),
      link: await close(),
    };
  });
}

/** A transfer beside another flow that never ends; both begin together. */
export async function beside(
  carrier: Carrier,
  rival: Carrier,
  link: LinkOptions = NARROW,
  bytes = DEFAULT_BYTES,
): Promise<SharedResult> {
  return inLab(link, async (lab, close) => {
    const [own, other] = await Promise.all([
      startFlow(lab, carrier, bytes),
      startFlow(lab, rival, ENDLESS_BYTES, 'b2'),
    ]);
    const end = await finishFlowWithin(own, SHARED_LIMIT_MS);
    if (!isOurs(rival) && !(await lab.isUsingCongestion(rival))) {
      throw new Error(`the kernel's TCP did not use ${rival}`);
    }
    const theirs = await cutFlow(other);
    const equal = isEqual(end);
    return {
      kind: 'shared',
      ...{ carrier, rival, bytes: end.received.bytes },
      ...shareOf(end.received, theirs),
      ...(equal === undefined ? {} : { isEqual: equal }),
      link: await close(),
    };
  });
}

/** While both were there: from the first byte of the later one to the last byte of the first. */
function shareOf(own: Received, theirs: Received) {
  const [begin, end] = [Math.max(spanOf(own)[0], spanOf(theirs)[0]), spanOf(own)[1]];
  const [bytes, rivalBytes] = [own, theirs].map(
    ({ samples }) => bytesAt(samples, end) - bytesAt(samples, begin),
  );
  return {
    seconds: (end - begin) / 1000,
    mbit: mbitOf(bytes, end - begin),
    rivalMbit: mbitOf(rivalBytes, end - begin),
    share: bytes / (bytes + rivalBytes),
  };
}

/** Everything that the document tells, by the name that the command line knows it by. */
export const SCENARIOS: Readonly<
  Record<string, { readonly needs?: KernelCongestion; run(): Promise<LabResult> }>
> = {
  lossy: { run: () => transfer('burstwire') },
  'lossy-tcp': { needs: 'cubic', run: () => transfer('cubic') },
  cubic: { needs: 'cubic', run: () => beside('burstwire', 'cubic') },
  bbr: { needs: 'bbr', run: () => beside('burstwire', 'bbr') },
  // What the kernel's own CUBIC gets there: the measure of the line above.
  'bbr-tcp': { needs: 'bbr', run: () => beside('cubic', 'bbr') },
  'own-bbr-lossy': { run: () => transfer('burstwire-bbr') },
  'own-bbr-cubic': { needs: 'cubic', run: () => beside('burstwire-bbr', 'cubic') },
  'own-bbr-bbr': { needs: 'bbr', run: () => beside('burstwire-bbr', 'bbr') },
  // The kernel's BBR in our place.
  'bbr-cubic-tcp': { needs: 'cubic', run: () => beside('bbr', 'cubic') },
};

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
