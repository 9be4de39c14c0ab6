/**
 * BBR version 3 (draft-ietf-ccwg-bbr): sends at the bandwidth that was measured, with a window of some bandwidth-delay
 * products, instead of filling the queue. Clauses B1 to B14 of docs/congestion-control.md; made by controller.ts.
 *
 * What is known of the path is in model.ts, the phases in phases.ts; here it becomes a window and a rate. It samples
 * nothing: recovery does (`DeliveryView`).
 *
 * Invariant: the window is whole and at least four datagrams, and below the bounds of the model.
 */

import type {
  CongestionController,
  DeliveryView,
  LossHistory,
  RttView,
} from '../congestion-controller.js';
import { checkDatagramBytes, initialWindow } from '../initial-window.js';
import { UNDO_OWN, UndoStack } from '../undo-stack.js';
import type { BbrModel } from './model.js';
import { type BbrPhase, BbrPhases } from './phases.js';

const PACING_GAINS: Readonly<Record<BbrPhase, number>> = {
  startup: 2.77,
  drain: 0.5,
  down: 0.9,
  cruise: 1,
  refill: 1,
  up: 1.25,
  probeRtt: 1,
};
const WINDOW_GAINS: Readonly<Record<BbrPhase, number>> = {
  startup: 2,
  drain: 2,
  down: 2,
  cruise: 2,
  refill: 2,
  up: 2.25,
  probeRtt: 0.5,
};
/** Below the estimate, so that a queue that an estimate was too high for drains (BBRPacingMarginPercent). */
const MARGIN = 0.99;
/** A window has room for three trains at least, of what goes in a millisecond or 64 KiB. */
const TRAINS = 3;
const TRAIN_US = 1000;
const MAX_TRAIN_BYTES = 64 << 10;
/** In ProbeBW_UP, datagrams more, so that small windows rise at all. */
const UP_DATAGRAMS = 2;
/** Without a sample of the round trip. */
const ASSUMED_RTT_US = 1000;
/** Columns of what is kept of the time before losses (B14). */
const BANDWIDTH = UNDO_OWN;
const SHORT_TERM = UNDO_OWN + 1;
const LONG_TERM = UNDO_OWN + 2;
const LAST_END = UNDO_OWN + 3;

export class Bbr implements CongestionController {
  readonly name = 'bbr';
  readonly slowStartThresholdBytes = Number.POSITIVE_INFINITY;
  windowBytes: number;
  pacingRate = 0;
  readonly #phases: BbrPhases;
  readonly #model: BbrModel;
  readonly #delivery: DeliveryView;
  readonly #undo = new UndoStack();
  #largestSent = -1;
  /** The window was full when this packet had been sent. */
  #limitedAt = -1;
  /** Window before ProbeRTT. */
  #savedBytes = 0;
  #lossEnd = -1;
  #markedUs = Number.NEGATIVE_INFINITY;
  #lossUs = Number.NEGATIVE_INFINITY;
  #hasDelivered = false;
  #hasRoundTrip = false;

  /**
   * @param delivery is read in `onAck` and `onLoss`
   * @param chance from 0 to 1 (exclusive): when to probe
   */
  constructor(datagramBytes: number, delivery: DeliveryView, chance: () => number) {
    checkDatagramBytes(datagramBytes);
    this.#delivery = delivery;
    this.windowBytes = initialWindow(datagramBytes);
    this.#phases = new BbrPhases(datagramBytes, chance);
    this.#model = this.#phases.model;
  }

  /** The phase, for tests and diagnostics. */
  get phase(): BbrPhase {
    return this.#phases.phase;
  }

  get isSlowStart(): boolean {
    return this.#phases.phase === 'startup';
  }

