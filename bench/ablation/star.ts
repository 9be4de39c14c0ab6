/**
 * A simulated star: one endpoint that sends, through one bottleneck, to as many receivers as there are connections.
 *
 * The flows of the product's core in virtual time (test/sim), so the figures are the same on every machine. One stream that
 * never ends in each connection. Called by rate-limit.ts and global-limit.ts.
 *
 * Invariant: all connections belong to one endpoint and share one link; the way back is free.
 */

import type { TransportConfig } from '../../lib/core/config.js';
import type { Connection } from '../../lib/core/connection/connection.js';
import { Flows } from '../../test/sim/flows.js';
import { RateLink } from '../../test/sim/links/rate.js';
import { type FixedRateKind, sendAtFixedRate } from './fixed-rate.js';

/** From the start of one connection to that of the next, us. */
const STAGGER_US = 20_000;

export interface StarOptions {
  readonly connections: number;
  /** Of the path, both ways together, us. */
  readonly roundTripUs: number;
  /** The bottleneck: bytes a second, and bytes that wait in front of it. */
  readonly linkRate: number;
  readonly queueBytes: number;
  readonly config?: Partial<TransportConfig>;
  /** In place of congestion control and pacer; bytes a second of each connection. */
  readonly fixed?: { readonly kind: FixedRateKind; readonly rate: number };
}

export interface Star {
  readonly flows: Flows;
  readonly link: RateLink;
}

export function makeStar({ connections, linkRate, queueBytes, fixed, ...path }: StarOptions): Star {
  let link: RateLink | undefined;
  const flows = new Flows({
    ...path,
    flows: connections,
    hasOneSender: true,
    staggerUs: STAGGER_US,
    middle: ({ context }) => {
      link = new RateLink(context, { bitsPerSecond: 8 * linkRate, queueBytes });
      return [link];
    },
    onConnected: (connection, nowUs) => {
      if (fixed) sendAtFixedRate(connection as Connection, fixed.kind, fixed.rate, nowUs);
    },
  });
  return { flows, link: link! };
}
