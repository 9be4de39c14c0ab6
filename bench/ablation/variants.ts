/**
 * The cases of bulk transfer over loopback by name: what each switches, and nothing else.
 *
 * Called by bulk.ts and bulk-sender.ts, which get a name as their argument; the catalogue says which problem of the
 * original a name stands for. Trains are switched by the environment (BURSTWIRE_GSO, BURSTWIRE_GRO).
 *
 * Invariant: everything that a variant does not name is ours as it is, with datagrams of an Ethernet path.
 */

import type { TransportConfig } from '../../lib/core/config.js';
import { withDoubleCopies } from './double-copies.js';
import type { Switches } from './endpoint.js';
import { ITEM_BYTES, type Reading, type Writing } from './hand-over.js';
import { withSingleCalls } from './single-calls.js';

/** UDP payload of IPv6 over Ethernet. */
const PATH_BYTES = 1452;
/** What the original kept free in each packet, and how much of that was ever used (a stream frame and its neighbours). */
const RESERVED_BYTES = 100;
const USED_BYTES = 24;
const UNUSED_BYTES = RESERVED_BYTES - USED_BYTES;

export interface Variant extends Switches {
  readonly reading?: Reading;
  readonly writing?: Writing;
  readonly config: Partial<TransportConfig> & Pick<TransportConfig, 'maxDatagramSize'>;
  /** Bytes of each packet that the path would carry and that are kept free. */
  readonly unusedBytes?: number;
}

const datagrams = (maxDatagramSize: number) => ({ config: { maxDatagramSize } });

const VARIANTS = {
  ours: datagrams(PATH_BYTES),
  'single calls': { ...datagrams(PATH_BYTES), binding: withSingleCalls },
  'channel of one': { ...datagrams(PATH_BYTES), reading: 'item' },
  'channels and window of one': {
    reading: 'item',
    writing: 'item',
    config: {
      maxDatagramSize: PATH_BYTES,
      sendBuffer: ITEM_BYTES,
      initialStreamData: 2 * ITEM_BYTES,
      maxStreamData: 2 * ITEM_BYTES,
    },
  },
  'reserve 100': { ...datagrams(PATH_BYTES - UNUSED_BYTES), unusedBytes: UNUSED_BYTES },
  'jumbo 8952': datagrams(8952),
  'jumbo 65507': datagrams(65_507),
  'double copies': { ...datagrams(PATH_BYTES), protection: withDoubleCopies },
  borrowed: { ...datagrams(PATH_BYTES), reading: 'borrowed' },
} as const satisfies Record<string, Variant>;

export type VariantName = keyof typeof VARIANTS;

/** @throws RangeError for a name that is none */
export function variantOf(name: string | undefined): Variant {
  const found: Variant | undefined = Object.entries(VARIANTS).find(([key]) => key === name)?.[1];
  if (found === undefined) throw new RangeError(`no such variant: ${String(name)}`);
  return found;
}
