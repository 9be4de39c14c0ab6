/**
 * Sealing packets of 1,452 bytes: under a random nonce that travels with each, or under one that both sides count.
 *
 *     node --import ./bench/micro/typescript.mjs bench/ablation/nonces.ts random|pooled|counter node|native
 *
 * 'random': 12 bytes drawn for each packet and 12 bytes of it given up for them; 'pooled': drawn 4 KiB at a time. With the
 * provider of node:crypto the nonce is really the one that is sealed under. The native one takes its nonces from packet
 * numbers and nothing else, and needs as long for any: there the drawing, the writing and the lost room are what is added.
 *
 * Invariant: packets are of one size; throughput counts what is left of it for payload.
 */

import { randomFillSync } from 'node:crypto';
import {
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_TAG_BYTES,
  ROW_SHIFT,
  STATUS,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import type { Protection } from '../../lib/core/ports.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { nodeSuite } from '../../lib/crypto/node-protection.js';
import type { CipherSuite } from '../../lib/crypto/packet-cipher.js';
import { RowProtection } from '../../lib/crypto/row-protection.js';
import { medianNs } from '../micro/harness.js';
import { benchConfig, report } from '../suite/case-process.js';

const PACKET_BYTES = 1452;
const NONCE_BYTES = 12;
const ROWS = 64;
const POOL_BYTES = 4096;

type Kind = 'random' | 'pooled' | 'counter';

const [kind, provider] = readArguments(process.argv.slice(2));
let drawn = 0;
const pool = new Uint8Array(POOL_BYTES);
let poolUsed = POOL_BYTES;

function readArguments([first, second]: readonly string[]): [Kind, 'node' | 'native'] {
  const isKind = first === 'random' || first === 'pooled' || first === 'counter';
  if (isKind && (second === 'node' || second === 'native')) return [first, second];
  throw new RangeError(`not a kind of nonce and a provider: ${first} ${second}`);
}

function drawNonce(nonce: Uint8Array): void {
  drawn++;
  if (kind === 'random') {
    randomFillSync(nonce);
    return;
  }
  if (poolUsed + NONCE_BYTES > POOL_BYTES) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  for (let i = 0; i < NONCE_BYTES; i++) nonce[i] = pool[poolUsed + i];
  poolUsed += NONCE_BYTES;
}

/** Seals under nonces of its own, each at the front of its packet's body, authenticated as its header is. */
const randomSuite: CipherSuite = {
  ...nodeSuite,
  packetCipher(aead, key) {
    const cipher = nodeSuite.packetCipher(aead, key);
    return {
      seal(_counted, header, body) {
        const nonce = body.subarray(0, NONCE_BYTES);
        drawNonce(nonce);
        cipher.seal(nonce, header, body.subarray(NONCE_BYTES));
      },
      open: (_counted, header, body) =>
        cipher.open(body.subarray(0, NONCE_BYTES), header, body.subarray(NONCE_BYTES)),
      wipe: () => cipher.wipe(),
    };
  },
};

function makeProtection(): Protection {
  if (provider === 'native') return openProtection({ engine: 'native' }).protection;
  return new RowProtection(kind === 'counter' ? nodeSuite : randomSuite, { maxSlots: 1 });
}

const protection = makeProtection();
const batch = new PacketBatch(ROWS * PACKET_BYTES, ROWS);
const material = { aead: 'aes-128-gcm', direction: 'seal' } as const;
const [key, iv, headerKey] = [16, 12, 16].map((size) => randomFillSync(new Uint8Array(size)));
let keyId = protection.installKey({ ...material, key, iv, headerKey });
let packetNumber = 0;
const drawsOutside = kind !== 'counter' && provider === 'native';

function prepare(): void {
  // The limit of a key comes within half a minute.
  if (packetNumber > 2 ** 22) {
    protection.retireKey(keyId);
    keyId = protection.installKey({ ...material, key, iv, headerKey });
    packetNumber = 0;
  }
  for (let row = 0; row < ROWS; row++) {
    const at = row << ROW_SHIFT;
    batch.rows[at + OFFSET] = row * PACKET_BYTES;
    batch.rows[at + LENGTH] = PACKET_BYTES;
    batch.rows[at + KEY] = keyId;
    batch.rows[at + STATUS] = 0;
    batch.doubles[(at + PACKET_NUMBER) >> 1] = packetNumber++;
  }
}

function run(): void {
  if (drawsOutside) {
    for (let row = 0; row < ROWS; row++) {
      const from = row * PACKET_BYTES + PACKET_HEADER_BYTES;
      drawNonce(batch.bytes.subarray(from, from + NONCE_BYTES));
    }
  }
  if (protection.seal(batch, 0, ROWS) !== ROWS) throw new Error('a packet was not sealed');
}

const { seconds, warmupSeconds } = benchConfig();
await medianNs({ prepare, run }, warmupSeconds * 1000);
const nsPerOp = (await medianNs({ prepare, run }, seconds * 1000)) / ROWS;
const overhead = PACKET_HEADER_BYTES + PACKET_TAG_BYTES + (kind === 'counter' ? 0 : NONCE_BYTES);
report({
  nsPerOp,
  packetsPerSec: 1e9 / nsPerOp,
  throughputMBps: ((PACKET_BYTES - overhead) * 1000) / nsPerOp,
  overheadBytesPerPacket: overhead,
  note: `${protection.kernel}; ${drawn} nonces drawn; header, tag and nonce are the overhead`,
});
