/**
 * The stateless reset tokens that end a connection of ours: one for each, that of the peer's id in use.
 *
 * A hash table finds the slot by the first half of a token, under a seed that nobody knows; all 16 bytes are then compared
 * in constant time. Called by the endpoint for datagrams that no connection knows.
 *
 * Invariant: a slot has at most one token, and a token that was taken back ends nothing.
 */

import type { HandshakePrimitives, Random } from '../ports.js';
import { RESET_TOKEN_BYTES } from '../wire/frame-types.js';
import { ConnectionIndex } from './connection-index.js';

/** Of a token: what the table is asked for. */
const KEY_BYTES = 8;
/** Slots that there is room for at first. */
const FIRST_SLOTS = 16;

export class ResetTokens {
  readonly #index: ConnectionIndex;
  /** By slot: 16 bytes, and whether they are a token. */
  #tokens = new Uint8Array(FIRST_SLOTS * RESET_TOKEN_BYTES);
  readonly #has: boolean[] = [];
  readonly #equal: HandshakePrimitives['equal'];

  constructor(random: Random, equal: HandshakePrimitives['equal']) {
    this.#index = ConnectionIndex.seededBy(random);
    this.#equal = equal;
  }

  /** Tokens in the table. */
  get size(): number {
    return this.#index.size;
  }

  /** From now on this token, and no other one, ends the connection in the slot; undefined: none. Copies it. */
  set(slot: number, token: Uint8Array | undefined): void {
    const at = slot * RESET_TOKEN_BYTES;
    if (this.#has[slot] === true) {
      // A peer may give the same token to two of its connections: then the other one has the place.
      const key = this.#tokens.subarray(at, at + KEY_BYTES);
      if (this.#index.find(key, 0) === slot) this.#index.remove(key);
    }
    this.#has[slot] = token !== undefined;
    if (token === undefined) return;
    if (at >= this.#tokens.length) this.#grow(at);
    this.#tokens.set(token, at);
    this.#index.add(token.subarray(0, KEY_BYTES), slot);
  }

  /** The slot of the connection that a datagram with this end resets; -1 for none. Borrows the bytes for the call. */
  find(bytes: Uint8Array, end: number): number {
    const at = end - RESET_TOKEN_BYTES;
    const slot = this.#index.find(bytes, at);
    if (slot < 0 || this.#has[slot] !== true) return -1;
    const tokenAt = slot * RESET_TOKEN_BYTES;
    const token = this.#tokens.subarray(tokenAt, tokenAt + RESET_TOKEN_BYTES);
    return this.#equal(token, bytes.subarray(at, end)) ? slot : -1;
  }

  #grow(at: number): void {
    let length = 2 * this.#tokens.length;
    while (length <= at) length *= 2;
    const tokens = new Uint8Array(length);
    tokens.set(this.#tokens);
    this.#tokens = tokens;
  }
}
