/**
 * Full handshakes per second of CPU time, both sides counted: ours beside `node:tls` (TLS 1.3, ECDSA P-256, no
 * resumption), in one process, interleaved, without sockets. A handshake of ours is complete when the initiator's first
 * packet has opened at the responder; one of TLS when both sides have said 'secure'.
 *
 * Run: node --import ./bench/micro/typescript.mjs bench/micro/handshake.ts [rounds]
 */

import { printTable } from './harness.js';
import { NoiseHandshakes } from './noise-handshake.js';
import { TlsHandshakes } from './tls-handshake.js';

const rounds = Number(process.argv[2] ?? 7);
const PER_ROUND = 200;

/** Handshakes per CPU-second of one round. */
async function measure(one: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < PER_ROUND; i++) await one();
  const { user, system } = process.cpuUsage(before);
  return PER_ROUND / ((user + system) / 1e6);
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
const noise = new NoiseHandshakes('IK');
const tls = TlsHandshakes.open();
const ourRates: number[] = [];
const tlsRates: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const own = await measure(() => noise.run());
  const theirs = tls && (await measure(() => tls.run()));
  // The first round warms up.
  if (round === 0) continue;
  ourRates.push(own);
  if (theirs !== undefined) tlsRates.push(theirs);
}
const own = median(ourRates);
const theirs = tls && median(tlsRates);
printTable(
  ['handshakes per CPU-second, both sides', 'rate', 'ratio'],
  [
    [
      `burstwire (Noise IK, ${noise.protection.kernel})`,
      own.toFixed(0),
      theirs ? `${(own / theirs).toFixed(2)}x` : '–',
    ],
    ['node:tls (TLS 1.3, ECDSA P-256)', theirs?.toFixed(0) ?? 'no openssl command', '1'],
  ],
);
