/**
 * Declares packets lost: by number, by time, and MTU probes that nothing follows (clauses R7 to R9, R14).
 *
 * It reports each frame of a lost packet at once and counts; what a loss means for the window, the controller decides.
 * Used by recovery.ts.
 *
 * Invariants: losses are declared in the order of packet numbers, all outstanding packets up to some number at a time;
 * after `detect` at most `reordering.packetThreshold` packets from the oldest outstanding one on are below the largest
 * acknowledged one, not counting skipped ones: three on a path that does not reorder. So an ACK meets little but packets
 * that are new to it, and nothing here walks over the window.
 */

import type { Tracer } from '../ports.js';
import type { Outcome } from './outcome.js';
import { PersistentCongestion } from './persistent-congestion.js';
import { Reordering } from './reordering.js';
import type { Rtt } from './rtt.js';
import type { FrameHandler } from './sent-frames.js';
import {
  ACK_ELICITING,
  ACKED,
  ECT,
  LOST,
  MTU_PROBE,
  OUTSTANDING,
  REQUEUED,
  type SentPackets,
  STATE_MASK,
} from './sent-packets.js';
import type { SkippedNumbers } from './skipped-numbers.js';

/** R15; RFC 9002 section 7.6.1. */
const PERSISTENT_PTOS = 3;

export class LossDetection {
  /** Largest number that the peer has acknowledged; -1 before the first. */
  largestAcked = -1;
  /** When the next packet is lost unless its ACK comes; Infinity when no packet waits for that. */
  lossTimeUs = Number.POSITIVE_INFINITY;
  /** All packets ever declared lost that were in flight and no MTU probe, and their bytes. */
  packetsLost = 0;
  bytesLost = 0;
  tracer: Pick<Tracer, 'packetLost'> | undefined = undefined;
  readonly congestion = new PersistentCongestion();
  readonly reordering = new Reordering();
  readonly #packets: SentPackets;
  readonly #skipped: SkippedNumbers;
  readonly #rtt: Rtt;
  readonly #outcome: Outcome;
  readonly #maxAckDelayUs: number;

  constructor(
    packets: SentPackets,
    skipped: SkippedNumbers,
    rtt: Rtt,
    outcome: Outcome,
    maxAckDelayUs: number,
  ) {
    this.#packets = packets;
    this.#skipped = skipped;
    this.#rtt = rtt;
    this.#outcome = outcome;
    this.#maxAckDelayUs = maxAckDelayUs;
  }

  /**
   * Goes on from the oldest outstanding packet until it meets one that may still be acknowledged.
   *
   * @param lostUpTo everything outstanding up to this number is lost whatever its age; -1 for none
   */
  detect(nowUs: number, lostUpTo: number, handler: FrameHandler): void {
    const packets = this.#packets;
    const { flags, sentUs, mask, next } = packets;
    const delayUs = this.#rtt.lossDelayUs(this.reordering.timeFactor);
    const thresholdNumber = this.#thresholdNumber();
    const newest = Math.max(this.largestAcked, lostUpTo);
    let number = packets.oldest;
    let at = number & mask;
    this.lossTimeUs = Number.POSITIVE_INFINITY;
    for (; number < next; number++, at = (at + 1) & mask) {
      const state = flags[at] & STATE_MASK;
      if (state === ACKED) this.congestion.break();
      if (state !== OUTSTANDING) continue;
      if (number > newest) break;
      if (number <= lostUpTo) {
        this.#lose(number, nowUs, 'pto', handler);
      } else if (number <= thresholdNumber) {
        this.#lose(number, nowUs, 'packet', handler);
      } else if (sentUs[at] + delayUs <= nowUs) {
        this.#lose(number, nowUs, 'time', handler);
      } else {
        this.lossTimeUs = sentUs[at] + delayUs;
        break;
      }
    }
    packets.oldest = number;
    packets.lost.expire(nowUs - this.#rtt.ptoUs(this.#maxAckDelayUs), number);
    packets.release();
  }

  /** Outstanding packets up to this number are lost by the packet threshold; skipped ones do not count (R7). */
  #thresholdNumber(): number {
    const number = this.largestAcked - this.reordering.packetThreshold;
    return number - this.#skipped.countBetween(number, this.largestAcked);
  }

  #lose(
    number: number,
    nowUs: number,
    trigger: 'packet' | 'time' | 'pto',
    handler: FrameHandler,
  ): void {
    const packets = this.#packets;
    const at = number & packets.mask;
    const flag = packets.flags[at];
    const bytes = packets.bytes[at];
    packets.flags[at] = flag | LOST;
    if ((flag & ACK_ELICITING) !== 0) {
      packets.bytesInFlight -= bytes;
      packets.elicitingInFlight--;
      packets.lost.add(number, nowUs);
      if ((flag & ECT) !== 0) this.#outcome.lostEct++;
      if ((flag & MTU_PROBE) === 0) {
        this.#count(number, packets.sentUs[at], bytes);
        packets.delivery?.onLost(at, bytes, this.#outcome.lostPackets === 1);
      } else {
        packets.probesInFlight--;
        this.#outcome.probeLost = number;
      }
    }
    if ((flag & REQUEUED) === 0) packets.reportLost(at, handler);
    this.tracer?.packetLost(nowUs, number, bytes, trigger);
  }

  #count(number: number, sentUs: number, bytes: number): void {
    const outcome = this.#outcome;
    const rtt = this.#rtt;
    this.packetsLost++;
    this.bytesLost += bytes;
    outcome.lostPackets++;
    outcome.lostBytes += bytes;
    outcome.largestLostNumber = number;
    outcome.largestLostSentUs = sentUs;
    if (bytes > outcome.largestLostBytes) outcome.largestLostBytes = bytes;
    if (bytes < outcome.smallestLostBytes) outcome.smallestLostBytes = bytes;
    const durationUs = PERSISTENT_PTOS * rtt.ptoUs(this.#maxAckDelayUs);
    if (!this.congestion.onLost(number, sentUs, durationUs, rtt.firstSampleUs)) return;
    outcome.isPersistentCongestion = true;
    rtt.restartMin();
  }
}
