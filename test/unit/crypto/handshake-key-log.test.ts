/** What a key log is told of handshakes: what opens a piece, when it was good; and nothing at all without a log. */

import { createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loggedPrimitives } from '../../../lib/crypto/handshake-key-log.js';
import { nodePrimitives } from '../../../lib/crypto/primitives.js';

const [KEY, NONCE, AD] = [new Uint8Array(32).fill(1), new Uint8Array(12).fill(2), Buffer.from('h')];
const PLAIN = Buffer.from('a static key, or parameters');

describe('loggedPrimitives', () => {
  it('are the very same without a log', () => {
    expect(loggedPrimitives(nodePrimitives, undefined)).toBe(nodePrimitives);
  });

  it.each([
    ['AESGCM', 'aes-256-gcm'],
    ['ChaChaPoly', 'chacha20-poly1305'],
  ] as const)('tell what opens a piece, on both sides: %s', (name, aead) => {
    const lines: string[] = [];
    const cipher = loggedPrimitives(nodePrimitives, (line) => lines.push(line)).cipher(name);
    const sealed = Buffer.from(cipher.encrypt(KEY, NONCE, AD, PLAIN));
    expect(sealed).toEqual(Buffer.from(nodePrimitives.cipher(name).encrypt(KEY, NONCE, AD, PLAIN)));
    expect(Buffer.from(cipher.decrypt(KEY, NONCE, AD, sealed)!)).toEqual(PLAIN);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(lines[0]);
    const [head, tag, said, ...rest] = lines[0].split(' ');
    expect([head, said]).toEqual(['BURSTWIRE_HANDSHAKE_KEY', aead]);
    const [key, nonce, ad] = rest.map((field) => Buffer.from(field, 'hex'));
    const reader = createDecipheriv(aead as 'aes-256-gcm', key, nonce, { authTagLength: 16 });
    reader.setAAD(ad, { plaintextLength: PLAIN.length });
    reader.setAuthTag(Buffer.from(tag, 'hex'));
    const opened = [reader.update(sealed.subarray(0, -16)), reader.final()];
    expect(Buffer.concat(opened)).toEqual(PLAIN);
  });

  it('tell nothing of what does not authenticate', () => {
    const lines: string[] = [];
    const cipher = loggedPrimitives(nodePrimitives, (line) => lines.push(line)).cipher('AESGCM');
    expect(cipher.decrypt(KEY, NONCE, AD, new Uint8Array(40))).toBeUndefined();
    expect(lines).toEqual([]);
  });
});
