/**
 * Counts what a receiver gets: bytes over time, and their hash.
 *
 * Called by the receiving programs. Invariant: the samples are cumulative, and the last one is the whole.
 */

import { createHash } from 'node:crypto';
import { nowNs } from './task.js';

/** [milliseconds of CLOCK_MONOTONIC, bytes until then]. */
export type Sample = readonly [number, number];

export interface Received {
  readonly bytes: number;
  readonly sha256: string;
  readonly samples: readonly Sample[];
}

const SAMPLE_MS = 100;

export class Meter {
  readonly #hash = createHash('sha256');
  readonly #samples: Sample[] = [];
  #bytes = 0;
  #lastMs = 0;

  add(bytes: Uint8Array): void {
    const ms = Number(nowNs()) / 1e6;
    this.#hash.update(bytes);
    // The first bytes count from here on: a rate needs two moments.
    if (this.#samples.length === 0) this.#samples.push([ms, 0]);
    this.#bytes += bytes.byteLength;
    if (ms - this.#lastMs < SAMPLE_MS) return;
    this.#lastMs = ms;
    this.#samples.push([ms, this.#bytes]);
  }

  /** To be asked once. */
  received(): Received {
    if (this.#samples.length > 0) this.#samples.push([Number(nowNs()) / 1e6, this.#bytes]);
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex'), samples: this.#samples };
  }
}
