/**
 * Makes new inputs of old ones: bits, bytes, edges of numbers, pieces of other inputs.
 *
 * It knows no format. Invariant: the result depends on the dice alone, and is never longer than it may be.
 */

import type { Rng } from '../sim/rng.js';

/** Varints and lengths change their form here; types of frames are among them. */
const EDGES = [0, 1, 2, 7, 8, 0x0f, 0x18, 0x1c, 0x30, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff];

function splice(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const result = new Uint8Array(input.length - removed + added.length);
  result.set(input.subarray(0, at));
  result.set(added, at);
  result.set(input.subarray(at + removed), at + added.length);
  return result;
}

function random(rng: Rng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  rng.asRandom().fill(bytes);
  return bytes;
}

function once(rng: Rng, input: Uint8Array, other: Uint8Array): Uint8Array {
  const at = rng.below(input.length + 1);
  const length = Math.min(rng.between(1, 8), input.length - at);
  const from = rng.below(other.length + 1);
  const piece = other.subarray(from, from + rng.between(1, 40));
  switch (rng.below(9)) {
    case 0:
      return splice(input, at, length > 0 ? 1 : 0, Uint8Array.of(rng.pick(EDGES)));
    case 1: {
      const flipped = input.slice();
      if (at < input.length) flipped[at] ^= 1 << rng.below(8);
      return flipped;
    }
    case 2:
      return splice(input, at, length, random(rng, length));
    case 3:
      return splice(input, at, 0, random(rng, rng.between(1, 8)));
    case 4:
      return splice(input, at, length, new Uint8Array(0));
    case 5:
      return splice(input, at, 0, piece);
    case 6:
      return splice(input, at, Math.min(piece.length, input.length - at), piece);
    case 7:
      return splice(input, at, 0, input.subarray(at, at + rng.between(1, 40)));
    default:
      return input.slice(0, at);
  }
}

/** A neighbour of `input`, perhaps with something of `other` in it. */
export function mutate(
  rng: Rng,
  input: Uint8Array,
  other: Uint8Array,
  maxBytes: number,
): Uint8Array {
  let result = input;
  for (let left = rng.between(1, 5); left > 0; left--) result = once(rng, result, other);
  return result.length > maxBytes ? result.slice(0, maxBytes) : result;
}
