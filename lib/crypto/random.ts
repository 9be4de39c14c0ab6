/**
 * Chance, from the operating system by way of `node:crypto`.
 *
 * The only place in `lib/` that has dice: the core takes a `Random` as a parameter, tests bring their own. A call of
 * Node costs the same for one byte as for hundreds, so small requests (connection ids, jitter) are cut from a pool. Keys
 * are longer and never come from it: what lies in a pool could be read before it is used.
 *
 * Invariant: every byte of the view is written, and none beside it; no byte of the pool is given twice.
 */

import { randomFillSync } from 'node:crypto';
import type { Random } from '../core/ports.js';

const POOL_BYTES = 512;
/** No key is as short as that. */
const SMALL_BYTES = 15;

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Cryptographically strong chance. `fill` borrows the bytes until it returns. */
export const systemRandom: Random = {
  fill(bytes: Uint8Array): void {
    if (bytes.length > SMALL_BYTES) {
      randomFillSync(bytes);
      return;
    }
    if (used + bytes.length > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] = pool[used];
      pool[used] = 0;
      used++;
    }
  },
};
