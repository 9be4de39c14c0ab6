/**
 * BBR's phases: Startup, Drain, ProbeBW (down, cruise, refill, up), ProbeRTT, and what leads from one to the next (B8 to
 * B13 of docs/congestion-control.md; section 5.3 of draft-ietf-ccwg-bbr).
 *
 * It sets no window and no rate: bbr.ts does, by the gains of the phase. Used by bbr.ts.
 *
 * Invariant: the long-term bound falls at most once a probe.
 */

import { LOSS_THRESHOLD } from '../../loss-threshold.js';
import type { DeliveryView } from '../congestion-controller.js';
import { BETA } from './bounds.js';
import { Caution } from './caution.js';
import { BbrModel } from './model.js';

export type BbrPhase = 'startup' | 'drain' | 'down' | 'cruise' | 'refill' | 'up' | 'probeRtt';

/** BBRStartupFullLossCnt: so many losses in a round, and too many bytes, end Startup. */
const STARTUP_LOSSES = 6;
const DRAIN_ROUNDS = 3;
/** Between two probes for bandwidth: 2 to 3 s, and no more rounds than Reno needs to regain such a window. */
const PROBE_WAIT_US = 2_000_000;
const PROBE_SPREAD_US = 1_000_000;
const RENO_ROUNDS_MAX = 63;
const PROBE_RTT_US = 200_000;
const PROBE_RTT_GAIN = 0.5;

/** What happens to the samples of a probe. */
type AckPhase = 'init' | 'refilling' | 'starting' | 'feedback' | 'stopping';

export class BbrPhases {
  phase: BbrPhase = 'startup';
  readonly model: BbrModel;
  /** Nothing was in flight, and the application is the reason: a round trip time is measured anyway. */
  isIdleRestart = false;
  readonly #chance: () => number;
  readonly #caution = new Caution();
  #ackPhase: AckPhase = 'init';
  /** Losses are those of a probe. */
  #hasProbeSamples = true;
  #drainRound = 0;
  #cycleUs = 0;
  #probeWaitUs = 0;
  #probeRound = 0;
  #probeRttDoneUs = 0;
  #isProbeRttRoundDone = false;

  /** @param chance from 0 to 1 (exclusive) */
  constructor(datagramBytes: number, chance: () => number) {
    this.model = new BbrModel(datagramBytes);
    this.#chance = chance;
  }

  /** Losses are judged one by one. */
  get isProbing(): boolean {
    return this.phase === 'startup' || this.phase === 'refill' || this.phase === 'up';
  }

  get isProbeBandwidth(): boolean {
    const { phase } = this;
    return phase === 'down' || phase === 'cruise' || phase === 'refill' || phase === 'up';
  }

  get probeRttBytes(): number {
    const { model } = this;
    return Math.max(model.product(model.bandwidth, PROBE_RTT_GAIN), model.minimumBytes);
  }

  /** An acknowledgement, after the model was told. */
  onAck(
    nowUs: number,
    ackedBytes: number,
    windowBytes: number,
    bytesInFlight: number,
    isWindowLimited: boolean,
    delivery: DeliveryView,
  ): void {
    const { model } = this;
    if (this.phase === 'startup' || this.phase === 'up') {
      model.full.update(delivery.rate, delivery.isAppLimited, model.isRoundStart);
    }
    if (this.phase === 'startup') this.#leaveStartup();
    if (this.phase === 'drain') this.#leaveDrain(nowUs, bytesInFlight, delivery);
    if (model.full.isReached) {
      const isAtBound = isWindowLimited && windowBytes >= model.bounds.inflightLongTermBytes;
      if (this.#endProbe(delivery)) this.#startRefill(delivery);
      else {
        this.#adapt(ackedBytes, windowBytes, isAtBound, delivery);
        this.#cycle(nowUs, windowBytes, bytesInFlight, isAtBound, delivery);
      }
    }
    this.#probeRtt(nowUs, bytesInFlight, delivery);
  }

  /** Losses, as of the newest lost packet (IsInflightTooHigh of the draft); or a CE mark, which is one always. */
  onLoss(
    nowUs: number,
    isTooHigh: boolean,
    txInFlightBytes: number,
    isAppLimited: boolean,
    windowBytes: number,
    delivery: DeliveryView,
  ): void {
    this.model.noteLoss(delivery);
    if (isTooHigh && this.#hasProbeSamples && this.model.full.isReached) {
      this.#onTooHigh(nowUs, txInFlightBytes, isAppLimited, windowBytes, delivery);
    }
  }

  static isTooHigh(lostBytes: number, txInFlightBytes: number): boolean {
    return lostBytes > LOSS_THRESHOLD * txInFlightBytes;
  }

  /** A mark or losses of a round say that the pipe is full (B8). */
  endStartup(): void {
    if (this.phase !== 'startup') return;
    const { model } = this;
    model.full.isReached = true;
    const product = model.product(model.maxBandwidth.value, 1);
    model.bounds.limitLongTerm(Math.max(product, model.latestBytes, model.minimumBytes));
    this.#enterDrain();
  }

  /** Data after a silence: what ProbeRTT waited for has happened by itself. */
  onRestart(nowUs: number, delivery: DeliveryView): void {
    this.isIdleRestart = true;
    this.model.extraAcked.restart(nowUs);
    if (this.phase === 'probeRtt') this.#finishProbeRtt(nowUs, delivery);
  }

  #leaveStartup(): void {
    const { model } = this;
    if (model.full.isReached) this.#enterDrain();
    else if (
      model.isLossRoundStart &&
      model.lossesInRound >= STARTUP_LOSSES &&
      this.#isRoundLossy
    ) {
      this.endStartup();
    }
  }

