/**
 * Identities: real keys, and no way of printing one shows the private bytes.
 */

import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { generateIdentity, identityFromPrivateKey } from '../../../lib/crypto/identity.js';
import { SecretBytes } from '../../../lib/crypto/secret.js';
import { x25519 } from '../../../lib/crypto/x25519.js';

/** Beginnings of the bytes as hexadecimal, base64, a list, an object's elements; without white space. */
function traces(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const front = bytes.subarray(0, 4);
  return [
    buffer.toString('hex').slice(0, 12),
    buffer.toString('base64').slice(0, 8),
    [...front].join(','),
    JSON.stringify(Uint8Array.from(front)).slice(1, -1),
  ];
}

function expectSilent(text: string, secret: Uint8Array): void {
  const dense = text.replace(/\s+/g, '');
  for (const trace of traces(secret)) expect(dense).not.toContain(trace);
}

/** What a console prints. */
function printed(print: (console: Console) => void): string {
  let text = '';
  const stdout = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  print(new Console({ stdout }));
  return text;
}

describe('generateIdentity', () => {
  it('makes a key pair of real Uint8Arrays', () => {
    const { publicKey, privateKey } = generateIdentity();
    expect(publicKey).toBeInstanceOf(Uint8Array);
    expect(privateKey).toBeInstanceOf(Uint8Array);
    expect(publicKey).toHaveLength(32);
    expect(privateKey).toHaveLength(32);
    expect(privateKey.buffer.byteLength).toBe(32);
    const other = generateIdentity();
    expect(x25519(privateKey, other.publicKey)).toEqual(x25519(other.privateKey, publicKey));
    expect(Buffer.from(privateKey).equals(Buffer.from(other.privateKey))).toBe(false);
  });

  it('shows no private byte, however it is printed', () => {
    const identity = generateIdentity();
    const { privateKey } = identity;
    const texts = [
      String(identity),
      JSON.stringify(identity),
      JSON.stringify({ identity, privateKey, list: [privateKey] }),
      inspect(identity),
      inspect(identity, { showHidden: true, depth: Number.POSITIVE_INFINITY }),
      inspect(identity, { customInspect: false }),
      inspect({ nested: { privateKey } }),
      String(privateKey),
      `${privateKey}`,
      `${privateKey.slice(0, 8)} ${privateKey.subarray(0, 16)}`,
      privateKey.toLocaleString(),
      inspect(privateKey.subarray(0, 31)),
      printed((console) => {
        console.log(identity, privateKey);
        console.log('%s %o %O %j', privateKey, privateKey, identity, identity);
        console.dir(identity);
        console.table([identity]);
      }),
      inspect(new Error('with a cause', { cause: identity })),
    ];
    for (const text of texts) expectSilent(text, privateKey);
    // The bytes would be noticed: a plain array shows them.
    const plain = Uint8Array.from(privateKey);
    for (const text of [
      inspect(plain),
      String(plain),
      JSON.stringify(plain),
      inspect(Buffer.from(plain)),
    ]) {
      expect(() => expectSilent(text, privateKey)).toThrow();
    }
    expect(texts[12]).toContain('[secret, 32 bytes]');
  });

  it('cannot be changed', () => {
    const identity = generateIdentity() as { publicKey: Uint8Array; privateKey: Uint8Array };
    expect(() => {
      identity.privateKey = new Uint8Array(32);
    }).toThrow(TypeError);
    expect(() => {
      identity.publicKey = new Uint8Array(32);
    }).toThrow(TypeError);
  });
});

describe('identityFromPrivateKey', () => {
  it('is the same identity, and hides its bytes too', () => {
    const identity = generateIdentity();
    const kept = Buffer.from(identity.privateKey);
    const again = identityFromPrivateKey(kept);
    kept.fill(0);
    expect(again.publicKey).toEqual(identity.publicKey);
    expect([...again.privateKey]).toEqual([...identity.privateKey]);
    expectSilent(inspect(again, { showHidden: true }), again.privateKey);
  });

  it('refuses other sizes and other things', () => {
    for (const wrong of [new Uint8Array(31), new Uint8Array(33), 'ab'.repeat(32), undefined]) {
      expect(() => identityFromPrivateKey(wrong as Uint8Array)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_KEY' }),
      );
    }
  });
});

describe('SecretBytes', () => {
  it('copies, and wipes its own bytes only', () => {
    const plain = Uint8Array.of(1, 2, 3);
    const secret = SecretBytes.copyOf(plain);
    expect([...secret]).toEqual([1, 2, 3]);
    secret.wipe();
    expect([...secret]).toEqual([0, 0, 0]);
    expect([...plain]).toEqual([1, 2, 3]);
  });

  it('is cloned as plain bytes', () => {
    const clone = structuredClone(SecretBytes.copyOf(Uint8Array.of(4, 5)));
    expect(clone).toEqual(Uint8Array.of(4, 5));
  });
});
