/**
 * How fast the path delivers (clauses D1 to D5 of docs/recovery.md; section 4.1 of draft-ietf-ccwg-bbr): what had been
 * delivered when a packet was sent, and what has been when it is acknowledged.
 *
 * Columns beside those of sent-packets.ts, by the same index; kept only for a controller that asks for it. It judges
 * nothing but with which packet losses became too many. Written by sent-packets.ts, loss-detection.ts and recovery.ts, read
 * by the controller.
 *
 * Invariants: a rate is never above that at which the packets were sent, nor above that at which their ACKs came;
 * `deliveredBytes` and `lostBytes` only grow.
 */

import { LOSS_THRESHOLD } from '../loss-threshold.js';
import type { Outcome } from './outcome.js';

/** What is read of the ring of packets: `SentPackets` has this shape. */
export interface SentTimes {
  readonly mask: number;
  readonly sentUs: Float64Array;
}

export class DeliveryRate {
  /** All bytes acknowledged so far, late ones too, and all that were declared lost. */
  deliveredBytes = 0;
  lostBytes = 0;

  /** Of the last ACK. Bytes a second; 0 when it gave no rate. */
  rate = 0;
  /** Delivered since the newest acknowledged packet was sent, bytes; and all that had been delivered then. */
  sampleBytes = 0;
  priorDeliveredBytes = 0;
  /** Whether that packet was sent while the application had no more to send. */
  isAppLimited = false;
  /** In flight when it was sent, itself included, and lost since, bytes. */
  txInFlightBytes = 0;
  lostSinceBytes = 0;
  /** The same of the packets that were lost last: of the first with which it was too much, before it; else of the newest. */
  lossTxInFlightBytes = 0;
  lossLostSinceBytes = 0;
  isLossAppLimited = false;

  #isLossTooHigh = false;
  #deliveredUs = 0;
  #firstSentUs = 0;
  /** When so much is delivered, nothing is in flight that was sent before the application had data again; 0: never short. */
  #appLimitedUntilBytes = 0;
  #delivered: Float64Array = new Float64Array(0);
  #deliveredAtUs: Float64Array = new Float64Array(0);
  #firstSentAtUs: Float64Array = new Float64Array(0);
  #lost: Float64Array = new Float64Array(0);
  #txInFlight: Float64Array = new Float64Array(0);
  #appLimited: Uint8Array = new Uint8Array(0);

  /** The application has too little now. */
  get isShort(): boolean {
    return this.#appLimitedUntilBytes > 0;
  }

  /** The ring has `capacity` places now; what packets `first` to `next` (exclusive) have keeps. */
  resize(capacity: number, first: number, next: number): void {
    const mask = this.#delivered.length - 1;
    const move = (from: Float64Array): Float64Array => {
      const to = new Float64Array(capacity);
      for (let number = first; number < next; number++) {
        to[number & (capacity - 1)] = from[number & mask];
      }
      return to;
    };
    const appLimited = new Uint8Array(capacity);
    for (let number = first; number < next; number++) {
      appLimited[number & (capacity - 1)] = this.#appLimited[number & mask];
    }
    this.#delivered = move(this.#delivered);
    this.#deliveredAtUs = move(this.#deliveredAtUs);
    this.#firstSentAtUs = move(this.#firstSentAtUs);
    this.#lost = move(this.#lost);
    this.#txInFlight = move(this.#txInFlight);
    this.#appLimited = appLimited;
  }

  /** The packet at ring index `at` is sent; `bytesInFlight` with its `bytes` (D1). */
  onSent(at: number, nowUs: number, bytes: number, bytesInFlight: number): void {
    if (bytesInFlight === bytes) {
      // After a silence: the time without anything in flight is nobody's.
      this.#firstSentUs = nowUs;
      this.#deliveredUs = nowUs;
    }
    this.#delivered[at] = this.deliveredBytes;
    this.#deliveredAtUs[at] = this.#deliveredUs;
    this.#firstSentAtUs[at] = this.#firstSentUs;
    this.#lost[at] = this.lostBytes;
    this.#txInFlight[at] = bytesInFlight;
    this.#appLimited[at] = this.#appLimitedUntilBytes > 0 ? 1 : 0;
  }

  /** The application has nothing more although window and pacer would let it: what is sent next is no measure (D4). */
  markAppLimited(bytesInFlight: number): void {
    this.#appLimitedUntilBytes = Math.max(this.deliveredBytes + bytesInFlight, 1);
  }

  /** What an ACK has settled (D2, D3). `minRttUs`: no rate over a shorter time. */
  onAck(packets: SentTimes, outcome: Outcome, nowUs: number, minRttUs: number): void {
    this.rate = 0;
    this.sampleBytes = 0;
    const newlyBytes = outcome.ackedBytes + outcome.revivedBytes;
    if (newlyBytes === 0) return;
    this.deliveredBytes += newlyBytes;
    this.#deliveredUs = nowUs;
    if (this.#appLimitedUntilBytes > 0 && this.deliveredBytes > this.#appLimitedUntilBytes) {
      this.#appLimitedUntilBytes = 0;
    }
    const number = outcome.largestAckedNumber;
    if (number < 0) return;
    const at = number & packets.mask;
    const sentUs = packets.sentUs[at];
    const sendUs = sentUs - this.#firstSentAtUs[at];
    const ackUs = nowUs - this.#deliveredAtUs[at];
    if (sentUs > this.#firstSentUs) this.#firstSentUs = sentUs;
    this.priorDeliveredBytes = this.#delivered[at];
    this.sampleBytes = this.deliveredBytes - this.priorDeliveredBytes;
    this.isAppLimited = this.#appLimited[at] === 1;
    this.txInFlightBytes = this.#txInFlight[at];
    this.lostSinceBytes = this.lostBytes - this.#lost[at];
    const intervalUs = Math.max(sendUs, ackUs);
    if (intervalUs >= minRttUs) this.rate = (this.sampleBytes * 1e6) / intervalUs;
  }

  /**
   * The packet at ring index `at` is lost (D5); before `onAck` of the same ACK.
   *
   * @param isFirst of those that one ACK or timer has shown to be lost, which come in the order in which they were sent
   */
  onLost(at: number, bytes: number, isFirst: boolean): void {
    this.lostBytes += bytes;
    if (this.#isLossTooHigh && !isFirst) return;
    const inFlight = this.#txInFlight[at];
    const lost = this.lostBytes - this.#lost[at];
    this.#isLossTooHigh = lost > LOSS_THRESHOLD * inFlight;
    this.lossTxInFlightBytes = this.#isLossTooHigh
      ? inflightAtLoss(inFlight, lost, bytes)
      : inFlight;
    this.lossLostSinceBytes = lost;
    this.isLossAppLimited = this.#appLimited[at] === 1;
  }
}

/** InflightAtLoss of the draft: with how much in flight `lost` bytes, the packet's own among them, became too many. */
function inflightAtLoss(inFlight: number, lost: number, bytes: number): number {
  const before = inFlight - bytes;
  const room = LOSS_THRESHOLD * before - (lost - bytes);
  return before + Math.max(room, 0) / (1 - LOSS_THRESHOLD);
}