  onSent(nowUs: number, bytes: number, bytesInFlight: number, largestSent: number): void {
    this.#largestSent = largestSent;
    if (bytesInFlight + this.#model.datagramBytes > this.windowBytes) this.#limitedAt = largestSent;
    if (bytesInFlight === bytes && this.#hasDelivered && this.#delivery.isShort) {
      this.#phases.onRestart(nowUs, this.#delivery);
      if (this.#phases.isProbeBandwidth) this.#setRate(1, ASSUMED_RTT_US);
    }
  }

  onAck(
    nowUs: number,
    ackedBytes: number,
    _largestAckedSentUs: number,
    largestAcked: number,
    rtt: RttView,
    bytesInFlight: number,
    isWindowLimited: boolean,
  ): void {
    const delivery = this.#delivery;
    const phases = this.#phases;
    const model = this.#model;
    const { windowBytes } = this;
    const isLimited = isWindowLimited || largestAcked <= this.#limitedAt;
    this.#hasDelivered = true;
    if (rtt.hasSample) model.minRtt.update(nowUs, rtt.latestUs);
    model.onAck(nowUs, ackedBytes, windowBytes, delivery, phases.isProbing);
    phases.noteLossRate(delivery);
    const before = phases.phase;
    phases.onAck(nowUs, ackedBytes, windowBytes, bytesInFlight, isLimited, delivery);
    model.endLossRound(delivery);
    if (before !== 'probeRtt' && phases.phase === 'probeRtt') this.#savedBytes = windowBytes;
    if (before === 'probeRtt' && phases.phase !== 'probeRtt') {
      this.windowBytes = Math.max(windowBytes, this.#savedBytes);
    }
    if (rtt.hasSample && !this.#hasRoundTrip) this.#beginRate(rtt.smoothedUs);
    this.#setRate(PACING_GAINS[phases.phase], rtt.hasSample ? rtt.smoothedUs : ASSUMED_RTT_US);
    this.#setWindow(ackedBytes, delivery);
  }

  onLoss(
    nowUs: number,
    _lostBytes: number,
    largestLostSentUs: number,
    isPersistent: boolean,
    _bytesInFlight: number,
  ): void {
    const delivery = this.#delivery;
    if (largestLostSentUs > this.#lossUs) this.#remember(nowUs);
    const { lossLostSinceBytes, lossTxInFlightBytes, isLossAppLimited } = delivery;
    const isTooHigh = BbrPhases.isTooHigh(lossLostSinceBytes, lossTxInFlightBytes);
    // What was in flight before the packet whose loss was one too many.
    const inflight = lossTxInFlightBytes;
    const { windowBytes } = this;
    this.#phases.onLoss(nowUs, isTooHigh, inflight, isLossAppLimited, windowBytes, delivery);
    if (isPersistent) this.windowBytes = this.#model.minimumBytes;
  }

  onSpuriousLoss(_nowUs: number, losses: LossHistory): void {
    const at = this.#undo.revoke(losses);
    if (at < 0) return;
    const { rows } = this.#undo;
    const { bounds } = this.#model;
    this.#model.lossesInRound = 0;
    bounds.bandwidthShortTerm = Math.max(bounds.bandwidthShortTerm, rows[at + BANDWIDTH]);
    bounds.inflightShortTermBytes = Math.max(bounds.inflightShortTermBytes, rows[at + SHORT_TERM]);
    bounds.inflightLongTermBytes = Math.max(bounds.inflightLongTermBytes, rows[at + LONG_TERM]);
    this.#lossEnd = rows[at + LAST_END];
    this.#lossUs = Number.NEGATIVE_INFINITY;
  }

  onCongestionMark(nowUs: number, sentUs: number): void {
    this.#undo.clear();
    if (sentUs <= this.#markedUs) return;
    this.#markedUs = nowUs;
    const delivery = this.#delivery;
    const { txInFlightBytes, isAppLimited } = delivery;
    const { windowBytes } = this;
    this.#phases.onLoss(nowUs, true, txInFlightBytes, isAppLimited, windowBytes, delivery);
    this.#phases.endStartup();
  }

  onDatagramSize(bytes: number): void {
    checkDatagramBytes(bytes);
    const model = this.#model;
    const isUntouched = this.windowBytes === initialWindow(model.datagramBytes);
    model.datagramBytes = bytes;
    if (isUntouched) this.windowBytes = initialWindow(bytes);
    this.windowBytes = Math.max(this.windowBytes, model.minimumBytes);
  }

  #remember(nowUs: number): void {
    this.#lossUs = nowUs;
    const { bounds } = this.#model;
    const at = this.#undo.push(this.#lossEnd, this.#largestSent);
    const { rows } = this.#undo;
    rows[at + BANDWIDTH] = bounds.bandwidthShortTerm;
    rows[at + SHORT_TERM] = bounds.inflightShortTermBytes;
    rows[at + LONG_TERM] = bounds.inflightLongTermBytes;
    rows[at + LAST_END] = this.#lossEnd;
    this.#lossEnd = this.#largestSent;
  }

  /** InitPacingRate, with the first round trip time. What comes first may be small: no rate can be told from it yet (B8). */
  #beginRate(rttUs: number): void {
    this.#hasRoundTrip = true;
    const bytes = initialWindow(this.#model.datagramBytes);
    this.pacingRate = (PACING_GAINS.startup * bytes * 1e6) / rttUs;
  }

  /** BBRSetPacingRateWithGain: before the pipe is full it never falls. */
  #setRate(gain: number, rttUs: number): void {
    const model = this.#model;
    const { bandwidth } = model;
    if (bandwidth === 0) {
      this.pacingRate = (gain * this.windowBytes * 1e6) / rttUs;
      return;
    }
    const rate = MARGIN * gain * bandwidth;
    if (model.full.isReached || rate > this.pacingRate) this.pacingRate = rate;
  }

  #setWindow(ackedBytes: number, delivery: DeliveryView): void {
    const model = this.#model;
    const { full, minimumBytes } = model;
    const maxInflight = this.#maxInflight();
    let window = this.windowBytes;
    if (full.isReached) window = Math.min(window + ackedBytes, maxInflight);
    else if (window < maxInflight || delivery.deliveredBytes < initialWindow(model.datagramBytes)) {
      window += ackedBytes;
    }
    window = Math.max(window, minimumBytes);
    if (this.#phases.phase === 'probeRtt') window = Math.min(window, this.#phases.probeRttBytes);
    this.windowBytes = Math.floor(Math.min(window, Math.max(this.#cap(), minimumBytes)));
  }

  /** BBRUpdateMaxInflight. */
  #maxInflight(): number {
    const model = this.#model;
    const { phase } = this.#phases;
    const product = model.product(model.bandwidth, WINDOW_GAINS[phase]);
    const trainBytes = Math.min((this.pacingRate * TRAIN_US) / 1e6, MAX_TRAIN_BYTES);
    const trains = TRAINS * Math.max(trainBytes, 2 * model.datagramBytes);
    const inflight = Math.max(product + model.extraAcked.value, trains, model.minimumBytes);
    return phase === 'up' ? inflight + UP_DATAGRAMS * model.datagramBytes : inflight;
  }

  /** BBRBoundCwndForModel. */
  #cap(): number {
    const { bounds, datagramBytes, minimumBytes } = this.#model;
    const { phase, isProbeBandwidth } = this.#phases;
    let cap = Number.POSITIVE_INFINITY;
    if (phase === 'cruise' || phase === 'probeRtt') {
      cap = bounds.withHeadroom(datagramBytes, minimumBytes);
    } else if (isProbeBandwidth) cap = bounds.inflightLongTermBytes;
    return Math.min(cap, bounds.inflightShortTermBytes);
  }
}
