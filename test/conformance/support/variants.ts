/**
 * What the conformance tests run on: each engine, and the native one with trains on and off in both directions.
 *
 * It opens nothing. Used by every file in test/conformance. Invariant: an engine that cannot run here is left out
 * with a printed reason, never in silence.
 */

import { networkInterfaces } from 'node:os';
import { loadBinding } from '../../../lib/native/load.js';
import type { BindOptions } from '../../../lib/udp.js';

export interface Variant {
  readonly name: string;
  readonly native: boolean;
  readonly gso: boolean;
  readonly gro: boolean;
  /** What makes `bind` choose it. */
  readonly options: BindOptions;
}

// The variants choose by options; a variable of the environment would overrule all of them.
for (const name of ['ENGINE', 'GSO', 'GRO', 'DEBUG', 'NATIVE']) {
  delete process.env[`BURSTWIRE_${name}`];
}

function nativeVariant(gso: boolean, gro: boolean): Variant {
  const name = `native, gso ${gso ? 'on' : 'off'}, gro ${gro ? 'on' : 'off'}`;
  return { name, native: true, gso, gro, options: { engine: 'native', gso, gro } };
}

const loaded = loadBinding();
/** Why the native engine is left out; undefined when it is not. */
export const nativeMissing = loaded.binding === undefined ? loaded.reason : undefined;
if (nativeMissing !== undefined) console.warn(`conformance: without native: ${nativeMissing}`);

export const nativeVariants: readonly Variant[] =
  nativeMissing === undefined
    ? [
        nativeVariant(true, true),
        nativeVariant(true, false),
        nativeVariant(false, true),
        nativeVariant(false, false),
      ]
    : [];

export const dgramVariant: Variant = {
  name: 'dgram',
  native: false,
  gso: false,
  gro: false,
  options: { engine: 'dgram' },
};

/** All of them. */
export const variants: readonly Variant[] = [...nativeVariants, dgramVariant];

/** One of each engine, for what trains do not touch. */
export const engines: readonly Variant[] = [...nativeVariants.slice(0, 1), dgramVariant];

/** Whether ::1 exists here. */
export const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
if (!hasIpv6) console.warn('conformance: without IPv6: this machine has no ::1');
