/**
 * A receive window: how far the peer may send, moved by what the application consumes (RFC 9000 section 4).
 *
 * One for the connection, one for each stream that receives. It grows by itself where the application is fast and the
 * window is what holds the peer back. It sends nothing. Called by incoming.ts.
 *
 * Invariant: limit = consumed + window at the time of the last update, so an application that does not read grants
 * exactly the window.
 */

import { AS_DOUBLE } from '../doubles.js';

/** Round trips shorter than that count as that long: batches, not the path, decide how much is on the way. */
const RTT_FLOOR_US = 1000;

export class Credit {
  /** Offset that the peer may send up to, as it was told last. */
  limit = AS_DOUBLE;
  windowBytes: number;
  consumed = AS_DOUBLE;
  readonly #most: number;
  /** Limits that were told, and complaints about them. */
  #told = 1;
  #complaints = 0;
  /** When what was consumed was `#epochConsumed`; -1 before the first look. */
  #epochUs = AS_DOUBLE;
  #epochConsumed = AS_DOUBLE;

  constructor(windowBytes: number, most: number) {
    this.windowBytes = Math.min(windowBytes, most);
    this.limit = this.windowBytes;
    this.consumed = 0;
    this.#epochUs = -1;
    this.#epochConsumed = 0;
    this.#most = most;
  }

  /** The application has taken `bytes`. True when the peer should be told a new limit. */
  consume(bytes: number): boolean {
    this.consumed += bytes;
    return this.limit - this.consumed < this.windowBytes / 2;
  }

  /** What was consumed is not, after all: `bytes` wait for the application again. The limit stays as it was told. */
  hold(bytes: number): void {
    this.consumed -= bytes;
  }

  /** The limit to tell the peer now. */
  update(): number {
    const limit = this.consumed + this.windowBytes;
    if (limit > this.limit) {
      this.limit = limit;
      this.#told++;
    }
    return this.limit;
  }

  /** The peer says that the limit holds it back. False: more often than there were limits, so it is no news. */
  hearComplaint(): boolean {
    if (this.#complaints >= this.#told) return false;
    this.#complaints++;
    return true;
  }

  /**
   * Doubles the window when all of it was consumed within two round trips: it, and not the application, is the limit.
   * Returns whether it grew.
   */
  tune(nowUs: number, minRttUs: number): boolean {
    if (this.#epochUs < 0) this.#epochUs = nowUs;
    if (this.consumed - this.#epochConsumed < this.windowBytes) return false;
    const elapsedUs = nowUs - this.#epochUs;
    this.#epochUs = nowUs;
    this.#epochConsumed = this.consumed;
    const roundTripUs = Number.isFinite(minRttUs) ? Math.max(minRttUs, RTT_FLOOR_US) : RTT_FLOOR_US;
    if (elapsedUs >= 2 * roundTripUs || this.windowBytes >= this.#most) return false;
    this.windowBytes = Math.min(2 * this.windowBytes, this.#most);
    return true;
  }

  /** At least that large, in whole bytes, as far as it may be: limits go into frames. */
  widen(windowBytes: number): void {
    this.windowBytes = Math.max(this.windowBytes, Math.min(Math.ceil(windowBytes), this.#most));
  }
}
