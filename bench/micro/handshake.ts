/**
 * Full handshakes per second of CPU time, both sides counted: ours beside `node:tls` (TLS 1.3, ECDSA P-256, no
 * resumption), in one process, interleaved, without sockets. A handshake of ours is complete when the initiator's first
 * packet has opened at the responder; one of TLS when both sides have said 'secure'.
 *
 * Run: node --import ./bench/micro/typescript.mjs bench/micro/handshake.ts [rounds]
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import {
  createSecureContext,
  type SecureContext,
  TLSSocket,
  connect as tlsConnect,
} from 'node:tls';
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
import { Handshakes } from '../../lib/core/handshake/handshakes.js';
import { KeySchedule } from '../../lib/core/handshake/key-schedule.js';
import type { Outcome } from '../../lib/core/handshake/outcome.js';
import { openPrimitives } from '../../lib/crypto/choose-primitives.js';
import { openProtection } from '../../lib/crypto/choose-protection.js';
import { systemRandom } from '../../lib/crypto/random.js';
import { printTable } from './harness.js';

const rounds = Number(process.argv[2] ?? 7);
const PER_ROUND = 200;
const PACKET_BYTES = PACKET_HEADER_BYTES + 100 + PACKET_TAG_BYTES;

const { protection } = openProtection();
const { primitives } = openPrimitives();
const batch = new PacketBatch(PACKET_BYTES, 1);
let nowUs = 0;

function endpoint() {
  const identity = primitives.generateKeyPair();
  const handshakes = new Handshakes({
    primitives,
    random: systemRandom,
    identity,
    nowUs: 0,
    epochUs: Date.now() * 1000,
    rateLimit: { ratePerSecond: 1e9, burst: 1e9 },
    busyPerSecond: 1e9,
    cookiesFrom: Number.POSITIVE_INFINITY,
  });
  return { identity, handshakes };
}

const client = endpoint();
const server = endpoint();
const sourceOf = (port: number) => ({ address: Uint8Array.of(127, 0, 0, 1), port, peer: port });

function established(from: Handshakes): Outcome {
  for (const event of from.takeEvents()) if (event.kind === 'established') return event.outcome;
  throw new Error('the handshake was not established');
}

function keysOf({ suite, sendSecret, receiveSecret }: Outcome): KeySchedule {
  const keys = KeySchedule.install({ protection, primitives, suite, sendSecret, receiveSecret });
  if (keys === undefined) throw new Error('no key slot is free');
  return keys;
}

/** One handshake by Noise IK, with keys installed on both sides and one packet through. */
function ours(): void {
  nowUs += 10_000;
  client.handshakes.connect(
    { source: sourceOf(2), remoteStatic: server.identity.publicKey },
    nowUs,
  );
  for (const { bytes } of client.handshakes.takeOutgoing()) {
    server.handshakes.receive(bytes, sourceOf(1), nowUs);
  }
  for (const { bytes } of server.handshakes.takeOutgoing()) {
    client.handshakes.receive(bytes, sourceOf(2), nowUs);
  }
  const clientEnd = established(client.handshakes);
  const serverEnd = established(server.handshakes);
  const clientKeys = keysOf(clientEnd);
  const serverKeys = keysOf(serverEnd);
  sendFirstPacket(clientKeys.sealKey, serverKeys.openKey, clientEnd.remoteId);
  server.handshakes.onFirstProtectedPacket(serverEnd.localId);
  client.handshakes.onFirstProtectedPacket(clientEnd.localId);
  server.handshakes.takeEvents();
  client.handshakes.takeEvents();
  clientKeys.close();
  serverKeys.close();
}

function sendFirstPacket(sealKey: number, openKey: number, connectionId: Uint8Array): void {
  const { bytes, rows, doubles } = batch;
  bytes[0] = 0x40;
  bytes.set(connectionId, 1);
  rows[OFFSET] = 0;
  rows[LENGTH] = PACKET_BYTES;
  rows[STATUS] = 0;
  rows[CONNECTION] = 0;
  rows[KEY] = sealKey;
  doubles[PACKET_NUMBER / 2] = 0;
  batch.length = 1;
  protection.seal(batch, 0, 1);
  rows[KEY] = openKey;
  if (protection.open(batch, 0, 1) !== 1) throw new Error('the first packet did not open');
}

function certificate(): { key: Buffer; cert: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'burstwire-tls-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const rest = ['-nodes', '-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...curve, ...rest], { stdio: 'ignore' });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One full TLS 1.3 handshake over a pair of streams in memory. */
async function overTls(secureContext: SecureContext, ca: Buffer): Promise<void> {
  const [left, right] = duplexPair();
  const serverSide = new TLSSocket(right, { isServer: true, secureContext });
  const clientSide = tlsConnect({
    socket: left,
    ca,
    servername: 'localhost',
    minVersion: 'TLSv1.3',
  });
  const secure = (socket: TLSSocket, event: string) =>
    new Promise<void>((resolve, reject) => {
      socket.once(event, () => resolve());
      socket.once('error', reject);
    });
  await Promise.all([secure(serverSide, 'secure'), secure(clientSide, 'secureConnect')]);
  clientSide.destroy();
  serverSide.destroy();
}

/** Handshakes per CPU-second of one round. */
async function measure(one: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < PER_ROUND; i++) await one();
  const { user, system } = process.cpuUsage(before);
  return PER_ROUND / ((user + system) / 1e6);
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
const files = certificate();
const context = files && createSecureContext({ ...files, minVersion: 'TLSv1.3' });
const tls = context && files && (() => overTls(context, files.cert));
const ourRates: number[] = [];
const tlsRates: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const own = await measure(ours);
  const theirs = tls && (await measure(tls));
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
      `burstwire (Noise IK, ${protection.kernel})`,
      own.toFixed(0),
      theirs ? `${(own / theirs).toFixed(2)}x` : '–',
    ],
    ['node:tls (TLS 1.3, ECDSA P-256)', theirs?.toFixed(0) ?? 'no openssl command', '1'],
  ],
);
