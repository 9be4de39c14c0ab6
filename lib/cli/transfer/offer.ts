/**
 * What sender and receiver of a file say to each other, and in which order. Types and checks; moves nothing.
 *
 *   sender    { burstwireFile: 1, name, size }
 *   receiver  { refused } or { have, sha256 }   bytes of it that are there already, and their SHA-256
 *   sender    { from }                          have, when its own beginning has that SHA-256, else 0
 *   receiver  { refused } or { ready: true }
 *   sender    size - from bytes, then { sha256 } of the whole file, and the end of the stream
 *   receiver  { refused } or { done: true, sha256 }
 *
 * Called by both. Invariant: a receiver that has refused has said why in words for the person at the other end.
 */

import { numberOf, printable, type Said, SpeechError } from '../remote/lines.js';

export const PROTOCOL = 1;
/** Codes with which a connection is closed, and a stream reset. */
export const CODE_REFUSED = 1;
export const CODE_GIVEN_UP = 130;

const SHA256 = /^[0-9a-f]{64}$/;

export interface Offer {
  readonly name: unknown;
  readonly size: number;
}

/** @throws SpeechError */
export function readOffer(said: Said): Offer {
  if (said['burstwireFile'] !== PROTOCOL)
    throw new SpeechError('another version of burstwire send');
  return { name: said['name'], size: wholeOf(said, 'size') };
}

/** @throws SpeechError */
export function wholeOf(said: Said, name: string): number {
  return Math.floor(numberOf(said, name, 0, Number.MAX_SAFE_INTEGER));
}

/** @throws SpeechError */
export function digestOf(said: Said): string {
  const { sha256 } = said;
  if (typeof sha256 === 'string' && SHA256.test(sha256)) return sha256;
  throw new SpeechError('the other side has sent no SHA-256');
}

/** What the receiver does not want, in its own words. */
export class Refusal extends Error {}

/** @throws Refusal */
export function throwIfRefused(said: Said): Said {
  if (said['refused'] !== undefined) throw new Refusal(printable(said['refused']));
  return said;
}
