/**
 * The way of the original protocol, for comparison only: nothing of it is shipped.
 *
 *     node --import ./bench/micro/typescript.mjs bench/micro/original.ts [--ms 300]
 *
 * It sent a symmetric key encrypted with the receiver's RSA-2048 key (no forward secrecy, no proof of who sends), and
 * each packet under a random 12-byte nonce that travels with it, with a cipher object and new buffers per packet.
 * Beside it, in the same run: the X25519 operations of one of our handshakes, and our packets on the engine that runs
 * here.
 */

import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { parseArgs } from 'node:util';
import { KEY, LENGTH, OFFSET, PACKET_NUMBER, ROW_SHIFT, STATUS } from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { generateX25519, x25519 } from '../../lib/crypto/x25519.js';
import { medianNs, printTable, showNs, showRatio } from './harness.js';

const { values } = parseArgs({ options: { ms: { type: 'string', default: '300' } } });
const budgetMs = Number(values.ms);
const PACKET_BYTES = 1400;
const ROWS = 64;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const nothing = () => {};
const time = (run: () => void, times = 1, prepare = nothing) =>
  medianNs({ prepare, run }, budgetMs).then((ns) => ns / times);

const pem = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const rsa = {
  publicKey: createPublicKey(pem.publicKey),
  privateKey: createPrivateKey(pem.privateKey),
};
const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
const symmetricKey = randomBytes(16);
const transported = publicEncrypt({ key: rsa.publicKey, ...oaep }, symmetricKey);

const rsaSender = await time(() => publicEncrypt({ key: rsa.publicKey, ...oaep }, symmetricKey));
const rsaReceiver = await time(() => privateDecrypt({ key: rsa.privateKey, ...oaep }, transported));

/** What either side of a Noise IK handshake computes: one ephemeral key pair, four shared secrets. */
const own = generateX25519();
const peer = generateX25519();
const noiseSide = await time(() => {
  generateX25519();
  for (let i = 0; i < 4; i++) x25519(own.privateKey, peer.publicKey);
});

function originalSeal(payload: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-128-gcm', symmetricKey, nonce);
  const body = Buffer.concat([cipher.update(payload), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function originalOpen(packet: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-gcm', symmetricKey, packet.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(packet.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  const body = decipher.update(packet.subarray(NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([body, decipher.final()]);
}

const payload = randomBytes(PACKET_BYTES - NONCE_BYTES - TAG_BYTES);
const packet = originalSeal(payload);
const sealOriginal = await time(() => {
  for (let i = 0; i < ROWS; i++) originalSeal(payload);
}, ROWS);
const openOriginal = await time(() => {
  for (let i = 0; i < ROWS; i++) originalOpen(packet);
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
