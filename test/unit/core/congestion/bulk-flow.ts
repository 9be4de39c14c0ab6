/**
 * A controller driven by hand: whole windows sent and acknowledged at a constant round trip time, nothing lost.
 *
 * For tests that ask what one event does to the window, or how it grows in time.
 */

import type { CongestionController } from '../../../../lib/core/congestion/controller.js';

export class BulkFlow {
  nowUs = 0;
  /** The last packet number sent. */
  largest = -1;
  rttUs: number;
  readonly #controller: CongestionController;
  readonly #datagramBytes: number;
  readonly rtt = { latestUs: 0, minUs: 0, smoothedUs: 0, varianceUs: 0, hasSample: true };

  constructor(controller: CongestionController, datagramBytes: number, rttUs: number) {
    this.#controller = controller;
    this.#datagramBytes = datagramBytes;
    this.rttUs = rttUs;
  }

  /**
   * A round trip: the whole window is sent (or `bytes` of it, by an application that has no more), then acknowledged
   * in `acks` equal parts, spread over the round trip.
   */
  round(bytes = this.#controller.windowBytes, acks = 20): void {
    const beginUs = this.nowUs;
    const count = Math.max(1, Math.round(bytes / this.#datagramBytes));
    const first = this.largest + 1;
    this.largest += count;
    this.#controller.onSent(beginUs, bytes, bytes, this.largest);
    for (let i = 1; i <= acks; i++) {
      this.nowUs = beginUs + (this.rttUs * i) / acks;
      this.ack(bytes / acks, first + Math.ceil((count * i) / acks) - 1, bytes - (bytes * i) / acks);
    }
  }

  ack(bytes: number, largestAcked: number, bytesInFlight = 0, isWindowLimited = false): void {
    Object.assign(this.rtt, {
      latestUs: this.rttUs,
      minUs: this.rttUs,
      smoothedUs: this.rttUs,
    });
    const sentUs = this.nowUs - this.rttUs;
    this.#controller.onAck(
      this.nowUs,
      bytes,
      sentUs,
      largestAcked,
      this.rtt,
      bytesInFlight,
      isWindowLimited,
    );
  }

  /** A packet sent just now is lost: always a new congestion. */
  lose(isPersistent = false): void {
    this.nowUs++;
    this.#controller.onLoss(this.nowUs, this.#datagramBytes, this.nowUs - 0.5, isPersistent, 0);
  }

  rounds(count: number): void {
    for (let i = 0; i < count; i++) this.round();
  }
}
