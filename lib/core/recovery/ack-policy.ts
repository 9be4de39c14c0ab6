/**
 * When to acknowledge (clauses A2 to A5, A8; RFC 9000 section 13.2): at once, after so many packets, or after so long.
 *
 * It knows no numbers and writes no frame: received-packets.ts has the ranges. Called by the connection for each packet
 * received, each ACK sent, and asked before each packet is built.
 *
 * Invariants: packets that are not ack-eliciting never make an ACK due, so two silent peers stay silent; an
 * ack-eliciting packet is acknowledged within the promised delay.
 */

import { GRANULARITY_US, MAX_ACK_DELAY_US } from '../config.js';

/** Ack-eliciting packets at the beginning that are acknowledged in pairs: the sender's window opens by them. */
const FIRST_PACKETS = 100;
const FIRST_EVERY = 2;
/** One ACK costs a packet on both sides; after the beginning fewer do. */
const EVERY = 10;
/**
 * The part of a round trip that an ACK may wait: 1 / RTT_PART. A small window is clocked by this alone, and the wait makes
 * its round trip longer: with a quarter, a queue of half a product did not keep a path of 10 Mbit/s and 10 ms busy.
 */
const RTT_PART = 8;
/** ACKs in a row without anything ack-eliciting, after which one carries a PING: the peer lets us forget ranges. */
const SILENT_ACKS_MAX = 32;

export class AckPolicy {
  /** When an ACK is due for its age; Infinity when no packet waits for one. */
  deadlineUs = Number.POSITIVE_INFINITY;
  readonly #longestUs: number;
  #waiting = 0;
  #received = 0;
  #isImmediate = false;
  /** Something came out of order, or marked, since the last ack-eliciting packet. */
  #isDisturbed = false;
  #silentAcks = 0;

  /** @param maxAckDelayUs what we have promised the peer; timers are late by their granularity */
  constructor(maxAckDelayUs: number = MAX_ACK_DELAY_US) {
    this.#longestUs = Math.max(maxAckDelayUs - GRANULARITY_US, 0);
  }

  /** Whether an ACK would tell the peer something that it waits for: it goes along with any packet. */
  get isPending(): boolean {
    return this.#isImmediate || this.#waiting > 0;
  }

  /** Whether an ACK must be sent now, in a packet of its own if there is no other. */
  get isDue(): boolean {
    return this.#isImmediate;
  }

  /** Whether the next packet that carries nothing but an ACK should carry a PING too (A8). */
  get wantsPing(): boolean {
    return this.#silentAcks >= SILENT_ACKS_MAX;
  }

  /**
   * A packet came (A2 to A5).
   *
   * @param isOutOfOrder as ReceivedPackets.onPacket says
   * @param isCongested it is marked CE
   * @param minRttUs smallest round trip time, or what is assumed before there is a sample
   */
  onPacket(
    nowUs: number,
    isAckEliciting: boolean,
    isOutOfOrder: boolean,
    isCongested: boolean,
    minRttUs: number,
  ): void {
    if (isOutOfOrder || isCongested) this.#isDisturbed = true;
    if (!isAckEliciting) return;
    const every = this.#received++ < FIRST_PACKETS ? FIRST_EVERY : EVERY;
    if (++this.#waiting >= every || this.#isDisturbed) {
      this.#isDisturbed = false;
      this.#isImmediate = true;
      this.deadlineUs = Math.min(this.deadlineUs, nowUs);
    } else if (this.#waiting === 1) {
      this.deadlineUs = nowUs + Math.min(wholeTicks(minRttUs / RTT_PART), this.#longestUs);
    }
  }

  /** A packet came a second time: perhaps our ACK of it was lost. */
  onDuplicate(): void {
    this.#isImmediate = true;
  }

  /** Makes the ACK due whose deadline has come; whether one is due now. */
  onTimer(nowUs: number): boolean {
    if (this.deadlineUs <= nowUs) this.#isImmediate = true;
    return this.#isImmediate;
  }

  /** An ACK of all that came was sent. `isAckEliciting`: in a packet that the peer acknowledges. */
  onAckSent(isAckEliciting: boolean): void {
    this.#waiting = 0;
    this.#isImmediate = false;
    this.deadlineUs = Number.POSITIVE_INFINITY;
    this.#silentAcks = isAckEliciting ? 0 : this.#silentAcks + 1;
  }
}

/** Timers are late, never early: a wait of 1.3 ticks would be one of two. Waits below a tick are left to the timer. */
function wholeTicks(waitUs: number): number {
  return waitUs < GRANULARITY_US ? waitUs : waitUs - (waitUs % GRANULARITY_US);
}
