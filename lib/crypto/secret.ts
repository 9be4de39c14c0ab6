/**
 * Secret bytes: a real Uint8Array that shows itself nowhere by accident.
 *
 * Printing, logging, interpolating or serialising one as JSON gives a placeholder. It is no vault: whoever reads the
 * elements, asks for `buffer` or inspects with `customInspect: false` sees the bytes. Copies that its own methods make
 * (`slice`, `subarray`) are secret too; `structuredClone` and `Buffer.from` give plain bytes. Used for private keys and
 * for the keys that the JavaScript providers hold.
 *
 * Invariant: the memory is its own, never a part of a pool that others see.
 */

import { inspect } from 'node:util';

export class SecretBytes extends Uint8Array {
  /** Owns its bytes: copies `bytes`; the caller wipes its own. */
  static copyOf(bytes: Uint8Array): SecretBytes {
    const secret = new SecretBytes(bytes.length);
    secret.set(bytes);
    return secret;
  }

  /** Overwrites the bytes with zeros. They are of no use afterwards. */
  wipe(): void {
    this.fill(0);
  }

  override toString(): string {
    return `[secret, ${this.length} bytes]`;
  }

  override toLocaleString(): string {
    return this.toString();
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
