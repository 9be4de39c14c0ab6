/**
 * Packet protection by the addon: one call per batch and direction.
 *
 * Checks names and sizes, and hands everything else to `native/crypto`, which does what `row-protection.ts` says of each
 * row. Called by `choose-protection.ts`; the core holds the result as a Protection.
 *
 * Invariant: key bytes are copied by the addon during the call and kept nowhere in JavaScript.
 */

import { KEY_COUNTS } from '../batch/layout.js';
import type { PacketBatch } from '../batch/packet-batch.js';
import type { Protection, TrafficKey } from '../core/ports.js';
import {
  type Binding,
  NATIVE_AEADS,
  NATIVE_OPEN,
  NATIVE_SEAL,
  type NativePacketProtection,
} from '../native/binding.js';
import { requireBytes } from './errors.js';
import { checkTrafficKey, MAX_KEY_SLOTS } from './key-table.js';
import { IV_BYTES, KEY_BYTES } from './packet-cipher.js';
import { type RowProtectionOptions, SEAL_LIMIT } from './row-protection.js';

export interface NativeProtectionOptions extends RowProtectionOptions {
  /**
   * What seals: `'auto'` (default), `'ipsec-mb'` (the best of its kernels), `'evp'`, or one of the names that the
   * binding's `crypto().kernels` lists.
   */
  readonly kernel?: string;
}

/** Packet protection by the addon, or the reason why it has none here. */
export function openNativeProtection(
  binding: Binding,
  options: NativeProtectionOptions = {},
): NativeProtection | string {
  try {
    return new NativeProtection(binding, options);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A Protection over the addon. Keys end with `close`, or when the object is collected. */
export class NativeProtection implements Protection {
  readonly name = 'native';
  readonly kernel: string;
  readonly counts: Float64Array;
  readonly #native: NativePacketProtection;

  /** @throws Error with the reason, when the kernel cannot be used here */
  constructor(binding: Binding, options: NativeProtectionOptions) {
    const slots = options.maxSlots ?? MAX_KEY_SLOTS;
    this.counts = new Float64Array(slots * KEY_COUNTS);
    this.#native = new binding.Protection(
      {
        slots,
        kernel: options.kernel ?? 'auto',
        sealLimit: options.sealLimit ?? SEAL_LIMIT,
      },
      this.counts,
    );
    this.kernel = this.#native.kernel();
  }

  installKey(key: TrafficKey): number {
    checkTrafficKey(key);
    return this.#native.installKey(
      NATIVE_AEADS.indexOf(key.aead),
      key.direction === 'seal' ? NATIVE_SEAL : NATIVE_OPEN,
      key.key,
      key.iv,
      key.headerKey,
    );
  }

  updateKey(id: number, key: Uint8Array, iv: Uint8Array): boolean {
    const aead = NATIVE_AEADS[this.#native.aeadOf(id)];
    if (aead === undefined) return false;
    requireBytes('key', key, KEY_BYTES[aead]);
    requireBytes('iv', iv, IV_BYTES);
    return this.#native.updateKey(id, key, iv);
  }

  retirePrevious(id: number): void {
    this.#native.retirePrevious(id);
  }

  retireKey(id: number): void {
    this.#native.retireKey(id);
  }

  seal(batch: PacketBatch, from: number, to: number): number {
    return this.#native.seal(batch.bytes, batch.rows, from, to, batch.sources);
  }

  open(batch: PacketBatch, from: number, to: number): number {
    return this.#native.open(batch.bytes, batch.rows, from, to);
  }

  /** Wipes every key. All ids are stale from now on; the object stays usable. */
  close(): void {
    this.#native.close();
  }
}
