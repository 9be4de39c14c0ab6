/**
 * Two real endpoints talk through a relay; a decoder in another language, written from the documents, reads what passed:
 * every handshake message, packet and frame is what the endpoints' qlog says they sent.
 *
 * The decoder is given the responder's two private keys and nothing else. Needs python3; skipped with a printed reason
 * where there is none.
 */

import { describe, expect, it, vi } from 'vitest';
import type { KeyPair } from '../../lib/core/ports.js';
import { hasPython, qlogOf, runPython, type ShownFrame } from '../support/second-decoder.js';
import { type Aead, talk, upload } from './support/recorded-talk.js';
import type { Recorded } from './support/recording-relay.js';

/** Every key pair that an endpoint of this file has made: its private key is wiped soon, so this is a copy. */
const made = vi.hoisted(() => [] as KeyPair[]);

vi.mock('../../lib/crypto/choose-primitives.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../lib/crypto/choose-primitives.js')>();
  const openPrimitives: typeof original.openPrimitives = (env) => {
    const opened = original.openPrimitives(env);
    const generateKeyPair = (): KeyPair => {
      const pair = opened.primitives.generateKeyPair();
      made.push({ publicKey: pair.publicKey.slice(), privateKey: pair.privateKey.slice() });
      return pair;
    };
    return { ...opened, primitives: { ...opened.primitives, generateKeyPair } };
  };
  return { ...original, openPrimitives };
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The private key whose public key begins the response's Noise message. */
function ephemeralOf(datagrams: readonly Recorded[]): string {
  const response = datagrams.find(({ bytes }) => bytes.startsWith('82'))!.bytes;
  const pair = made.find(({ publicKey }) => hex(publicKey) === response.slice(42, 106))!;
  return hex(pair.privateKey);
}

const cases: readonly (readonly [Aead, number, boolean])[] = [
  ['aes-128-gcm', 1, true],
  ['aes-256-gcm', 2, false],
  ['chacha20-poly1305', 3, true],
];

describe.skipIf(!hasPython)('the second decoder reads a real connection', () => {
  it.each(cases)('%s, suite %i, key known: %s', async (aead, suite, isKnown) => {
    const { datagrams, staticKey, sent } = await talk(aead, isKnown);
    const keys = { static: staticKey, ephemeral: ephemeralOf(datagrams) };
    const { status, lines } = runPython('decode.py', { suite, keys, datagrams, frames: true });
    expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(status).toBe(0);
    const handshake = ['initiation', 'response', ...(isKnown ? [] : ['final'])];
    const messages = lines.map(({ type }) => type).filter((type) => type !== 'packet');
    expect(new Set(messages)).toEqual(new Set(handshake));
    for (const side of ['initiator', 'responder'] as const) {
      const packets = lines
        .filter(({ from, type }) => from === side && type === 'packet')
        .map(({ number, frames }) => ({
          number: number as number,
          frames: (frames as ShownFrame[]).map(qlogOf),
        }))
        .sort((left, right) => left.number - right.number);
      expect(packets.length).toBeGreaterThan(20);
      expect(packets).toEqual(sent[side]);
    }
    const bytes = Buffer.alloc(upload.length);
    for (const { from, frames } of lines) {
      for (const { type, numbers = [], data = '' } of (frames ?? []) as ShownFrame[]) {
        if (from === 'initiator' && type === 8 && numbers[0] === 0)
          bytes.set(Buffer.from(data, 'hex'), numbers[1]);
      }
    }
    expect(bytes.equals(upload)).toBe(true);
  });
});
