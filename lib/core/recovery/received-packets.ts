/**
 * Which packets have arrived: the ranges of the next ACK frame, when the largest came, and the ECN marks (clauses A1, A6, A7, E1).
 *
 * Duplicates are found by packet protection, before this; when to acknowledge, ack-policy.ts decides. Called by the
 * connection; `ranges` and `rangeCount` are what the writer of ACK frames takes.
 *
 * Invariants: ranges descend and do not touch; at most RECEIVED_RANGES_MAX, the oldest gives way; once a packet came,
 * there is at least one range.
 */

import { ACK_DELAY_EXPONENT } from '../config.js';

/** Ranges kept, and so sent at most (F7): 64 gaps take some 250 bytes of an ACK; what is older the peer sends again. */
export const RECEIVED_RANGES_MAX = 64;
/** Those that there is room for at first. */
const FIRST_RANGES = 2;

/** The marks of an IP header (RFC 3168 section 5). */
export const ECN_ECT1 = 1;
export const ECN_ECT0 = 2;
export const ECN_CE = 3;

export class ReceivedPackets {
  /** Pairs [smallest, largest], the newest first; `rangeCount` of them are valid. Replaced when there are more of them. */
  ranges: Float64Array = new Float64Array(2 * FIRST_RANGES);
  rangeCount = 0;
  /** When the largest number arrived. */
  largestReceivedUs = 0;
  /** Packets that came with each mark; a duplicate does not count. */
  ect0 = 0;
  ect1 = 0;
  ce = 0;
  packets = 0;
  ackElicitingPackets = 0;
  duplicates = 0;

  /** Largest number that arrived; -1 before the first. */
  get largest(): number {
    return this.rangeCount === 0 ? -1 : this.ranges[1];
  }

  /** Whether ACK frames must carry ECN counts. */
  get hasEcn(): boolean {
    return this.ect0 + this.ect1 + this.ce > 0;
  }

  /** The ACK Delay field of a frame that is written now. */
  delayField(nowUs: number): number {
    return Math.floor(Math.max(nowUs - this.largestReceivedUs, 0) / 2 ** ACK_DELAY_EXPONENT);
  }

  /**
   * A packet that packet protection has not seen before. `ecn`: the two bits of its IP header. True when it came out of
   * order: it is not the one behind the largest, so something is missing, or was.
   */
  onPacket(number: number, nowUs: number, isAckEliciting: boolean, ecn: number): boolean {
    this.packets++;
    if (isAckEliciting) this.ackElicitingPackets++;
    if (ecn !== 0) this.#countMark(ecn);
    const { ranges } = this;
    const largest = this.rangeCount === 0 ? -1 : ranges[1];
    if (number > largest) this.largestReceivedUs = nowUs;
    if (number === largest + 1) {
      if (this.rangeCount === 0) this.#insert(0, number);
      else ranges[1] = number;
      return false;
    }
    if (number > largest) this.#insert(0, number);
    else this.#addBelow(number);
    return true;
  }

  /** A packet that came a second time, as packet protection says: counted, and named by the next ACK as it was. */
  onDuplicate(): void {
    this.duplicates++;
  }

  /**
   * The peer has our ACK of everything up to `largest`: numbers below need not be named again (RFC 9000 section
   * 13.2.4, A7). The range with the largest number of all always stays.
   */
  forget(largest: number): void {
    const { ranges } = this;
    let count = this.rangeCount;
    while (count > 1 && ranges[2 * count - 1] < largest) count--;
    this.rangeCount = count;
    if (count === 0) return;
    const last = 2 * count - 2;
    if (ranges[last] < largest) ranges[last] = Math.min(largest, ranges[last + 1]);
  }

  /** Whether there is memory that the ranges do not need now. */
  get isUnfolded(): boolean {
    return this.ranges.length > 2 * FIRST_RANGES && this.rangeCount <= FIRST_RANGES;
  }

  /** Gives it up. */
  fold(): void {
    if (this.isUnfolded) this.#resize(2 * FIRST_RANGES);
  }

  #countMark(ecn: number): void {
    if (ecn === ECN_ECT0) this.ect0++;
    else if (ecn === ECN_CE) this.ce++;
    else this.ect1++;
  }

  /** A number that is not above the largest. Nothing when it is known, or older than all of a full list. */
  #addBelow(number: number): void {
    const { ranges } = this;
    let index = 0;
    while (index < this.rangeCount && ranges[2 * index] > number + 1) index++;
    // Now `index` is the first range whose smallest is at most number + 1.
    if (index === this.rangeCount) {
      if (index < RECEIVED_RANGES_MAX) this.#insert(index, number);
      return;
    }
    if (ranges[2 * index] === number + 1) {
      ranges[2 * index] = number;
      const below = index + 1;
      if (below < this.rangeCount && ranges[2 * below + 1] === number - 1) this.#join(index);
    } else if (ranges[2 * index + 1] === number - 1) {
      ranges[2 * index + 1] = number;
    } else if (ranges[2 * index + 1] < number) {
      this.#insert(index, number);
    }
  }

  /** A new range of one number before place `index`. */
  #insert(index: number, number: number): void {
    if (this.rangeCount < RECEIVED_RANGES_MAX) this.rangeCount++;
    if (2 * this.rangeCount > this.ranges.length) this.#resize(2 * this.ranges.length);
    const { ranges } = this;
    ranges.copyWithin(2 * index + 2, 2 * index, 2 * this.rangeCount - 2);
    ranges[2 * index] = number;
    ranges[2 * index + 1] = number;
  }

  #resize(length: number): void {
    const ranges = new Float64Array(length);
    ranges.set(this.ranges.subarray(0, Math.min(length, this.ranges.length)));
    this.ranges = ranges;
  }

  /** The range at `index` takes in the one below. */
  #join(index: number): void {
    const { ranges } = this;
    ranges[2 * index] = ranges[2 * index + 2];
    ranges.copyWithin(2 * index + 2, 2 * index + 4, 2 * this.rangeCount);
    this.rangeCount--;
  }
}
