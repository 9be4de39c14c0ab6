/**
 * P3 to P6 of the suite: frames, hand-over, nonces, handshakes.
 *
 * Data only. Called by catalogue.ts.
 *
 * Invariant: a case whose content only some ways can do names the case that it is compared with.
 */

import { spawnSync } from 'node:child_process';
import type { Benchmark, Case, Role } from '../suite/types.js';

type Content = 'bulk' | 'mixed' | 'ack';

const CONTENTS: Readonly<Record<Content, string>> = {
  bulk: 'some 1,400 bytes of one stream',
  mixed: 'an acknowledgement and 8 pieces of streams, 150 bytes each',
  ack: 'an acknowledgement of 256 packets in 32 ranges',
};
const WAYS = {
  burstwire: ['ours', 'frames written in place, read without an object'],
  original: ['before', 'an object, serialized, then copied into a packet'],
  v8: ['peer', "Node's own serializer of objects"],
} as const satisfies Readonly<Record<string, readonly [Role, string]>>;

function framesCase(operation: string, way: keyof typeof WAYS, content: Content): Case {
  const [role, about] = WAYS[way];
  return {
    name: `${way} ${operation} ${content}`,
    role,
    about: `${CONTENTS[content]}: ${about}`,
    baseline: `original ${operation} ${content}`,
    script: 'micro/cases/frames.ts',
    args: [operation, way, content],
  };
}

const FRAMES: Benchmark = {
  id: 'P3',
  group: 'micro',
  title: 'Content of packets to bytes and back',
  about:
    'What a packet says, without protection, written into bytes (encode) or read from them (decode). An operation is the content of one packet.',
  primary: 'opsPerSec',
  better: 'more',
  cases: ['encode', 'decode'].flatMap((operation) => [
    framesCase(operation, 'burstwire', 'bulk'),
    framesCase(operation, 'original', 'bulk'),
    framesCase(operation, 'v8', 'bulk'),
    framesCase(operation, 'burstwire', 'mixed'),
    framesCase(operation, 'original', 'mixed'),
    framesCase(operation, 'burstwire', 'ack'),
    framesCase(operation, 'original', 'ack'),
  ]),
};

/** A case of one script: name, role, arguments, how it does it. */
type Line = readonly [name: string, role: Role, args: string, about: string];

function linesOf(script: string, lines: readonly Line[], baseline: string): Case[] {
  return lines.map(([name, role, args, about]) => ({
    name,
    role,
    about,
    baseline,
    script: `micro/cases/${script}`,
    args: args.split(' '),
  }));
}

const HAND_OVER: Benchmark = {
  id: 'P4',
  group: 'micro',
  title: 'Hand-over between stages',
  about:
    'Received pieces go from the stage that makes them to the one that uses them. An operation is one piece; a turn is one of the event loop.',
  primary: 'opsPerSec',
  better: 'more',
  cases: linesOf(
    'hand-over.ts',
    [
      ['channel of 1, a turn each', 'before', 'channel-turn 1', 'the original: a task a packet'],
      ['channel of 100, a turn each', 'peer', 'channel-turn 100', 'the remedy proposed for it'],
      ['channel of 1, promises', 'peer', 'channel 1', 'sender and receiver await each other'],
      ['node:stream of 1', 'peer', 'stream 1', 'object stream, highWaterMark 1'],
      ['node:stream of 16', 'peer', 'stream 16', 'object stream, the default mark'],
      ['event ring', 'ours', 'ring', '64 events of the core in and out'],
      ['event ring, a turn each', 'ours', 'ring-turn', '64 events, then a turn of the event loop'],
      ['queue of for await', 'ours', 'loop', 'what connections, messages and datagrams wait in'],
    ],
    'channel of 1, a turn each',
  ),
};

const NONCES: Benchmark = {
  id: 'P5',
  group: 'micro',
  title: 'Nonces',
  about: 'The 12 bytes that make the encryption of each packet unique.',
  primary: 'opsPerSec',
  better: 'more',
  cases: linesOf(
    'nonce.ts',
    [
      ['random, a new buffer', 'before', 'random-new', 'the original; the packet carries it'],
      ['random, in place', 'peer', 'random', 'crypto.randomFillSync of 12 bytes'],
      ['random, from a pool', 'peer', 'random-pool', 'crypto.randomFillSync for 128 at once'],
      ['counter', 'ours', 'counter', 'static IV xor packet number; nothing to carry'],
    ],
    'random, a new buffer',
  ),
};

function opensslIsMissing(): string | undefined {
  const { status } = spawnSync('openssl', ['version'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'no openssl command to make a certificate with';
}

const TLS = 'node:tls 1.3, ECDSA P-256';

const HANDSHAKES: Benchmark = {
  id: 'P6',
  group: 'micro',
  title: 'Handshakes',
  about:
    'Complete handshakes in memory, both sides, a second of CPU time. The RSA key transport is no like: it proves nobody and a key that is stolen later opens everything.',
  primary: 'opsPerSec',
  better: 'more',
  cases: linesOf(
    'handshake.ts',
    [
      [TLS, 'peer', 'tls', 'no resumption, over a pair of streams'],
      ['RSA-2048 key transport', 'before', 'rsa', 'the original: one encryption, one decryption'],
      ['Noise IK', 'ours', 'ik', 'X25519, peers that have met before; keys installed'],
      ['Noise IK, strangers', 'ours', 'ik-strangers', 'X25519, peers that have not met'],
      ['Noise XX', 'ours', 'xx', "X25519, the initiator does not know the responder's key"],
    ],
    TLS,
  ).map((item) => ({
    ...item,
    config: { warmupSeconds: 0.3 },
    ...(item.name === TLS ? { obstacle: opensslIsMissing } : {}),
  })),
};

export const PARTS: readonly Benchmark[] = [FRAMES, HAND_OVER, NONCES, HANDSHAKES];
