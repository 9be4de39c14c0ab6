/**
 * Chance, from the operating system by way of `node:crypto`.
 *
 * The only place in `lib/` that has dice: the core takes a `Random` as a parameter, tests bring their own.
 *
 * Invariant: every byte of the view is written, and none beside it.
 */

import { randomFillSync } from 'node:crypto';
import type { Random } from '../core/ports.js';

/** Cryptographically strong chance. `fill` borrows the bytes until it returns. */
export const systemRandom: Random = {
  fill(bytes: Uint8Array): void {
    randomFillSync(bytes);
  },
};
