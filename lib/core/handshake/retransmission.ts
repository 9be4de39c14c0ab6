/**
 * When to send a handshake message again: doubling intervals with jitter, until the attempt has taken too long.
 *
 * No clock: the caller asks `deadlineUs` and comes back with its time. When it comes much later than that it stood still, and
 * the time in between counts for nobody: nothing could be sent or heard. Used by the initiator alone: a responder sends only
 * when it is sent to.
 *
 * Invariant: `deadlineUs` never lies behind `expiresUs`.
 */

import type { Random } from '../ports.js';

/** Later than that is no event loop with much to do, but a process, or a machine, that stood still. */
export const STANDSTILL_US = 1_000_000;

export interface RetransmissionOptions {
  /** The first interval; default 400 ms. */
  readonly firstUs?: number;
  /** The longest interval; default 3.2 s. */
  readonly longestUs?: number;
  /** From the first message to the failure, standstills not counted; default 10 s. */
  readonly timeoutUs?: number;
}

export class Retransmission {
  readonly #random: Random;
  readonly #firstUs: number;
  readonly #longestUs: number;
  expiresUs: number;
  #intervalUs: number;
  deadlineUs: number;

  constructor(random: Random, nowUs: number, options: RetransmissionOptions = {}) {
    this.#random = random;
    this.#firstUs = options.firstUs ?? 400_000;
    this.#longestUs = options.longestUs ?? 3_200_000;
    this.expiresUs = nowUs + (options.timeoutUs ?? 10_000_000);
    this.#intervalUs = this.#firstUs;
    this.deadlineUs = nowUs;
  }

  isExpired(nowUs: number): boolean {
    return nowUs >= this.expiresUs;
  }

  /** The caller is back, at `deadlineUs` or later: after a standstill there is time to send once more and to wait. */
  skipStandstill(nowUs: number): void {
    const lateUs = nowUs - this.deadlineUs;
    if (lateUs <= STANDSTILL_US) return;
    this.expiresUs = Math.max(this.expiresUs + lateUs, nowUs + this.#longestUs);
  }

  /** A new message goes out for the first time. */
  restart(nowUs: number): void {
    this.#intervalUs = this.#firstUs;
    this.sent(nowUs);
  }

  /** The message went out: the next time is up to a quarter later than the interval says, so that two sides drift apart. */
  sent(nowUs: number): void {
    const chance = new Uint8Array(1);
    this.#random.fill(chance);
    const jitterUs = Math.floor((this.#intervalUs * chance[0]) / 1024);
    this.deadlineUs = Math.min(nowUs + this.#intervalUs + jitterUs, this.expiresUs);
    this.#intervalUs = Math.min(this.#intervalUs * 2, this.#longestUs);
  }

  /** Nothing goes out before then. */
  waitUntil(untilUs: number): void {
    this.deadlineUs = Math.min(untilUs, this.expiresUs);
  }
}
