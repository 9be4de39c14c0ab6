/**
 * Private keys that differ even where chance repeats itself: a virtual machine that was copied, a generator that is broken.
 *
 * What the system gives is mixed with all that it gave before and with time (as RFC 8937 does with a signature).
 * Where the system's chance is good, so is the result; where it fails later, an observer would have to know what came before.
 * Used for the keys that x25519.ts and native-primitives.ts make.
 *
 * Invariant: no two results of one source are equal, and none says anything of those before or after it.
 */

import type { Random } from '../core/ports.js';
import { systemRandom } from './random.js';
import { SecretBytes } from './secret.js';
import { hmacSha256 } from './sha256.js';

const KEY_BYTES = 32;
const [NEXT_STATE, NEXT_KEY] = [Uint8Array.of(0), Uint8Array.of(1)];

/** @param clock any count that goes on, ns */
export function createHedgedRandom(random: Random, clock: () => bigint): (key: Uint8Array) => void {
  let state: Uint8Array = new SecretBytes(KEY_BYTES);
  random.fill(state);
  const context = new Uint8Array(8);
  const view = new DataView(context.buffer);
  return (key) => {
    random.fill(key);
    view.setBigUint64(0, clock());
    const before = state;
    const mixed = hmacSha256(before, key, context);
    state = hmacSha256(mixed, NEXT_STATE);
    const result = hmacSha256(mixed, NEXT_KEY);
    key.set(result);
    for (const secret of [before, mixed, result]) secret.fill(0);
  };
}

/** Fills 32 bytes of a private key. Borrows them until it returns. */
export const fillPrivateKey: (key: Uint8Array) => void = createHedgedRandom(
  systemRandom,
  process.hrtime.bigint,
);
