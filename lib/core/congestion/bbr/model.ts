/**
 * BBR's idea of the path: rounds, bandwidth, round trip time, bounds; updated by each acknowledgement (B2 to B6 of
 * docs/congestion-control.md; section 5.5 of draft-ietf-ccwg-bbr).
 *
 * It has no state machine and sets no window. Used by phases.ts and bbr.ts.
 *
 * Invariant: a round ends when a packet is acknowledged that was sent after it began.
 */

import type { DeliveryView } from '../congestion-controller.js';
import { Bounds } from './bounds.js';
import { ExtraAcked, MaxBandwidth, MinRtt } from './filters.js';
import { FullBandwidth } from './full-bandwidth.js';

/** BBRMinPipeCwnd, datagrams. */
const MIN_PIPE_DATAGRAMS = 4;

export class BbrModel {
  datagramBytes: number;
  readonly maxBandwidth = new MaxBandwidth();
  readonly minRtt = new MinRtt();
  readonly extraAcked = new ExtraAcked();
  readonly bounds = new Bounds();
  readonly full = new FullBandwidth();
  /** Rounds since the beginning; whether this acknowledgement began one. */
  round = 0;
  isRoundStart = false;
  /** The same of the rounds in which losses are counted. */
  isLossRoundStart = false;
  lossesInRound = 0;
  /** The most of this loss round. */
  latestRate = 0;
  latestBytes = 0;
  #nextRoundBytes = 0;
  #lossRoundBytes = 0;

  constructor(datagramBytes: number) {
    this.datagramBytes = datagramBytes;
  }

  get minimumBytes(): number {
    return MIN_PIPE_DATAGRAMS * this.datagramBytes;
  }

  /** Bytes a second that it may send with. */
  get bandwidth(): number {
    return Math.min(this.maxBandwidth.value, this.bounds.bandwidthShortTerm);
  }

  /** `gain` bandwidth-delay products, bytes; 0 before there is a sample of both. */
  product(bandwidth: number, gain: number): number {
    const { valueUs } = this.minRtt;
    return valueUs === Number.POSITIVE_INFINITY ? 0 : (gain * bandwidth * valueUs) / 1e6;
  }

  /** A round begins with what is sent from now on. */
  startRound(delivery: DeliveryView): void {
    this.#nextRoundBytes = delivery.deliveredBytes;
  }

  /** @param isProbing losses are looked at one by one, by phases.ts */
  onAck(
    nowUs: number,
    ackedBytes: number,
    windowBytes: number,
    delivery: DeliveryView,
    isProbing: boolean,
  ): void {
    this.#countRounds(delivery);
    if (delivery.rate > this.latestRate) this.latestRate = delivery.rate;
    if (delivery.sampleBytes > this.latestBytes) this.latestBytes = delivery.sampleBytes;
    if (delivery.rate >= this.maxBandwidth.value || !delivery.isAppLimited) {
      this.maxBandwidth.update(delivery.rate);
    }
    if (this.isLossRoundStart && this.lossesInRound > 0 && !isProbing) {
      const { latestRate, latestBytes } = this;
      this.bounds.lowerShortTerm(this.maxBandwidth.value, windowBytes, latestRate, latestBytes);
    }
    const isShort = !this.full.isReached;
    const { bandwidth, round } = this;
    this.extraAcked.update(nowUs, ackedBytes, bandwidth, windowBytes, round, isShort);
  }

  /** A loss. The first one begins a loss round: a whole round trip shows what still gets through (NoteLoss of the draft). */
  noteLoss(delivery: DeliveryView): void {
    if (this.lossesInRound === 0) this.#lossRoundBytes = delivery.deliveredBytes;
    this.lossesInRound++;
  }

  /** After all that looks at the loss round. */
  endLossRound(delivery: DeliveryView): void {
    if (!this.isLossRoundStart) return;
    this.latestRate = delivery.rate;
    this.latestBytes = delivery.sampleBytes;
    this.lossesInRound = 0;
  }

  /** BBRResetCongestionSignals. */
  resetSignals(): void {
    this.lossesInRound = 0;
    this.latestRate = 0;
    this.latestBytes = 0;
  }

  #countRounds(delivery: DeliveryView): void {
    const { priorDeliveredBytes, deliveredBytes, sampleBytes } = delivery;
    this.isRoundStart = sampleBytes > 0 && priorDeliveredBytes >= this.#nextRoundBytes;
    if (this.isRoundStart) {
      this.#nextRoundBytes = deliveredBytes;
      this.round++;
    }
    this.isLossRoundStart = sampleBytes > 0 && priorDeliveredBytes >= this.#lossRoundBytes;
    if (this.isLossRoundStart) this.#lossRoundBytes = deliveredBytes;
  }
}
