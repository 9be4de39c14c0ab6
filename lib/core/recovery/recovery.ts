/**
 * Loss recovery of one connection (RFC 9002): what was sent, what has arrived, what is lost, when to ask.
 *
 * The front of its folder: it joins the parts and keeps the order in which they must work. It sends nothing, has no
 * window and owns no frame. Packets: `beginPacket`, `recordFrame` any number of times, `commitPacket` or
 * `abandonPacket`. Called by the connection; its fields as an Outcome say what the last call found out.
 *
 * Invariants: an ACK is checked completely before anything changes; `bytesInFlight` is exact; each packet is reported
 * acknowledged or lost at most once, or lost and after that acknowledged; nothing is allocated for a packet.
 */

import { MAX_ACK_DELAY_US } from '../config.js';
import { NO_ERROR } from '../error-codes.js';
import type { Random, Tracer } from '../ports.js';
import type { StreamRun } from '../wire/stream-run.js';
import { acknowledgeLost, acknowledgeOutstanding, checkAck } from './acknowledgement.js';
import { DeliveryRate } from './delivery-rate.js';
import { LossDetection } from './loss-detection.js';
import { Outcome } from './outcome.js';
import { ProbeTimeout, requeueOldest } from './probe-timeout.js';
import { Rtt } from './rtt.js';
import type { FrameHandler } from './sent-frames.js';
import { ACK_ELICITING, ECT, MTU_PROBE, SentPackets } from './sent-packets.js';
import { SkippedNumbers } from './skipped-numbers.js';

export type { FrameHandler } from './sent-frames.js';

/** What `onTimer` did: nothing was due; packets were declared lost; a probe should be sent. */
export const TIMER_NOTHING = 0;
export const TIMER_LOST = 1;
export const TIMER_PTO = 2;

/** Stands where nobody asks for samples: nothing is ever written to it. */
const NO_DELIVERY = new DeliveryRate();

export interface RecoveryOptions {
  readonly random: Random;
  /** How long the peer promises to hold an ACK back at most, us. Default MAX_ACK_DELAY_US. */
  readonly maxAckDelayUs?: number;
  /** Mean distance of the first skipped packet numbers. Default 256; Infinity skips none. */
  readonly skipPeriod?: number;
  /** Whether `delivery` is kept. Default no. */
  readonly samplesDelivery?: boolean;
}

export class Recovery extends Outcome {
  readonly rtt = new Rtt();
  /** How fast the path delivers, when the options ask for it (D1 to D5). */
  readonly delivery: DeliveryRate;
  /** Packets that were declared lost and acknowledged later. */
  spuriouslyLost = 0;
  readonly #packets = new SentPackets();
  readonly #skipped: SkippedNumbers;
  readonly #loss: LossDetection;
  readonly #pto = new ProbeTimeout();
  readonly #maxAckDelayUs: number;

