/**
 * What the tests of the secure transport run on: each engine below it, and each provider of packet protection.
 *
 * It opens nothing. Used by every file in test/transport. Invariant: what cannot run here is left out with a printed
 * reason, never in silence.
 */

import { networkInterfaces } from 'node:os';
import type { EndpointOptions } from '../../../lib/index.js';
import { loadBinding } from '../../../lib/native/load.js';

export interface Variant {
  readonly name: string;
  /** What makes `Endpoint.bind` choose it. */
  readonly options: EndpointOptions;
}

// The variants choose by options; a variable of the environment would overrule all of them.
for (const name of ['ENGINE', 'GSO', 'GRO', 'DEBUG', 'NATIVE', 'CRYPTO']) {
  delete process.env[`BURSTWIRE_${name}`];
}

const loaded = loadBinding();
const nativeMissing = loaded.binding === undefined ? loaded.reason : undefined;
if (nativeMissing !== undefined) console.warn(`transport: without native: ${nativeMissing}`);

/** One of each engine that can run here. */
export const engines: readonly Variant[] = [
  ...(nativeMissing === undefined
    ? [{ name: 'native', options: { engine: 'native' } } as const]
    : []),
  { name: 'dgram', options: { engine: 'dgram' } },
];

/** One of each provider of packet protection that can run here. */
export const protections: readonly Variant[] = (['native', 'node', 'noble'] as const)
  .filter((name) => name !== 'native' || nativeMissing === undefined)
  .map((cryptoEngine) => ({ name: cryptoEngine, options: { cryptoEngine } }));

/** Whether ::1 exists here. */
export const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
if (!hasIpv6) console.warn('transport: without IPv6: this machine has no ::1');
