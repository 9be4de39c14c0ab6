/**
 * How far packets may overtake each other before the one behind counts as lost (clauses R19 to R21 of
 * docs/recovery.md): the two thresholds of RFC 9002 section 6.1, widened for a path that has been seen to reorder.
 *
 * It declares nothing lost. Told by recovery.ts of packets that were late; read by loss-detection.ts.
 *
 * Invariant: 3 <= packetThreshold <= 1024 and 9/8 <= timeFactor <= 2; without late packets both are the lower bound.
 */

/** RFC 9002 sections 6.1.1 and 6.1.2. */
const PACKET_THRESHOLD = 3;
const TIME_FACTOR = 9 / 8;
/** Beyond that time alone decides; it bounds what an ACK may have to walk over, too. */
const PACKET_THRESHOLD_MAX = 1024;
const TIME_FACTOR_MAX = 2;
/** What is kept beyond the latest packet seen, round trips. */
const TIME_MARGIN = 1 / 8;
/** Round trips without anything late after which half of what was added goes. */
const HOLD_ROUNDS = 16;

export class Reordering {
  /** A packet is lost when one is acknowledged that was sent so many packets later. */
  packetThreshold = PACKET_THRESHOLD;
  /** A packet is lost when it is older than an acknowledged one and than so many round trips. */
  timeFactor = TIME_FACTOR;
  #holdUntilUs = Number.POSITIVE_INFINITY;

  /**
   * A packet that had been declared lost was acknowledged (R19).
   *
   * @param distance packets by which it was overtaken
   * @param lateUs from its sending to its ACK
   * @param rttUs what the time threshold is a multiple of
   */
  onSpurious(distance: number, lateUs: number, rttUs: number, nowUs: number): void {
    const packets = Math.min(distance + 1, PACKET_THRESHOLD_MAX);
    if (packets > this.packetThreshold) this.packetThreshold = packets;
    const factor = Math.min(lateUs / rttUs + TIME_MARGIN, TIME_FACTOR_MAX);
    if (factor > this.timeFactor) this.timeFactor = factor;
    this.#holdUntilUs = nowUs + HOLD_ROUNDS * rttUs;
  }

  /** A packet was overtaken by `distance` others and not declared lost: the wider thresholds were of use (R20). */
  onOvertaken(distance: number, lateUs: number, rttUs: number, nowUs: number): void {
    if (this.#holdUntilUs === Number.POSITIVE_INFINITY) return;
    if (distance < PACKET_THRESHOLD && lateUs < TIME_FACTOR * rttUs) return;
    this.#holdUntilUs = nowUs + HOLD_ROUNDS * rttUs;
  }

  /** Time passes: half of what was added goes when nothing has been late for long (R21). */
  decay(rttUs: number, nowUs: number): void {
    if (nowUs < this.#holdUntilUs) return;
    this.packetThreshold -= Math.ceil((this.packetThreshold - PACKET_THRESHOLD) / 2);
    this.timeFactor = TIME_FACTOR + (this.timeFactor - TIME_FACTOR) / 2;
    const isDone =
      this.packetThreshold === PACKET_THRESHOLD && this.timeFactor < TIME_FACTOR + 0.01;
    if (isDone) this.timeFactor = TIME_FACTOR;
    this.#holdUntilUs = isDone ? Number.POSITIVE_INFINITY : nowUs + HOLD_ROUNDS * rttUs;
  }
}
