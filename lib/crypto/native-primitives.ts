/**
 * The primitives of a handshake, with X25519, SHA-256 and HMAC-SHA256 by the addon; everything else as in
 * `primitives.ts`.
 *
 * It knows no Noise and remembers no key. Called by `choose-primitives.ts`.
 *
 * Invariant: behaves as `nodePrimitives` do, result by result and error by error; no key stays in the memory that the
 * addon and this file pass each other.
 */

import type { HandshakePrimitives, KeyPair } from '../core/ports.js';
import {
  type Binding,
  type NativePrimitives,
  PRIMITIVES_INPUT,
  PRIMITIVES_RESULT,
} from '../native/binding.js';
import { requireBytes } from './errors.js';
import { fillPrivateKey } from './hedged-random.js';
import { nodePrimitives } from './primitives.js';
import { SecretBytes } from './secret.js';
import { hmacSha256 as nodeHmacSha256, sha256 as nodeSha256 } from './sha256.js';
import { X25519_BYTES } from './x25519.js';

const HASH_BYTES = 32;
const RESULT_END = PRIMITIVES_RESULT + HASH_BYTES;
/** More than any message of a handshake; longer inputs go to Node, whose cost per call they do not notice. */
const MEMORY_BYTES = 4096;
const INPUT_BYTES = MEMORY_BYTES - PRIMITIVES_INPUT;

/** The primitives by the addon, or the reason why it has none here. */
export function openNativePrimitives(binding: Binding): HandshakePrimitives | string {
  try {
    return overAddon(new binding.Primitives());
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function overAddon(native: NativePrimitives): HandshakePrimitives {
  const curve = new NativeX25519(native);
  const hashes = new NativeSha256(native);
  return {
    ...nodePrimitives,
    generateKeyPair: () => curve.generateKeyPair(),
    dh: (privateKey, publicKey) => curve.dh(privateKey, publicKey),
    sha256: (...parts) => hashes.sha256(parts),
    hmacSha256: (key, ...parts) => hashes.hmacSha256(key, parts),
  };
}

/** X25519 with keys as 32 raw bytes. */
class NativeX25519 {
  readonly #native: NativePrimitives;
  readonly #memory = new Uint8Array(PRIMITIVES_INPUT + 2 * X25519_BYTES);

  constructor(native: NativePrimitives) {
    this.#native = native;
  }

  /** The caller owns both arrays; the private key is a SecretBytes. */
  generateKeyPair(): KeyPair {
    const privateKey = new SecretBytes(X25519_BYTES);
    fillPrivateKey(privateKey);
    this.#memory.set(privateKey, PRIMITIVES_INPUT);
    if (!this.#native.x25519Public(this.#memory)) throw refused('X25519');
    return { publicKey: this.#memory.slice(PRIMITIVES_RESULT, RESULT_END), privateKey };
  }

  dh(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    requireBytes('privateKey', privateKey, X25519_BYTES);
    requireBytes('publicKey', publicKey, X25519_BYTES);
    const memory = this.#memory;
    memory.set(privateKey, PRIMITIVES_INPUT);
    memory.set(publicKey, PRIMITIVES_INPUT + X25519_BYTES);
    return this.#native.x25519(memory) ? takeSecret(memory) : undefined;
  }
}

/** SHA-256 and HMAC-SHA256 of parts that lie in different arrays. */
class NativeSha256 {
  readonly #native: NativePrimitives;
  readonly #memory = new Uint8Array(MEMORY_BYTES);

  constructor(native: NativePrimitives) {
    this.#native = native;
  }

  sha256(parts: readonly Uint8Array[]): Uint8Array {
    const size = sizeOf(parts);
    if (size > INPUT_BYTES) return nodeSha256(...parts);
    this.#gather(PRIMITIVES_INPUT, parts);
    if (!this.#native.sha256(this.#memory, size)) throw refused('SHA-256');
    return this.#memory.slice(PRIMITIVES_RESULT, RESULT_END);
  }

  hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
    const size = sizeOf(parts);
    if (key.length + size > INPUT_BYTES) return nodeHmacSha256(key, ...parts);
    this.#memory.set(key, PRIMITIVES_INPUT);
    this.#gather(PRIMITIVES_INPUT + key.length, parts);
    if (!this.#native.hmacSha256(this.#memory, key.length, size)) throw refused('HMAC-SHA256');
    return takeSecret(this.#memory);
  }

  #gather(from: number, parts: readonly Uint8Array[]): void {
    let at = from;
    for (const part of parts) {
      this.#memory.set(part, at);
      at += part.length;
    }
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

/** The result, moved out of the memory. */
function takeSecret(memory: Uint8Array): Uint8Array {
  const result = memory.slice(PRIMITIVES_RESULT, RESULT_END);
  memory.fill(0, PRIMITIVES_RESULT, RESULT_END);
  return result;
}

/** Only if the process has no memory left: the functions were tested before. */
function refused(what: string): Error {
  return new Error(`OpenSSL refused to compute ${what}`);
}
