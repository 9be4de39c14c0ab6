/**
 * The original's rate limits, in place of congestion control and pacer of a connection of the simulator.
 *
 * Two of them: a stream sent a batch every 10 ms, as large as its fixed rate allows; the limiter of the whole endpoint
 * slept after each packet for as long as the packet takes at that rate, one packet of all peers at a time. Neither listened
 * to what the path said. Called by star.ts.
 *
 * Invariant: loss, marks and round trip times change nothing about what is sent.
 */

import type { CongestionController } from '../../lib/core/congestion/controller.js';
import { Pacer } from '../../lib/core/congestion/pacer.js';
import type { ConnectionState } from '../../lib/core/connection/connection-state.js';
import { TokenBucket } from '../../lib/core/token-bucket.js';

/** 'window': a batch every 10 ms. 'sleep': after each packet. */
export type FixedRateKind = 'window' | 'sleep';

const WINDOW_US = 10_000;
const GRANULARITY_US = 1000;
/** A window that is never full. */
const BOUNDLESS_BYTES = 2 ** 40;

/** No congestion control. */
class NoControl implements CongestionController {
  readonly name = 'newreno';
  readonly windowBytes = BOUNDLESS_BYTES;
  readonly slowStartThresholdBytes = 0;
  readonly isSlowStart = false;
  readonly pacingRate = 0;
  onSent(): void {}
  onAck(): void {}
  onLoss(): void {}
  onSpuriousLoss(): void {}
  onCongestionMark(): void {}
  onDatagramSize(): void {}
}

/** No pacer: the limiter alone says when. */
class NoPacer extends Pacer {
  override update(): void {}
}

/** Whole datagrams of a window's worth, at least one; then nothing before the window is over. */
class WindowLimiter extends TokenBucket {
  readonly #batchBytes: number;
  #left = 0;
  #endUs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, nowUs: number, datagramBytes: number) {
    super(bytesPerSecond, nowUs, GRANULARITY_US);
    const datagrams = Math.floor((bytesPerSecond * WINDOW_US) / 1e6 / datagramBytes);
    this.#batchBytes = Math.max(datagrams, 1) * datagramBytes;
  }

  override takeable(nowUs: number): number {
    if (nowUs >= this.#endUs) {
      this.#endUs = nowUs + WINDOW_US;
      this.#left = this.#batchBytes;
    }
    return this.#left;
  }

  override take(bytes: number): void {
    this.#left -= bytes;
  }

  override nextUs(nowUs: number): number {
    return this.#left > 0 ? nowUs : this.#endUs;
  }
}

/** One packet, then a sleep. */
class SleepLimiter extends TokenBucket {
  readonly #bytesPerSecond: number;
  #nowUs: number;
  #readyUs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number, nowUs: number) {
    super(bytesPerSecond, nowUs, GRANULARITY_US);
    this.#bytesPerSecond = bytesPerSecond;
    this.#nowUs = nowUs;
  }

  override takeable(nowUs: number): number {
    this.#nowUs = nowUs;
    return nowUs >= this.#readyUs ? 1 : 0;
  }

  override take(bytes: number): void {
    this.#readyUs = this.#nowUs + (bytes * 1e6) / this.#bytesPerSecond;
  }

  override nextUs(nowUs: number): number {
    return Math.max(nowUs, this.#readyUs);
  }
}

type Parts = { -readonly [K in 'congestion' | 'pacer' | 'bucket']: ConnectionState[K] };

/** From now on the connection sends at that rate, bytes a second, whatever becomes of it. */
export function sendAtFixedRate(
  connection: ConnectionState,
  kind: FixedRateKind,
  bytesPerSecond: number,
  nowUs: number,
): void {
  const { maxDatagramSize } = connection.config;
  const parts: Parts = connection;
  parts.congestion = new NoControl();
  parts.pacer = new NoPacer(maxDatagramSize, GRANULARITY_US);
  parts.bucket =
    kind === 'window'
      ? new WindowLimiter(bytesPerSecond, nowUs, maxDatagramSize)
      : new SleepLimiter(bytesPerSecond, nowUs);
}
