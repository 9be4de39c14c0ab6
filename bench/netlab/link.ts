/**
 * What a link is asked to be, as options of the emulator, and what it says at its end.
 *
 * Data only; called by the laboratory. The options are those of options.h. Invariant: what is not named here stays at the
 * emulator's default.
 */

/** One direction, or both. Shares are between 0 and 1, sizes those of IP packets. */
export interface LinkOptions {
  readonly rateBits?: number;
  readonly queueBytes?: number;
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
  readonly burstLoss?: number;
  readonly burstLength?: number;
  readonly reorder?: number;
  readonly reorderDelayMs?: number;
  /** Packets that find more than this waiting are marked CE, if they are ECT. */
  readonly markBytes?: number;
}

const FLAGS: Readonly<Record<keyof LinkOptions, string>> = {
  rateBits: 'rate',
  queueBytes: 'queue',
  delayMs: 'delay',
  jitterMs: 'jitter',
  loss: 'loss',
  burstLoss: 'burst-loss',
  burstLength: 'burst-length',
  reorder: 'reorder',
  reorderDelayMs: 'reorder-delay',
  markBytes: 'mark',
};

/** @param prefix '' for both directions, 'ab-' or 'ba-' for one */
export function linkArguments(options: LinkOptions, prefix: '' | 'ab-' | 'ba-'): string[] {
  return Object.entries(options).flatMap(([name, value]) => [
    `--${prefix}${FLAGS[name as keyof LinkOptions]}`,
    String(value),
  ]);
}

/** One direction's counters, in packets unless the name says otherwise. */
export interface LinkCounts {
  readonly arrived: number;
  readonly arrivedBytes: number;
  readonly delivered: number;
  readonly deliveredBytes: number;
  readonly lost: number;
  readonly queueDrops: number;
  readonly marked: number;
  readonly heldBack: number;
  readonly mostQueuedBytes: number;
  readonly onTheWay: number;
  readonly overflow: number;
  readonly readErrors: number;
  readonly writeErrors: number;
  /** How late this machine wrote a packet, at worst. */
  readonly mostLateUs: number;
  readonly lateOver1Ms: number;
}

/** The emulator's last line. */
export interface LabCounts {
  readonly aToB: LinkCounts;
  readonly bToA: LinkCounts;
  readonly seconds: number;
  /** Whether the emulator ran before everything else on its CPU. */
  readonly realTime: boolean;
}