  /** Bytes lost since the newest acknowledged packet of the round was sent; kept by `noteLossRate`. */
  #isRoundLossy = false;

  /** Before `onAck`: what the sample says about losses. */
  noteLossRate(delivery: DeliveryView): void {
    this.#isRoundLossy = BbrPhases.isTooHigh(delivery.lostSinceBytes, delivery.txInFlightBytes);
  }

  #enterDrain(): void {
    this.phase = 'drain';
    this.#drainRound = this.model.round;
    this.#hasProbeSamples = false;
  }

  #leaveDrain(nowUs: number, bytesInFlight: number, delivery: DeliveryView): void {
    const { model } = this;
    const isDrained = bytesInFlight <= model.product(model.bandwidth, 1);
    if (isDrained || model.round - this.#drainRound >= DRAIN_ROUNDS) {
      this.#startDown(nowUs, delivery);
    }
  }

  /** The first half of AdaptLongTermModel: whose samples these are. Returns whether to probe again at once. */
  #endProbe(delivery: DeliveryView): boolean {
    const { model } = this;
    if (!model.isRoundStart) return false;
    if (this.#ackPhase === 'starting') this.#ackPhase = 'feedback';
    if (this.#ackPhase !== 'stopping') return false;
    this.#hasProbeSamples = false;
    this.#ackPhase = 'init';
    if (!this.isProbeBandwidth) return false;
    if (!delivery.isAppLimited) model.maxBandwidth.advance();
    return this.#caution.isUnfounded;
  }

  /** The second half: losses were few, so the long-term bound rises. */
  #adapt(
    ackedBytes: number,
    windowBytes: number,
    isAtBound: boolean,
    delivery: DeliveryView,
  ): void {
    const { model } = this;
    const { bounds } = model;
    if (bounds.inflightLongTermBytes === Number.POSITIVE_INFINITY || this.#isRoundLossy) return;
    if (delivery.txInFlightBytes > bounds.inflightLongTermBytes) {
      bounds.inflightLongTermBytes = delivery.txInFlightBytes;
    }
    if (this.phase !== 'up' || !isAtBound) return;
    bounds.climb(ackedBytes, model.datagramBytes);
    if (model.isRoundStart) bounds.steepen(windowBytes, model.datagramBytes);
  }

  #onTooHigh(
    nowUs: number,
    txInFlightBytes: number,
    isAppLimited: boolean,
    windowBytes: number,
    delivery: DeliveryView,
  ): void {
    const { model } = this;
    this.#hasProbeSamples = false;
    this.#caution.onTooHigh();
    if (!isAppLimited) {
      const target = Math.min(model.product(model.bandwidth, 1), windowBytes);
      model.bounds.limitLongTerm(Math.max(txInFlightBytes, BETA * target));
    }
    if (this.phase === 'up') this.#startDown(nowUs, delivery);
  }

  /** BBRUpdateProbeBWCyclePhase. */
  #cycle(
    nowUs: number,
    windowBytes: number,
    bytesInFlight: number,
    isAtBound: boolean,
    delivery: DeliveryView,
  ): void {
    const { model, phase } = this;
    if (phase === 'down' || phase === 'cruise') {
      if (this.#isTimeToProbe(nowUs, windowBytes)) this.#startRefill(delivery);
      else if (phase === 'down' && this.#isTimeToCruise(bytesInFlight)) this.phase = 'cruise';
    } else if (phase === 'refill') {
      if (model.isRoundStart) this.#startUp(nowUs, windowBytes, delivery);
    } else if (phase === 'up') this.#climb(nowUs, isAtBound, delivery);
  }

  /** IsTimeToGoDown. */
  #climb(nowUs: number, isAtBound: boolean, delivery: DeliveryView): void {
    const { full } = this.model;
    if (isAtBound) {
      // Held back by the bound, the rate cannot tell whether the pipe is full.
      if (this.#caution.stopsAtBound()) this.#startDown(nowUs, delivery);
      else full.restart(delivery.rate);
    } else if (full.isNow) {
      this.#caution.onFull();
      this.#startDown(nowUs, delivery);
    }
  }

  #isTimeToProbe(nowUs: number, windowBytes: number): boolean {
    const { model } = this;
    if (nowUs > this.#cycleUs + this.#probeWaitUs) return true;
    const target = Math.min(model.product(model.bandwidth, 1), windowBytes);
    const rounds = Math.min(target / model.datagramBytes, RENO_ROUNDS_MAX);
    return model.round - this.#probeRound >= rounds;
  }

  #isTimeToCruise(bytesInFlight: number): boolean {
    const { model } = this;
    const { datagramBytes, minimumBytes } = model;
    if (bytesInFlight > model.bounds.withHeadroom(datagramBytes, minimumBytes)) return false;
    return bytesInFlight <= Math.max(model.product(model.maxBandwidth.value, 1), minimumBytes);
  }

  #startDown(nowUs: number, delivery: DeliveryView): void {
    const { model } = this;
    model.resetSignals();
    model.bounds.endClimb();
    this.#probeRound = model.round - (this.#chance() < 0.5 ? 1 : 0);
    this.#probeWaitUs = PROBE_WAIT_US + PROBE_SPREAD_US * this.#chance();
    this.#cycleUs = nowUs;
    this.#ackPhase = 'stopping';
    model.startRound(delivery);
    this.phase = 'down';
  }

  #startRefill(delivery: DeliveryView): void {
    const { model } = this;
    model.bounds.resetShortTerm();
    model.bounds.beginClimb();
    this.#caution.beginProbe();
    this.#ackPhase = 'refilling';
    model.startRound(delivery);
    this.phase = 'refill';
  }

  #startUp(nowUs: number, windowBytes: number, delivery: DeliveryView): void {
    const { model } = this;
    this.#hasProbeSamples = true;
    this.#ackPhase = 'starting';
    model.startRound(delivery);
    model.full.restart(delivery.rate);
    this.#cycleUs = nowUs;
    this.phase = 'up';
    model.bounds.steepen(windowBytes, model.datagramBytes);
  }

  #probeRtt(nowUs: number, bytesInFlight: number, delivery: DeliveryView): void {
    const { model } = this;
    if (this.phase !== 'probeRtt' && model.minRtt.isProbeDue && !this.isIdleRestart) {
      this.phase = 'probeRtt';
      this.#probeRttDoneUs = 0;
      this.#ackPhase = 'stopping';
      model.startRound(delivery);
    }
    if (this.phase === 'probeRtt') {
      // Its low rates are no reason to forget the bandwidth, neither now nor by the round that follows.
      delivery.markAppLimited(bytesInFlight);
      if (this.#probeRttDoneUs === 0) {
        if (bytesInFlight > this.probeRttBytes) return;
        this.#probeRttDoneUs = nowUs + PROBE_RTT_US;
        this.#isProbeRttRoundDone = false;
        model.startRound(delivery);
      } else {
        if (model.isRoundStart) this.#isProbeRttRoundDone = true;
        if (this.#isProbeRttRoundDone) this.#finishProbeRtt(nowUs, delivery);
      }
    }
    if (delivery.sampleBytes > 0) this.isIdleRestart = false;
  }

  #finishProbeRtt(nowUs: number, delivery: DeliveryView): void {
    if (this.#probeRttDoneUs === 0 || nowUs <= this.#probeRttDoneUs) return;
    const { model } = this;
    model.minRtt.onProbed(nowUs);
    model.bounds.resetShortTerm();
    if (!model.full.isReached) {
      this.phase = 'startup';
      return;
    }
    this.#startDown(nowUs, delivery);
    this.phase = 'cruise';
  }
}
