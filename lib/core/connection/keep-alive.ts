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
/** Silence is broken sooner by up to that part, drawn anew for each PING; what the common moments take comes on top. */
const JITTER = 0.175;
/**
 * PINGs leave at multiples of this of the endpoint's clock, or of 1/40 of a short keep-alive: the process wakes once, and
 * sends one batch, for many connections. The network is not synchronised by that: clocks of processes differ in phase; and
 * connections that were silenced together part again, since their next silences differ by several of these moments, and
 * the ones after that by others. Ten thousand with a keep-alive of 10 s send some 280 small packets at once.
 */
const TOGETHER_US = 250_000;
const TOGETHER_PART = 1 / 40;

export class KeepAlive {
  /** When to send a PING; Infinity = never. */
  deadlineUs = AS_DOUBLE;
  readonly #keepAliveUs: number;
  readonly #togetherUs: number;
  /** 0 to 65,535. */
  #chance: number;
  #longestUs = AS_DOUBLE;
  #intervalUs = AS_DOUBLE;

  /** @param keepAliveUs Infinity = never @param chance 0 to 65,535, of this connection alone */
  constructor(keepAliveUs: number, chance: number, nowUs: number) {
    this.#keepAliveUs = keepAliveUs;
    this.#togetherUs = Math.min(TOGETHER_US, keepAliveUs * TOGETHER_PART);
    this.#chance = chance;
    this.#longestUs = this.#silence();
    this.#intervalUs = this.#longestUs;
    this.#restart(nowUs);
  }

  /** A packet came. */
  onReceived(nowUs: number): void {
    this.#restart(nowUs);
  }

  /** New bytes of streams came, too. `isOpen`: there are streams that more may come of. */
  onStreamBytes(nowUs: number, isOpen: boolean, ptoUs: number): void {
    if (this.#longestUs === Number.POSITIVE_INFINITY) return;
    const silenceUs = Math.max(SILENCE_MIN_US, SILENCE_PTOS * ptoUs);
    this.#intervalUs = isOpen && silenceUs < this.#longestUs ? silenceUs : this.#longestUs;
    this.#restart(nowUs);
  }

  /** A PING goes out: the next one later. */
  onAsked(nowUs: number): void {
    // A linear congruential sequence of full period: no secret, only another one for each connection.
    this.#chance = (this.#chance * 25_173 + 13_849) & 0xffff;
    this.#longestUs = this.#silence();
    this.#intervalUs = Math.min(2 * this.#intervalUs, this.#longestUs);
    this.#restart(nowUs);
  }

  stop(): void {
    this.deadlineUs = Number.POSITIVE_INFINITY;
  }

  #restart(nowUs: number): void {
    const dueUs = nowUs + this.#intervalUs;
    // What is asked in the middle of a stream is asked in time.
    this.deadlineUs =
      this.#intervalUs < this.#longestUs
        ? dueUs
        : Math.floor(dueUs / this.#togetherUs) * this.#togetherUs;
  }

  #silence(): number {
    return this.#keepAliveUs * (1 - (JITTER * this.#chance) / 65_536);
  }
}
