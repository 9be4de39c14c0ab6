/**
 * When a connection that hears nothing asks whether the peer, and the way to it, are still there (RFC 9000 section 10.1.2).
 *
 * Whoever only receives has nothing to send when nothing comes: a NAT that has forgotten the way would be found out by the
 * keep-alive alone. So in the middle of a stream of the peer's it asks sooner, and then less and less often. It sends
 * nothing itself. Called by connection.ts and timers.ts.
 *
 * Invariant: it never asks when the application wants no keep-alive, and never later than the keep-alive says.
 */

import { AS_DOUBLE } from '../doubles.js';

/** Silence in the middle of a stream after which we ask: that long, or so many timeouts. */
const SILENCE_MIN_US = 1_000_000;
const SILENCE_PTOS = 3;
/** By that part connections differ: those that were silenced together shall not speak together for ever. */
const JITTER = 0.2;

export class KeepAlive {
  /** When to send a PING; Infinity = never. */
  deadlineUs = AS_DOUBLE;
  readonly #longestUs: number;
  #intervalUs = AS_DOUBLE;

  /** @param keepAliveUs Infinity = never @param chance 0 to 65,535, of this connection alone */
  constructor(keepAliveUs: number, chance: number, nowUs: number) {
    this.#longestUs = keepAliveUs * (1 - (JITTER * chance) / 65_536);
    this.#intervalUs = this.#longestUs;
    this.deadlineUs = nowUs + this.#longestUs;
  }

  /** A packet came. */
  onReceived(nowUs: number): void {
    this.deadlineUs = nowUs + this.#intervalUs;
  }

  /** New bytes of streams came, too. `isOpen`: there are streams that more may come of. */
  onStreamBytes(nowUs: number, isOpen: boolean, ptoUs: number): void {
    if (this.#longestUs === Number.POSITIVE_INFINITY) return;
    const silenceUs = Math.max(SILENCE_MIN_US, SILENCE_PTOS * ptoUs);
    this.#intervalUs = isOpen && silenceUs < this.#longestUs ? silenceUs : this.#longestUs;
    this.deadlineUs = nowUs + this.#intervalUs;
  }

  /** A PING goes out: the next one later. */
  onAsked(nowUs: number): void {
    this.#intervalUs = Math.min(2 * this.#intervalUs, this.#longestUs);
    this.deadlineUs = nowUs + this.#intervalUs;
  }

  stop(): void {
    this.deadlineUs = Number.POSITIVE_INFINITY;
  }
}
