/**
 * A connection's keys: carried under the receiver's RSA-2048 key, or agreed on by our handshake.
 *
 *     node --import ./bench/micro/typescript.mjs bench/ablation/key-transport.ts rsa|rsa-both|noise|noise-again
 *
 * 'rsa' is the original's way to a gateway: one symmetric key travels and serves both ways; 'rsa-both': its way between two
 * peers, each of which sends one to the other. 'noise' is Noise IK between strangers, 'noise-again' between peers that have
 * met, by the endpoint's own machine (handshakes.ts). All install traffic keys on both sides and pass one packet. Without
 * sockets, in one process: an operation is both sides together, and its time is CPU time.
 *
 * Invariant: an operation counts once its packet was opened with the key that the handshake gave.
 */

import { randomBytes } from 'node:crypto';
import {
  CONNECTION,
  KEY,
  LENGTH,
  OFFSET,
  PACKET_HEADER_BYTES,
  PACKET_NUMBER,
  PACKET_TAG_BYTES,
  STATUS,
} from '../../lib/batch/layout.js';
import { PacketBatch } from '../../lib/batch/packet-batch.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { NoiseHandshakes } from '../micro/noise-handshake.js';
import { openKeyTransport } from '../micro/original-protocol.js';
import { benchConfig, report } from '../suite/case-process.js';

const PACKET_BYTES = PACKET_HEADER_BYTES + 100 + PACKET_TAG_BYTES;
const KEY_BYTES = 16;
const IV_BYTES = 12;
/** More than the peers whose secrets are remembered. */
const STRANGERS = 300;

/** One handshake of the original's, with as many keys carried as that. */
function makeRsa(carriedKeys: number): () => void {
  const { protection } = openProtection();
  const batch = new PacketBatch(PACKET_BYTES, 1);
  const transports = Array.from({ length: carriedKeys }, openKeyTransport);
  const install = (direction: 'seal' | 'open', key: Uint8Array): number =>
    protection.installKey({
      aead: 'aes-128-gcm',
      direction,
      key,
      iv: key.subarray(0, IV_BYTES),
      headerKey: key,
    });
  const passPacket = (sealKey: number, openKey: number): void => {
    const { bytes, rows, doubles } = batch;
    bytes[0] = 0x40;
    bytes.fill(0, 1);
    rows[OFFSET] = 0;
    rows[LENGTH] = PACKET_BYTES;
    rows[STATUS] = 0;
    rows[CONNECTION] = 0;
    rows[KEY] = sealKey;
    doubles[PACKET_NUMBER / 2] = 0;
    protection.seal(batch, 0, 1);
    rows[KEY] = openKey;
    if (protection.open(batch, 0, 1) !== 1) throw new Error('the first packet did not open');
  };
  return () => {
    const pairs = transports.map((transport) => {
      const sent = randomBytes(KEY_BYTES);
      return { sent, carried: transport.receive(transport.send(sent)) };
    });
    const [there, back] = [pairs[0], pairs.at(-1)!];
    const toPeer = [install('seal', there.sent), install('open', there.carried)];
    const toUs = [install('seal', back.carried), install('open', back.sent)];
    passPacket(toPeer[0], toPeer[1]);
    for (const id of [...toPeer, ...toUs]) protection.retireKey(id);
  };
}

/** Handshakes of ours. @param clients that take turns */
function makeNoise(clients: number): () => void {
  const handshakes = new NoiseHandshakes('IK', clients);
  return () => handshakes.run();
}

const WAYS = {
  rsa: () => makeRsa(1),
  'rsa-both': () => makeRsa(2),
  noise: () => makeNoise(STRANGERS),
  'noise-again': () => makeNoise(1),
} as const satisfies Record<string, () => () => void>;

/** Nanoseconds of CPU time of one operation, all threads of this process together; `least` operations at least. */
function cpuNsPerOp(operation: () => void, seconds: number, least: number): number {
  const before = process.cpuUsage();
  const end = performance.now() + seconds * 1000;
  let count = 0;
  do {
    operation();
    count++;
  } while (count < least || performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

const kind = process.argv[2];
const make = Object.entries(WAYS).find(([name]) => name === kind)?.[1];
if (make === undefined) throw new RangeError(`no such way to keys: ${kind}`);
const operation = make();
const { seconds, warmupSeconds } = benchConfig();
cpuNsPerOp(operation, warmupSeconds, STRANGERS);
const nsPerOp = cpuNsPerOp(operation, seconds, 1);
report({
  nsPerOp,
  opsPerSec: 1e9 / nsPerOp,
  note: kind.startsWith('noise')
    ? 'forward secrecy, both sides known to each other, replay checked'
    : 'no forward secrecy, and nobody knows who has sent the key',
});
