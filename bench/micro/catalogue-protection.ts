/**
 * P1 and P2 of the suite: packets sealed and opened, by provider, suite and size.
 *
 * Data only. Called by catalogue.ts.
 *
 * Invariant: each case of ours has `node:crypto` with the same suite and size to be compared with.
 */

import type { AeadName, Protection } from '../../lib/core/ports.js';
import { loadBinding } from '../../lib/native/load.js';
import type { Benchmark, Case } from '../suite/types.js';

type Operation = 'seal' | 'open';
type Provider = Protection['name'] | 'original';

const PACKET = 1400;
const LABELS: Readonly<Record<Provider, string>> = {
  native: 'burstwire',
  node: 'node:crypto',
  noble: '@noble/ciphers',
  original: 'original',
};
const ABOUT: Readonly<Record<Provider, string>> = {
  native: 'a batch a call, in place, by the addon',
  node: "burstwire's packets without the addon: a cipher object of node:crypto each",
  noble: "burstwire's packets in plain JavaScript",
  original: 'a random nonce, a cipher object and new buffers for each packet',
};
/** Which sizes each provider is measured with, by suite. */
const SIZES: readonly (readonly [Provider, AeadName, readonly number[]])[] = [
  ['native', 'aes-128-gcm', [64, 300, PACKET, 8900, 65_000]],
  ['node', 'aes-128-gcm', [64, 300, PACKET, 8900, 65_000]],
  ['native', 'aes-256-gcm', [PACKET]],
  ['node', 'aes-256-gcm', [PACKET]],
  ['native', 'chacha20-poly1305', [PACKET]],
  ['node', 'chacha20-poly1305', [PACKET]],
  ['noble', 'aes-128-gcm', [64, PACKET]],
  ['noble', 'aes-256-gcm', [PACKET]],
  ['noble', 'chacha20-poly1305', [PACKET]],
  ['original', 'aes-128-gcm', [PACKET]],
];

const nameOf = (provider: Provider, aead: AeadName, size: number) =>
  `${LABELS[provider]} ${aead} ${size}`;

function addonIsMissing(): string | undefined {
  const { binding, reason } = loadBinding();
  return binding === undefined ? `no addon: ${reason ?? 'it could not be loaded'}` : undefined;
}

function role(provider: Provider): Case['role'] {
  if (provider === 'native') return 'ours';
  return provider === 'original' ? 'before' : 'peer';
}

function casesOf(operation: Operation): Case[] {
  return SIZES.flatMap(([provider, aead, sizes]) =>
    sizes.map((size) => ({
      name: nameOf(provider, aead, size),
      role: role(provider),
      about: ABOUT[provider],
      at: size,
      series: `${LABELS[provider]} ${aead}`,
      baseline: nameOf('node', aead, size),
      script: 'micro/cases/protection.ts',
      args: [operation, provider, aead, String(size)],
      ...(provider === 'native' ? { obstacle: addonIsMissing } : {}),
    })),
  );
}

const WHAT_COUNTS =
  'Everything that a packet costs is in it: nonce, header protection, authentication, replay window. A size is the whole packet.';

export const PROTECTION: readonly Benchmark[] = [
  {
    id: 'P1',
    group: 'micro',
    title: 'Encryption of packets',
    about: `Sealing batches of equal packets in memory. ${WHAT_COUNTS}`,
    primary: 'throughputMBps',
    better: 'more',
    axis: 'bytes of a packet',
    cases: casesOf('seal'),
  },
  {
    id: 'P2',
    group: 'micro',
    title: 'Decryption of packets',
    about: `Opening batches of equal packets in memory, each new to the receiver. ${WHAT_COUNTS}`,
    primary: 'throughputMBps',
    better: 'more',
    axis: 'bytes of a packet',
    cases: casesOf('open'),
  },
];
