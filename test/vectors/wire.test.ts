/**
 * The wire, byte by byte: frames and packets that were written down when the format was made mean today what they meant
 * then, and are written today as they were then; here, and in the second decoder.
 *
 * A failure means that peers in the field no longer understand us. The files come from test/decoder/make_vectors.py, which
 * knows the documents and not lib/. The Python half is skipped with a printed reason where python3 is missing.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SUITES } from '../../lib/core/handshake/protocol.js';
import { headerKey, nextSecret, phaseKey } from '../../lib/core/handshake/traffic-secrets.js';
import type { Protection } from '../../lib/core/ports.js';
import { FrameReader } from '../../lib/core/wire/frame-reader.js';
import { nodePrimitives } from '../../lib/crypto/primitives.js';
import { encode } from '../support/any-frame.js';
import { readAll } from '../support/frame-model.js';
import { hasPython, modelOf, runPython, type ShownFrame } from '../support/second-decoder.js';
import { batchToOpen, batchToSeal, bytesOf, payloadOf, resultOf } from '../unit/crypto/packets.js';
import { providers } from '../unit/crypto/providers.js';

interface Payload {
  readonly name: string;
  readonly payload: string;
  readonly frames: readonly ShownFrame[];
  /** As a sender writes it: numbers in their shortest form, lengths everywhere. */
  readonly isShortest?: boolean;
}

interface Packet {
  readonly suite: number;
  readonly secret: string;
  readonly phase: number;
  readonly number: number;
  readonly connection: string;
  readonly payload: string;
  readonly packet: string;
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as T;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

type Malformed = Pick<Payload, 'name' | 'payload'>;
const { payloads, malformed } = read<{ payloads: Payload[]; malformed: Malformed[] }>(
  'frames.json',
);
const { packets } = read<{ packets: Packet[] }>('packets.json');

describe('frames', () => {
  const reader = new FrameReader();

  it.each(payloads)('$name: $payload is read', ({ payload, frames }) => {
    const decoded = readAll(reader, bytes(payload));
    expect(decoded).toEqual({ frames: frames.map(modelOf), isMalformed: false });
  });

  it.each(payloads.filter(({ isShortest }) => isShortest))('$name is written', (entry) => {
    const parts = entry.frames.flatMap((frame) =>
      Array.from({ length: frame.length ?? 1 }, () => hex(encode(modelOf(frame)))),
    );
    expect(parts.join('')).toBe(entry.payload);
  });

  it.each(malformed)('$name: $payload is refused', ({ payload }) => {
    expect(readAll(reader, bytes(payload)).isMalformed).toBe(true);
  });

  it('of every type are among them', () => {
    const types = new Set(payloads.flatMap(({ frames }) => frames.map(({ type }) => type)));
    const streams = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19];
    const all = [0, 1, 2, 3, 4, 5, 8, ...streams, 0x1a, 0x1b, 0x1c, 0x1d, 0x30];
    expect([...types].sort((left, right) => left - right)).toEqual(all);
  });
});

/** Installs the key of a packet's secret, in its phase. */
function install(protection: Protection, given: Packet, direction: 'seal' | 'open'): number {
  const suite = SUITES.find(({ id }) => id === given.suite)!;
  const secret = bytes(given.secret);
  const first = phaseKey(nodePrimitives, secret, suite);
  const header = headerKey(nodePrimitives, secret, suite);
  const { aead } = suite;
  const key = protection.installKey({ aead, direction, ...first, headerKey: header });
  if (given.phase === 0 && direction === 'seal') return key;
  const next = phaseKey(nodePrimitives, nextSecret(nodePrimitives, secret), suite);
  protection.updateKey(key, next.key, next.iv);
  return key;
}

describe.each(providers)('packets: $name', ({ open }) => {
  it.each(packets)('suite $suite, number $number, phase $phase', (given) => {
    const sealing = open();
    const key = install(sealing, given, 'seal');
    const toSeal = batchToSeal([{ key, number: given.number, payload: bytes(given.payload) }]);
    toSeal.bytes.set(bytes(given.connection), toSeal.rows[0] + 1);
    expect(sealing.seal(toSeal, 0, 1)).toBe(1);
    expect(hex(bytesOf(toSeal, 0))).toBe(given.packet);

    const opening = open();
    const openKey = install(opening, given, 'open');
    const toOpen = batchToOpen([{ key: openKey, packet: bytes(given.packet) }]);
    expect(opening.open(toOpen, 0, 1)).toBe(1);
    expect(resultOf(toOpen, 0)).toMatchObject({ status: 0, number: given.number });
    expect(hex(payloadOf(toOpen, 0))).toBe(given.payload);
  });
});

describe.skipIf(!hasPython)('the second decoder', () => {
  it('reads and writes the frames alike', () => {
    const { lines } = runPython('vectors.py', { payloads, malformed });
    payloads.forEach(({ payload, frames, isShortest }, index) => {
      expect(lines[index]).toMatchObject({ frames, ...(isShortest ? { payload } : {}) });
    });
    const refused = lines.slice(payloads.length);
    expect(refused.map(({ error }) => typeof error)).toEqual(malformed.map(() => 'string'));
  });

  it('opens and seals the packets alike', () => {
    const { lines } = runPython('vectors.py', { packets });
    const expected = packets.map(({ number, phase, connection, payload, packet }) => {
      return { number, phase, connection, payload, packet };
    });
    expect(lines).toEqual(expected);
  });
});
