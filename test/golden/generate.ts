/**
 * Writes packets.json: `node --import ./bench/micro/typescript.mjs test/golden/generate.ts`.
 *
 * Run once, when the wire format was made. To run it again is to change the format: what peers in the field send could
 * no longer be read. It uses the tests' reference, none of `lib/`; inputs are hashes of names, so nothing is random.
 */

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AeadName } from '../../lib/core/ports.js';
import { sealReference } from '../unit/crypto/reference-packet.js';

const SUITES: readonly (readonly [AeadName, number])[] = [
  ['aes-128-gcm', 16],
  ['aes-256-gcm', 32],
  ['chacha20-poly1305', 32],
];

/** Packet number, phase, payload bytes. In this order one slot can seal them all; it can open those before 2^53. */
const PACKETS: readonly (readonly [bigint, number, number])[] = [
  [0n, 0, 0],
  [1n, 0, 1],
  [7n, 0, 17],
  [2n ** 31n, 0, 64],
  [2n ** 32n - 1n, 1, 5],
  [2n ** 32n + 5n, 1, 300],
  [2n ** 53n - 1n, 1, 16],
];

function named(name: string, sizeBytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; i * 32 < sizeBytes; i++) {
    blocks.push(createHash('sha256').update(`burstwire golden ${name} ${i}`).digest());
  }
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

const suites = SUITES.map(([aead, keyBytes]) => {
  const headerKey = named(`${aead} header key`, keyBytes);
  const connectionId = named(`${aead} connection id`, 8);
  const phases = [0, 1].map((phase) => ({
    key: named(`${aead} key ${phase}`, keyBytes),
    iv: named(`${aead} iv ${phase}`, 12),
  }));
  const packets = PACKETS.map(([number, phase, size]) => {
    const payload = named(`${aead} payload ${number}`, size);
    const secrets = { aead, headerKey, ...phases[phase] };
    const sealed = sealReference(secrets, connectionId, number, phase, payload);
    return {
      packetNumber: Number(number),
      phase,
      header: sealed.header.toString('hex'),
      nonce: sealed.nonce.toString('hex'),
      payload: payload.toString('hex'),
      sample: sealed.sample.toString('hex'),
      mask: sealed.mask.toString('hex'),
      packet: sealed.packet.toString('hex'),
    };
  });
  return {
    aead,
    headerKey: headerKey.toString('hex'),
    connectionId: connectionId.toString('hex'),
    phases: phases.map(({ key, iv }) => ({ key: key.toString('hex'), iv: iv.toString('hex') })),
    packets,
  };
});

const file = fileURLToPath(new URL('packets.json', import.meta.url));
writeFileSync(file, `${JSON.stringify({ suites }, null, 2)}\n`);
