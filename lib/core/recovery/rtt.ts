/**
 * The round trip time as RFC 9002 section 5 estimates it (clauses R1 to R3 of docs/recovery.md).
 *
 * It is told samples; whether an ACK gives one, recovery.ts decides. Read by recovery, congestion control and pacer.
 *
 * Invariants: 0 < minUs <= latestUs once there is a sample; smoothedUs never falls below minUs by what the peer claims
 * about its delay.
 */

import { GRANULARITY_US, INITIAL_RTT_US } from '../config.js';

export class Rtt {
  /** Whether there is a sample. Before that the fields say what RFC 9002 section 6.2.2 assumes. */
  hasSample = false;
  /** When the first sample was taken; Infinity before. */
  firstSampleUs = Number.POSITIVE_INFINITY;
  latestUs = INITIAL_RTT_US;
  /** Smallest sample, without any correction for the peer's delay. */
  minUs = INITIAL_RTT_US;
  smoothedUs = INITIAL_RTT_US;
  varianceUs = INITIAL_RTT_US / 2;

  /**
   * A sample (R2).
   *
   * @param sampleUs from sending the packet to its ACK
   * @param ackDelayUs how long the peer says that it held the ACK back
   * @param maxAckDelayUs how long it promised at most
   */
  update(sampleUs: number, ackDelayUs: number, maxAckDelayUs: number, nowUs: number): void {
    // Two events of one turn have the same time; a round trip of nothing would divide by zero elsewhere.
    const latestUs = Math.max(sampleUs, 1);
    this.latestUs = latestUs;
    if (!this.hasSample) {
      this.hasSample = true;
      this.firstSampleUs = nowUs;
      this.minUs = latestUs;
      this.smoothedUs = latestUs;
      this.varianceUs = latestUs / 2;
      return;
    }
    if (latestUs < this.minUs) this.minUs = latestUs;
    const delayUs = Math.min(ackDelayUs, maxAckDelayUs);
    const adjustedUs = latestUs >= this.minUs + delayUs ? latestUs - delayUs : latestUs;
    this.varianceUs += (Math.abs(this.smoothedUs - adjustedUs) - this.varianceUs) / 4;
    this.smoothedUs += (adjustedUs - this.smoothedUs) / 8;
  }

  /** Probe timeout without backoff (R11). */
  ptoUs(maxAckDelayUs: number): number {
    return this.smoothedUs + Math.max(4 * this.varianceUs, GRANULARITY_US) + maxAckDelayUs;
  }

  /** The round trip that loss detection goes by (R8): the larger of the smoothed and the latest one. */
  get lossRttUs(): number {
    return Math.max(this.smoothedUs, this.latestUs);
  }

  /** How much older than an acknowledged packet a lost one is: `timeFactor` round trips (R8). */
  lossDelayUs(timeFactor: number): number {
    return Math.max(timeFactor * this.lossRttUs, GRANULARITY_US);
  }

  /** After persistent congestion the path may be another one: its minimum is the newest sample (R15). */
  restartMin(): void {
    this.minUs = this.latestUs;
  }
}