  constructor(options: RecoveryOptions) {
    super();
    this.#maxAckDelayUs = options.maxAckDelayUs ?? MAX_ACK_DELAY_US;
    this.delivery = options.samplesDelivery ? new DeliveryRate() : NO_DELIVERY;
    if (options.samplesDelivery) this.#packets.delivery = this.delivery;
    this.#skipped = new SkippedNumbers(options.random, options.skipPeriod);
    this.#loss = new LossDetection(
      this.#packets,
      this.#skipped,
      this.rtt,
      this,
      this.#maxAckDelayUs,
    );
  }

  /** Number of the packet that is being built, or else of the next one. */
  get nextPacketNumber(): number {
    return this.#packets.next;
  }

  /**
   * Whether so much is unsettled that nothing but probes and CONNECTION_CLOSE may be sent (R6), no ACK either: a peer
   * that acknowledges nothing is told nothing.
   */
  get isFull(): boolean {
    return this.#packets.isFull;
  }

  /** Bytes of the datagrams that are in flight. */
  get bytesInFlight(): number {
    return this.#packets.bytesInFlight;
  }

  /** Ack-eliciting packets in flight, MTU probes included. */
  get ackElicitingInFlight(): number {
    return this.#packets.elicitingInFlight;
  }

  /** No packet below this number is outstanding; `nextPacketNumber` when none is at all. */
  get oldestUnacked(): number {
    return this.#packets.oldest;
  }

  /** Largest number that the peer has acknowledged; -1 before the first. */
  get largestAcked(): number {
    return this.#loss.largestAcked;
  }

  /** Probe timeouts since something ack-eliciting was acknowledged last. */
  get ptoCount(): number {
    return this.#pto.count;
  }

  /** All packets declared lost so far, and their bytes; no MTU probes, nothing that was not in flight. */
  get packetsLost(): number {
    return this.#loss.packetsLost;
  }

  get bytesLost(): number {
    return this.#loss.bytesLost;
  }

  /** How many packets, and how many round trips, a packet may be late before it is lost: R7 and R8, widened by R19. */
  get packetThreshold(): number {
    return this.#loss.reordering.packetThreshold;
  }

  get timeThreshold(): number {
    return this.#loss.reordering.timeFactor;
  }

  /** Whether every lost packet from `smallest` to `largest` was acknowledged after all (R22). */
  isLossRevoked(smallest: number, largest: number): boolean {
    return this.#packets.lost.isNoneMissing(smallest, largest);
  }

  /** Packet numbers left out so far. */
  get numbersSkipped(): number {
    return this.#skipped.count;
  }

  /** Entries that the rings of packets, of frames and of lost numbers have: they grow until they are folded. */
  get capacities(): readonly [packets: number, frames: number, lost: number] {
    const packets = this.#packets;
    return [packets.capacity, packets.frames.capacity, packets.lost.capacity];
  }

  /**
   * Gives up the memory of the rings; they grow again with the next packet. False, with nothing changed, while something is
   * in flight. For a connection that has been silent for a while: lost packets are forgotten.
   */
  fold(): boolean {
    return this.#packets.fold();
  }

  /** The same at once, of rings that never grew: with nothing lost by it. True when there is nothing left to give up. */
  foldFirst(): boolean {
    return this.#packets.foldFirst();
  }

  /** Hears of each packet that is declared lost. */
  set tracer(tracer: Pick<Tracer, 'packetLost'> | undefined) {
    this.#loss.tracer = tracer;
  }

  /** A round trip time from outside of packets: that of the handshake. Only before the first sample (R3). */
  seedRtt(sampleUs: number, nowUs: number): void {
    if (!this.rtt.hasSample) this.rtt.update(sampleUs, 0, this.#maxAckDelayUs, nowUs);
  }

  /** Begins a packet. Throws RangeError when `isFull` was ignored a thousand times. */
  beginPacket(): void {
    if (this.#packets.isExhausted) {
      throw new RangeError(`packet ${this.nextPacketNumber} begun although recovery is full`);
    }
    this.#packets.frames.abandon();
  }

  /** Notes a frame of the packet that was begun. `kind` is 1 to 255, `length` a whole number below 2^31. */
  recordFrame(kind: number, id: number, offset: number, length: number): void {
    this.#packets.frames.record(kind, id, offset, length);
  }

  /**
   * The packet is on its way. Packets are committed in the order of time.
   *
   * @param bytes of the whole datagram
   * @param isProbe it probes the path MTU (and is ack-eliciting)
   * @param isEct it is marked ECT(0)
   */
  commitPacket(
    nowUs: number,
    bytes: number,
    isAckEliciting: boolean,
    isProbe: boolean,
    isEct: boolean,
  ): void {
    const packets = this.#packets;
    let flags = isEct ? ECT : 0;
    if (isAckEliciting) {
      if (isProbe) {
        flags |= ACK_ELICITING | MTU_PROBE;
        this.#pto.lastProbeUs = nowUs;
      } else {
        flags |= ACK_ELICITING;
        this.#pto.lastElicitingUs = nowUs;
      }
    }
    packets.push(nowUs, bytes, flags);
    this.#skipWhenDue(nowUs);
  }

  #skipWhenDue(nowUs: number): void {
    if (this.#packets.next !== this.#skipped.next) return;
    this.#packets.skip(nowUs);
    this.#skipped.take();
  }

  /** How many packets of a run may be committed at once. */
  get runMost(): number {
    return Math.min(this.#packets.runMost, this.#skipped.next - this.#packets.next);
  }

  /** Packets of a run are on their way: at most `runMost`, each of `bytes`, with one frame. */
  commitRun(run: StreamRun, nowUs: number, bytes: number, isEct: boolean): void {
    this.#pto.lastElicitingUs = nowUs;
    this.#packets.pushRun(run, nowUs, bytes, isEct ? ACK_ELICITING | ECT : ACK_ELICITING);
    this.#skipWhenDue(nowUs);
  }

  /** The packet that was begun is not sent; its number is free again. */
  abandonPacket(): void {
    this.#packets.frames.abandon();
  }

  /**
   * An ACK frame. Returns 0, or the error code that ends the connection; then nothing has changed.
   *
   * @param ranges pairs [smallest, largest], descending; borrowed for the call
   * @param delayUs how long the peer says that it held the ACK back, us
   */
  onAck(
    ranges: Float64Array,
    rangeCount: number,
    delayUs: number,
    nowUs: number,
    handler: FrameHandler,
  ): number {
    const packets = this.#packets;
    const error = checkAck(ranges, rangeCount, packets.next, this.#skipped);
    if (error !== NO_ERROR) return error;
    this.clear();
    const { oldest } = packets;
    for (let index = 2 * rangeCount - 2; index >= 0; index -= 2) {
      const smallest = ranges[index];
      const largest = ranges[index + 1];
      if (smallest < oldest && packets.lost.count > 0) {
        this.#ackLost(smallest, largest, nowUs, handler);
      }
      if (largest >= oldest) {
        const from = smallest > oldest ? smallest : oldest;
        acknowledgeOutstanding(packets, from, largest, this, handler);
      }
    }
    this.#watchOrder(nowUs);
    this.#sampleRtt(ranges[1], delayUs, nowUs);
    if (this.ackedEliciting > 0) this.#pto.count = 0;
    this.#loss.detect(nowUs, -1, handler);
    packets.delivery?.onAck(packets, this, nowUs, this.rtt.minUs);
    return NO_ERROR;
  }

  /** The application has no more although it could send (D4). */
  markAppLimited(): void {
    this.#packets.delivery?.markAppLimited(this.bytesInFlight);
  }

  /** Declares lost what is lost by now (R7, R8). */
  detectLost(nowUs: number, handler: FrameHandler): void {
    this.clear();
    this.#loss.detect(nowUs, -1, handler);
  }

  /** When to call `onTimer`; Infinity when nothing is in flight (R8, R11, R14). */
  get deadlineUs(): number {
    const { elicitingInFlight, probesInFlight } = this.#packets;
    if (this.#loss.lossTimeUs !== Number.POSITIVE_INFINITY) return this.#loss.lossTimeUs;
    if (elicitingInFlight === 0) return Number.POSITIVE_INFINITY;
    const ptoUs = this.rtt.ptoUs(this.#maxAckDelayUs);
    if (elicitingInFlight > probesInFlight) return this.#pto.deadlineUs(ptoUs);
    return this.#pto.probeDeadlineUs(ptoUs);
  }

  /**
   * Call after the socket was drained. Returns TIMER_NOTHING before the deadline; TIMER_LOST: the outcome says what is
   * lost; TIMER_PTO: send one or two ack-eliciting packets whatever the window says, with new data, or with what
   * `requeueOldest` hands back, or with a PING (R12).
   */
  onTimer(nowUs: number, handler: FrameHandler): number {
    this.clear();
    if (this.deadlineUs > nowUs) return TIMER_NOTHING;
    const { elicitingInFlight, probesInFlight, next } = this.#packets;
    if (this.#loss.lossTimeUs !== Number.POSITIVE_INFINITY) {
      this.#loss.detect(nowUs, -1, handler);
      return TIMER_LOST;
    }
    if (elicitingInFlight === probesInFlight) {
      this.#loss.detect(nowUs, next - 1, handler);
      return TIMER_LOST;
    }
    this.#pto.fire(nowUs);
    return TIMER_PTO;
  }

  /** The host stood still and is back: timeouts begin anew, without a backoff (R13). Before `onTimer`. */
  onSuspension(nowUs: number): void {
    this.#pto.onSuspension(nowUs);
  }

  /**
   * Reports the frames of the oldest outstanding packets to `handler.onFrameLost`, for a probe that should carry
   * something useful (R12). The packets stay in flight and are not lost; if they are lost later,
   * their frames are not reported again. Returns how many packets had frames to hand back.
   */
  requeueOldest(packetCount: number, handler: FrameHandler): number {
    return requeueOldest(this.#packets, packetCount, handler);
  }

  #ackLost(smallest: number, largest: number, nowUs: number, handler: FrameHandler): void {
    const { lost, sentUs, mask } = this.#packets;
    const place = lost.find(smallest);
    if (place === lost.count || lost.at(place) > largest) return;
    this.#loss.congestion.onLateAck(lost.at(lost.find(largest + 1) - 1));
    const number = lost.at(place);
    const distance = this.#loss.largestAcked - number;
    const lateUs = nowUs - sentUs[number & mask];
    this.#loss.reordering.onSpurious(distance, lateUs, this.rtt.lossRttUs, nowUs);
    this.spuriouslyLost += acknowledgeLost(this.#packets, smallest, largest, this, handler);
  }

  /** A packet that later ones have overtaken is a late one, too; and time makes thresholds narrower again (R20, R21). */
  #watchOrder(nowUs: number): void {
    const { largestAcked, reordering } = this.#loss;
    const number = this.smallestAckedNumber;
    const rttUs = this.rtt.lossRttUs;
    if (number < largestAcked) {
      const { sentUs, mask } = this.#packets;
      reordering.onOvertaken(largestAcked - number, nowUs - sentUs[number & mask], rttUs, nowUs);
    }
    reordering.decay(rttUs, nowUs);
  }

  /** A sample only from the newest packet, acknowledged for the first time, in time, by an ACK that had to come (R1). */
  #sampleRtt(largest: number, delayUs: number, nowUs: number): void {
    const { largestAckedNumber } = this;
    if (largest > this.#loss.largestAcked) {
      this.#loss.largestAcked = largest;
      this.isLargestRaised = true;
    }
    if (largestAckedNumber !== largest || this.ackedPackets === 0) return;
    this.rtt.update(nowUs - this.largestAckedSentUs, delayUs, this.#maxAckDelayUs, nowUs);
    this.rttUpdated = true;
  }
}
