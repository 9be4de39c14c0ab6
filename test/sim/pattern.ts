/**
 * The bytes that applications send each other: position and sender decide every byte, so a receiver can tell at any
 * moment whether what it has read is right, and where it is not.
 *
 * It stands for a running hash at both ends, and says more: the first wrong byte has a place.
 *
 * Invariant: bytes at two positions of a stream are not equal by a rule that packet or window sizes could follow: the
 * period is prime.
 */

import { SimulationFailure } from './failure.js';
import { Rng } from './rng.js';

const PERIOD = 131_101;
const BYTES = new Uint8Array(2 * PERIOD);
new Rng(0x70617474).asRandom().fill(BYTES.subarray(0, PERIOD));
BYTES.copyWithin(PERIOD, 0, PERIOD);

function placeOf(salt: number, offset: number): number {
  return (salt * 7919 + offset) % PERIOD;
}

/** Fills `target` with the bytes from `offset` on. */
export function fillPattern(target: Uint8Array, salt: number, offset: number): void {
  for (let done = 0; done < target.length; ) {
    const place = placeOf(salt, offset + done);
    const length = Math.min(target.length - done, PERIOD);
    target.set(BYTES.subarray(place, place + length), done);
    done += length;
  }
}

/** A view of the bytes from `offset` on, at most 131,101 of them: for senders that never write into their chunks. */
export function patternView(salt: number, offset: number, length: number): Uint8Array {
  const place = placeOf(salt, offset);
  return BYTES.subarray(place, place + Math.min(length, PERIOD));
}

/** @throws SimulationFailure with the place of the first byte that is not as it should be */
export function checkPattern(what: string, bytes: Uint8Array, salt: number, offset: number): void {
  for (let done = 0; done < bytes.length; ) {
    const expected = patternView(salt, offset + done, bytes.length - done);
    const part = bytes.subarray(done, done + expected.length);
    if (Buffer.compare(part, expected) !== 0) {
      const wrong = part.findIndex((byte, index) => byte !== expected[index]);
      throw new SimulationFailure(`${what}: wrong byte at ${offset + done + wrong}`);
    }
    done += expected.length;
  }
}
