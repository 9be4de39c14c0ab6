/**
 * The core's memory: arrays that outlive a turn, and copies of many pieces in one call.
 *
 * By the addon where it runs, else by views. Called by the driver's endpoint for what streams receive.
 *
 * Invariant: both ways give the same bytes.
 */

import type { Memory } from '../core/ports.js';
import { loadBinding } from '../native/load.js';

/** Few pieces are copied faster without a call into the addon. */
const NATIVE_FROM = 3;

/** Memory of this process. Cheap enough to be called for each endpoint. */
export function openMemory(): Memory {
  const gather = loadBinding().binding?.gather;
  return {
    allocate: (byteLength) => Buffer.allocUnsafeSlow(byteLength),
    gather(target, source, pieces, count) {
      if (gather === undefined || count < NATIVE_FROM) gatherViews(target, source, pieces, count);
      else gather(target, source, pieces, count);
    },
  };
}

/** The same without the addon. */
export function gatherViews(
  target: Uint8Array,
  source: Uint8Array,
  pieces: Int32Array,
  count: number,
): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    const offset = pieces[2 * index];
    const length = pieces[2 * index + 1];
    target.set(source.subarray(offset, offset + length), at);
    at += length;
  }
}
