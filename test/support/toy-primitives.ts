/**
 * HandshakePrimitives that are fast and worthless: for exploring many thousand orders of events, where only equality
 * of keys matters. A mixing function stands for the hash, a swap for the curve. Deterministic.
 */

import type {
  HandshakeCipher,
  HandshakePrimitives,
  KeyPair,
  Random,
} from '../../lib/core/ports.js';

function mixWord(lanes: Int32Array, index: number, word: number): void {
  const lane = index & 7;
  const mixed = Math.imul(lanes[lane] ^ word, 0x9e3779b1);
  lanes[lane] = (mixed ^ (mixed >>> 15)) + lanes[(lane + 1) & 7];
}

function toyHash(...parts: readonly Uint8Array[]): Uint8Array {
  const lanes = new Int32Array(8).fill(0x243f6a88);
  let count = 0;
  for (const part of parts) {
    mixWord(lanes, count++, part.length);
    let index = 0;
    for (; index + 4 <= part.length; index += 4) {
      const word =
        part[index] | (part[index + 1] << 8) | (part[index + 2] << 16) | (part[index + 3] << 24);
      mixWord(lanes, count++, word);
    }
    for (; index < part.length; index++) mixWord(lanes, count++, part[index]);
  }
  for (let round = 0; round < 24; round++) mixWord(lanes, round, round);
  return new Uint8Array(lanes.buffer);
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

const SWAP = 0x55;
const publicOf = (key: Uint8Array): Uint8Array => key.map((byte) => byte ^ SWAP);

function seal(key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plain: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(plain.length + 16);
  sealed.set(plain);
  sealed.set(toyHash(key, nonce, ad, plain).subarray(0, 16), plain.length);
  return sealed;
}

function open(
  key: Uint8Array,
  nonce: Uint8Array,
  ad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < 16) return undefined;
  const plain = sealed.slice(0, sealed.length - 16);
  return same(seal(key, nonce, ad, plain), sealed) ? plain : undefined;
}

const cipher: HandshakeCipher = { encrypt: seal, decrypt: open };

/** @param name makes the keys of two nodes different */
export function toyPrimitives(name: number): HandshakePrimitives {
  let made = 0;
  return {
    generateKeyPair(): KeyPair {
      const privateKey = toyHash(Uint8Array.of(name, ++made));
      return { privateKey, publicKey: publicOf(privateKey) };
    },
    dh(privateKey, publicKey) {
      const own = publicOf(privateKey);
      const ownFirst = Buffer.compare(own, publicKey) < 0;
      return ownFirst ? toyHash(own, publicKey) : toyHash(publicKey, own);
    },
    cipher: () => cipher,
    sha256: (...parts) => toyHash(...parts),
    hmacSha256: (key, ...parts) => toyHash(key, ...parts),
    xSeal: seal,
    xOpen: open,
    equal: same,
  };
}

/** A toy key pair whose public key begins with `first`: decides the order of two peers. */
export function toyIdentity(first: number): KeyPair {
  const publicKey = toyHash(Uint8Array.of(first));
  publicKey[0] = first;
  return { publicKey, privateKey: publicOf(publicKey) };
}

/** Counts instead of throwing dice, and says 0 for single bytes: no jitter, so equal histories are equal states. */
export function countingRandom(name: number): Random {
  let count = 0;
  return {
    fill(bytes) {
      bytes.fill(0);
      if (bytes.length === 1) return;
      bytes[0] = name;
      bytes[1] = ++count;
    },
  };
}
