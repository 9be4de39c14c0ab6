/**
 * The core's memory: arrays that outlive a turn, and copies of many pieces in one call.
 *
 * By the addon where it runs, else by views. Called by the endpoint for what streams receive.
 *
 * Invariants: both ways give the same bytes. Fresh memory holds what was there before, so pieces that do not fill what
 * they were meant to fill are an error that is thrown, never a short copy.
 */

import type { Memory } from '../core/ports.js';
import type { Binding } from '../native/binding.js';
import { loadBinding } from '../native/load.js';

/** Few pieces are copied faster without a call into the addon. */
const NATIVE_FROM = 3;
/** Arrays of that size and above are cut from slabs. */
const SLAB_FROM_BYTES = 16 << 10;

/**
 * Memory of this process. Cheap enough to be called for each endpoint.
 *
 * @param binding the addon; without one, where there is none, views do it all
 */
export function openMemory(binding: Binding | undefined = loadBinding().binding): Memory {
  const gather = binding?.gather;
  const slabs = new Slabs(binding);
  return {
    allocate: (byteLength) => slabs.allocate(byteLength),
    gather(target, source, pieces, count) {
      if (gather === undefined || count < NATIVE_FROM) gatherViews(target, source, pieces, count);
      else if (gather(target, source, pieces, count) < 0) throw misfit(count, target, source);
    },
  };
}

/**
 * Large arrays, cut from slabs that the addon gives again once they are collected: fresh memory costs page faults.
 * A part that is kept keeps its slab, so small arrays have memory of their own.
 */
class Slabs {
  readonly #allocateSlab: (() => Uint8Array | undefined) | undefined;
  #slab: Uint8Array | undefined = undefined;
  #used = 0;

  constructor(binding: Binding | undefined) {
    this.#allocateSlab = binding?.allocateSlab;
  }

  allocate(byteLength: number): Uint8Array {
    if (byteLength < SLAB_FROM_BYTES || this.#allocateSlab === undefined) {
      return Buffer.allocUnsafeSlow(byteLength);
    }
    if (this.#slab === undefined || this.#used + byteLength > this.#slab.byteLength) {
      this.#slab = this.#allocateSlab();
      this.#used = 0;
      if (this.#slab === undefined || byteLength > this.#slab.byteLength) {
        return Buffer.allocUnsafeSlow(byteLength);
      }
    }
    const at = this.#used;
    this.#used += byteLength;
    return this.#slab.subarray(at, this.#used);
  }
}

/** The same without the addon. @throws RangeError, with nothing copied, when a piece does not fit */
export function gatherViews(
  target: Uint8Array,
  source: Uint8Array,
  pieces: Int32Array,
  count: number,
): void {
  if (!fits(target, source, pieces, count)) throw misfit(count, target, source);
  let at = 0;
  for (let index = 0; index < count; index++) {
    const offset = pieces[2 * index];
    const length = pieces[2 * index + 1];
    target.set(source.subarray(offset, offset + length), at);
    at += length;
  }
}

function fits(target: Uint8Array, source: Uint8Array, pieces: Int32Array, count: number): boolean {
  if (count < 0 || 2 * count > pieces.length) return false;
  let total = 0;
  for (let index = 0; index < count; index++) {
    const offset = pieces[2 * index];
    const length = pieces[2 * index + 1];
    if (offset < 0 || length < 0 || offset + length > source.byteLength) return false;
    total += length;
  }
  return total <= target.byteLength;
}

function misfit(count: number, target: Uint8Array, source: Uint8Array): RangeError {
  return new RangeError(
    `${count} pieces do not fit a source of ${source.byteLength} and a target of ${target.byteLength} bytes`,
  );
}
