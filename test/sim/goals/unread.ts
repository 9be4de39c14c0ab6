/**
 * What a receiver holds for an application that does not read: the sum over the streams of a connection, and its limits.
 *
 * Invariant: no stream holds more than `maxStreamData`, all together no more than `maxConnectionData`.
 */

import type { TransportConfig } from '../../../lib/core/config.js';
import { SimulationFailure } from '../failure.js';

export class Unread {
  /** The most that waited at once, bytes. */
  most = 0;
  readonly #streamLimit: number;
  readonly #connectionLimit: number;
  #bytes = 0;

  constructor(config: TransportConfig) {
    this.#streamLimit = config.maxStreamData;
    this.#connectionLimit = config.maxConnectionData;
  }

  /** A stream that had `before` bytes to read has `now`. @throws SimulationFailure above a limit */
  change(before: number, now: number): void {
    this.#bytes += now - before;
    this.most = Math.max(this.most, this.#bytes);
    if (now > this.#streamLimit) {
      throw new SimulationFailure(`a stream holds ${now} bytes, more than ${this.#streamLimit}`);
    }
    if (this.#bytes > this.#connectionLimit) {
      throw new SimulationFailure(
        `all streams hold ${this.#bytes} bytes, more than ${this.#connectionLimit}`,
      );
    }
  }
}
