/**
 * A million junk initiations against one endpoint: what they cost, and that they cost no DH and no memory.
 *
 * Run: node --expose-gc --import ./bench/micro/typescript.mjs bench/stress/junk-initiations.ts [count]
 *
 * Four floods, each of `count` messages from ever new addresses: noise of the right length; a wrong mac1; a mac1 that
 * fits (the public key is known) without a cookie, under load; a mac1 that fits and a cookie that does not. Ends with
 * exit code 1 when one of them cost a DH, or left more than a megabyte behind.
 */

import { DROP_REASON_NAMES } from '../../lib/core/handshake/drop-reasons.js';
import { Handshakes } from '../../lib/core/handshake/handshakes.js';
import { mac1Key, writeMac1 } from '../../lib/core/handshake/macs.js';
import type { HandshakePrimitives } from '../../lib/core/ports.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { systemRandom } from '../../lib/crypto/random.js';

const HEAP_GROWTH_MAX = 1 << 20;
const count = Number(process.argv[2] ?? 1_000_000);

let dhCalls = 0;
let keyPairs = 0;
const primitives: HandshakePrimitives = {
  ...nodePrimitives,
  generateKeyPair: () => {
    keyPairs++;
    return nodePrimitives.generateKeyPair();
  },
  dh: (privateKey, publicKey) => {
    dhCalls++;
    return nodePrimitives.dh(privateKey, publicKey);
  },
};

const identity = nodePrimitives.generateKeyPair();
const endpoint = new Handshakes({
  primitives,
  random: systemRandom,
  identity,
  nowUs: 0,
  epochUs: Date.now() * 1000,
  cookiesFrom: 0,
});

function genuine(): Uint8Array {
  const initiator = new Handshakes({
    primitives: nodePrimitives,
    random: systemRandom,
    identity: nodePrimitives.generateKeyPair(),
    nowUs: 0,
    epochUs: Date.now() * 1000,
  });
  const source = { address: Uint8Array.of(127, 0, 0, 1), port: 1, peer: 1 };
  initiator.connect({ source, remoteStatic: identity.publicKey }, 0);
  return initiator.takeOutgoing()[0].bytes.slice();
}

const key = mac1Key(nodePrimitives, identity.publicKey);
const message = genuine();

/** Each flood makes message number `index` in place. */
const floods: Readonly<Record<string, (index: number) => void>> = {
  noise: (index) => {
    if (index === 0) systemRandom.fill(message.subarray(1));
    message[1 + (index % 1199)] ^= index;
  },
  'wrong mac1': (index) => {
    if (index === 0) {
      message.set(genuine());
      message[1168] ^= 1;
    }
    message[200 + (index % 900)] ^= 1 + (index & 0x7f);
  },
  'mac1 fits, no cookie': (index) => {
    if (index === 0) message.set(genuine());
    message[200 + (index % 900)] ^= 1 + (index & 0x7f);
    writeMac1(nodePrimitives, key, message);
  },
  'mac1 fits, wrong cookie': (index) => {
    message[200 + (index % 900)] ^= 1 + (index & 0x7f);
    writeMac1(nodePrimitives, key, message);
    message.fill(1 + (index & 0x7f), 1184);
  },
};

const address = new Uint8Array(4);
const source = { address, port: 4433, peer: 7 };

function memory(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function run(name: string, make: (index: number) => void): boolean {
  let nowUs = 1_000_000;
  let replyBytes = 0;
  const step = (index: number): void => {
    make(index);
    address[0] = index >>> 16;
    address[1] = index >>> 8;
    address[2] = index;
    nowUs += 10;
    endpoint.receive(message, source, nowUs);
    if (index % 64 !== 63) return;
    for (const { bytes } of endpoint.takeOutgoing()) {
      replyBytes += bytes.length;
    }
  };
  for (let index = 0; index < 20_000; index++) step(index);
  const before = { memory: memory(), cpu: process.cpuUsage(), dhCalls, keyPairs };
  const counted = endpoint.counts.slice();
  for (let index = 0; index < count; index++) step(index);
  const cpu = process.cpuUsage(before.cpu);
  const grown = memory() - before.memory;
  const dh = dhCalls - before.dhCalls + keyPairs - before.keyPairs;
  const dropped = [...endpoint.counts]
    .map((value, index) => [DROP_REASON_NAMES[index], value - counted[index]] as const)
    .filter(([, value]) => value > 0)
    .map(([reason, value]) => `${reason} ${value}`)
    .join(', ');
  const microseconds = (cpu.user + cpu.system) / count;
  console.log(
    `${name.padEnd(24)} ${count} messages  ${microseconds.toFixed(1)} us each  DH ${dh}  ` +
      `memory ${(grown / 1024).toFixed(0)} KiB  half-open ${endpoint.halfOpen}  ` +
      `bytes out per byte in ${(replyBytes / (count + 20_000) / 1200).toFixed(3)}  (${dropped})`,
  );
  return dh === 0 && grown < HEAP_GROWTH_MAX && endpoint.halfOpen === 0;
}

if (typeof globalThis.gc !== 'function') console.log('without --expose-gc the memory is a guess');
const failed = Object.entries(floods).filter(([name, make]) => !run(name, make));
if (failed.length > 0) {
  console.log(`failed: ${failed.map(([name]) => name).join(', ')}`);
  process.exitCode = 1;
}
