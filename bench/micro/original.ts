/**
 * The way of the original protocol, for comparison only: nothing of it is shipped.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/original.ts [--ms 300]
 *
 * The RSA-2048 key transport and the packets of original-protocol.ts; beside them, in the same run, the X25519 operations
 * of one of our handshakes and our packets on the engine that runs here.
 */

import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { KEY, LENGTH, OFFSET, PACKET_NUMBER, ROW_SHIFT, STATUS } from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { generateX25519, x25519 } from '../../lib/crypto/x25519.js';
import { medianNs, printTable, showNs, showRatio } from './harness.js';
import { ORIGINAL_OVERHEAD_BYTES, OriginalPackets, openKeyTransport } from './original-protocol.js';

const { values } = parseArgs({ options: { ms: { type: 'string', default: '300' } } });
const budgetMs = Number(values.ms);
const PACKET_BYTES = 1400;
const ROWS = 64;

const nothing = () => {};
const time = (run: () => void, times = 1, prepare = nothing) =>
  medianNs({ prepare, run }, budgetMs).then((ns) => ns / times);

const symmetricKey = randomBytes(16);
const transport = openKeyTransport();
const transported = transport.send(symmetricKey);
const rsaSender = await time(() => transport.send(symmetricKey));
const rsaReceiver = await time(() => transport.receive(transported));

/** What either side of a Noise IK handshake computes: one ephemeral key pair, four shared secrets. */
const own = generateX25519();
const peer = generateX25519();
const noiseSide = await time(() => {
  generateX25519();
  for (let i = 0; i < 4; i++) x25519(own.privateKey, peer.publicKey);
});

const original = new OriginalPackets(symmetricKey);
const payload = randomBytes(PACKET_BYTES - ORIGINAL_OVERHEAD_BYTES);
const packet = original.seal(payload);
const sealOriginal = await time(() => {
  for (let i = 0; i < ROWS; i++) original.seal(payload);
}, ROWS);
const openOriginal = await time(() => {
  for (let i = 0; i < ROWS; i++) original.open(packet);
}, ROWS);

const { protection } = openProtection();
const material = { aead: 'aes-128-gcm', iv: randomBytes(12), headerKey: symmetricKey } as const;
const sealId = protection.installKey({ ...material, key: symmetricKey, direction: 'seal' });
const openId = protection.installKey({ ...material, key: symmetricKey, direction: 'open' });
const batch = new PacketBatch(ROWS * PACKET_BYTES, ROWS);
let number = 0;

function prepareRows(key: number, numbered: boolean): void {
  for (let row = 0; row < ROWS; row++) {
    const at = row << ROW_SHIFT;
    batch.rows[at + OFFSET] = row * PACKET_BYTES;
    batch.rows[at + LENGTH] = PACKET_BYTES;
    batch.rows[at + KEY] = key;
    batch.rows[at + STATUS] = 0;
    if (numbered) batch.doubles[(at + PACKET_NUMBER) >> 1] = number++;
  }
}

const seal = () => protection.seal(batch, 0, ROWS);
const sealOurs = await time(seal, ROWS, () => prepareRows(sealId, true));
const openOurs = await time(
  () => protection.open(batch, 0, ROWS),
  ROWS,
  () => {
    prepareRows(sealId, true);
    seal();
    prepareRows(openId, false);
  },
);

const row = (what: string, theirs: number, ours: number) => [
  what,
  showNs(theirs),
  showNs(ours),
  showRatio(ours, theirs),
];
console.log(`our packets: ${protection.name}, ${protection.kernel}\n`);
printTable(
  ['ns', 'original', 'burstwire', 'ratio'],
  [
    row('handshake, sender (public key operations)', rsaSender, noiseSide),
    row('handshake, receiver (public key operations)', rsaReceiver, noiseSide),
    row('handshake, both sides', rsaSender + rsaReceiver, 2 * noiseSide),
    row(`seal ${PACKET_BYTES} bytes`, sealOriginal, sealOurs),
    row(`open ${PACKET_BYTES} bytes`, openOriginal, openOurs),
  ],
);
