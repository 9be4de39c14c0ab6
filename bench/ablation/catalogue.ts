/**
 * Ablation: each problem that the analysis of the original transport found, switched on in ours and beside ours as it is.
 *
 * Data only; the cases of bulk transfer are in catalogue-bulk.ts. Called by the suite's catalogue.
 *
 * Invariant: the cases of a benchmark differ in what its `about` names and in nothing else.
 */

import type { Benchmark, Case } from '../suite/types.js';
import { BULK } from './catalogue-bulk.js';

/** A source run takes its time to start on a busy machine. */
const EXTRA_SECONDS = 40;

function scriptCase(
  script: string,
  name: string,
  role: 'before' | 'after',
  about: string,
  ...args: readonly string[]
): Case {
  return {
    name,
    role,
    about,
    script: `ablation/${script}.ts`,
    args,
    extraSeconds: EXTRA_SECONDS,
  };
}

const RATE_LIMIT: Benchmark = {
  id: 'A5',
  group: 'ablation',
  title: 'A fixed rate in place of congestion control',
  about:
    'The original sent at a configured rate, whatever the path made of it: a limiter that slept after each packet under one lock, or a batch every 10 ms. Here either takes the place of congestion control and pacer in a simulated connection that is told twice what its link carries; the price is a rate that is missed (error, without a bottleneck), or loss.',
  primary: 'throughputMBps',
  better: 'more',
  cases: [
    scriptCase('rate-limit', 'a sleep a packet', 'before', 'one packet, then a timer', 'sleep'),
    scriptCase('rate-limit', '10 ms batches', 'before', 'a batch every 10 ms', 'window'),
    scriptCase(
      'rate-limit',
      'congestion control and pacer',
      'after',
      'CUBIC, paced, under a rate limit that is a token bucket',
      'ours',
    ),
  ],
};

const GLOBAL_LIMIT: Benchmark = {
  id: 'A8',
  group: 'ablation',
  title: 'No limit for the endpoint as a whole',
  about:
    'The original had its global limiter switched off, because it was slow. Here eight simulated connections of one endpoint share a link with a short queue: at fixed rates without a limit as in the original, with congestion control alone, and under `rateLimit` a little below the link. The price is loss, and connections that get less than others (error: the mean distance from an equal share).',
  primary: 'throughputMBps',
  better: 'more',
  cases: [
    scriptCase(
      'global-limit',
      'fixed rates, no limit',
      'before',
      'each connection at a fixed rate, together twice the link',
      'fixed',
    ),
    scriptCase(
      'global-limit',
      'congestion control, no limit',
      'before',
      'ours without `rateLimit`',
      'none',
    ),
    scriptCase(
      'global-limit',
      'congestion control and limit',
      'after',
      '`rateLimit` of 95 % of the link',
      'ours',
    ),
  ],
};

const NONCE_KINDS = {
  random: ['random nonces', 'before', 'drawn for each packet, 12 bytes of it'],
  pooled: ['random nonces drawn ahead', 'before', '4 KiB at a time, 12 bytes of each packet'],
  counter: ['counted nonces', 'after', 'from the packet number, which is there anyway'],
} as const;

function nonceCase(provider: 'node' | 'native', kind: keyof typeof NONCE_KINDS): Case {
  const [name, role, about] = NONCE_KINDS[kind];
  return {
    ...scriptCase('nonces', `${name}, ${provider}`, role, about, kind, provider),
    baseline: `${NONCE_KINDS.random[0]}, ${provider}`,
  };
}

const NONCES: Benchmark = {
  id: 'A9',
  group: 'ablation',
  title: 'A random nonce a packet',
  about:
    'The original drew 12 random bytes for each packet and sent them along. Here packets of 1,452 bytes are sealed under random nonces that travel with them, and under counted ones, by the addon and by node:crypto; the price is the drawing and 12 bytes of each packet.',
  primary: 'nsPerOp',
  better: 'less',
  cases: (['native', 'node'] as const).flatMap((provider) =>
    (['random', 'pooled', 'counter'] as const).map((kind) => nonceCase(provider, kind)),
  ),
};

const KEY_TRANSPORT: Benchmark = {
  id: 'A10',
  group: 'ablation',
  title: 'RSA key transport in place of a handshake',
  about:
    'The original sent a symmetric key under the receiver’s RSA-2048 key: no forward secrecy, no proof of who sends. Here that, with keys installed and a packet passed, is beside our X25519 handshake (Noise IK), both sides together; what ours buys for its time is forward secrecy, two known peers and protection from replays.',
  primary: 'nsPerOp',
  better: 'less',
  cases: [
    scriptCase(
      'key-transport',
      'RSA-2048, a key each way',
      'before',
      'between two peers',
      'rsa-both',
    ),
    scriptCase('key-transport', 'RSA-2048, one key', 'before', 'to a gateway', 'rsa'),
    scriptCase('key-transport', 'Noise IK, strangers', 'after', 'peers that never met', 'noise'),
    scriptCase('key-transport', 'Noise IK, again', 'after', 'peers that have met', 'noise-again'),
  ],
};

const numberOf = ({ id }: Benchmark): number => Number(id.slice(1));

export const ABLATION: readonly Benchmark[] = [
  ...BULK,
  RATE_LIMIT,
  GLOBAL_LIMIT,
  NONCES,
  KEY_TRANSPORT,
].sort((left, right) => numberOf(left) - numberOf(right));
