/**
 * A sender in steady state: packets go out, and acknowledgements come for what went out `window` packets before.
 *
 * A packet every 10 us, an acknowledgement for every 10. On a lossy path one packet of 100 never arrives, and one of 10
 * comes a packet late, so that it is missing from one acknowledgement. Called by cases/trackers.ts and its test.
 *
 * Invariant: ours and the original's see the same packets and learn the same of them, each in its own form.
 */

import { Recovery } from '../../lib/core/recovery/recovery.js';
import { SENT_STREAM } from '../../lib/core/wire/sent-kinds.js';
import { systemRandom } from '../../lib/crypto/random.js';
import { OriginalSentTracker } from './original-trackers.js';

/** Packets that one acknowledgement is for. */
export const ACK_EVERY = 10;
const LOST_OF = 100;
export const STEP_US = 10;
const PACKET_BYTES = 1452;
const PAYLOAD_BYTES = 1400;
/** Numbers end in 9 where an acknowledgement ends, in 8 where a packet is late, in 45 where it is lost. */
const LATE = 1;
const LOST = 45;
/** How far back an acknowledgement reaches, beyond what is new in it. */
const REPEATED = 200;

export const isLost = (number: number): boolean => number % LOST_OF === LOST;

/** One of the two: `step` sends 10 packets and takes one acknowledgement. */
export interface SentLoad {
  step(): void;
  /** Packets found to be lost so far. */
  readonly lost: number;
  /** Packets acknowledged so far. */
  readonly acknowledged: number;
}

export class OurSentLoad implements SentLoad {
  lost = 0;
  acknowledged = 0;
  readonly #recovery = new Recovery({ random: systemRandom, skipPeriod: Number.POSITIVE_INFINITY });
  readonly #window: number;
  readonly #isLossy: boolean;
  readonly #ranges = new Float64Array(16);
  #nowUs = 0;
  #resend = 0;
  readonly #handler = {
    onFrameAcked: (): void => {},
    onFrameLost: (): void => {
      this.#resend++;
    },
  };

  /** @param window packets in flight, a multiple of 10 */
  constructor(window: number, isLossy: boolean) {
    this.#window = window;
    this.#isLossy = isLossy;
  }

  step(): void {
    const recovery = this.#recovery;
    for (let index = 0; index < ACK_EVERY; index++) {
      this.#nowUs += STEP_US;
      const offset = recovery.nextPacketNumber * PAYLOAD_BYTES;
      recovery.beginPacket();
      recovery.recordFrame(SENT_STREAM, 4, offset, PAYLOAD_BYTES);
      // What was lost goes along: a second frame in the next packet.
      if (this.#resend > 0) recovery.recordFrame(SENT_STREAM, 4, offset, PAYLOAD_BYTES);
      this.#resend = 0;
      recovery.commitPacket(this.#nowUs, PACKET_BYTES, true, false, false);
    }
    const largest = recovery.nextPacketNumber - 1 - this.#window;
    if (largest >= 0) this.#acknowledge(largest);
  }

  #acknowledge(largest: number): void {
    const recovery = this.#recovery;
    const count = this.#isLossy ? this.#lossyRanges(largest) : this.#oneRange(largest);
    const error = recovery.onAck(this.#ranges, count, 0, this.#nowUs, this.#handler);
    if (error !== 0) throw new Error(`the acknowledgement was refused: ${error}`);
    this.lost += recovery.lostPackets;
    this.acknowledged += recovery.ackedPackets;
  }

  #oneRange(largest: number): number {
    this.#ranges[0] = Math.max(0, largest - REPEATED);
    this.#ranges[1] = largest;
    return 1;
  }

  /** Splits at what is late and at what was lost, the newest range first. Returns the ranges. */
  #lossyRanges(largest: number): number {
    const ranges = this.#ranges;
    const smallest = Math.max(0, largest - REPEATED);
    let count = 0;
    let top = largest;
    for (let hole = largest - LATE; hole > smallest; hole = newestLost(hole - 1)) {
      ranges[2 * count] = hole + 1;
      ranges[2 * count++ + 1] = top;
      top = hole - 1;
    }
    if (top < smallest) return count;
    ranges[2 * count] = smallest;
    ranges[2 * count + 1] = top;
    return count + 1;
  }
}

/** The largest lost number up to `number`; below 0 when there is none. */
function newestLost(number: number): number {
  const place = ((number % LOST_OF) + LOST_OF - LOST) % LOST_OF;
  return number - place;
}

export class OriginalSentLoad implements SentLoad {
  lost = 0;
  acknowledged = 0;
  readonly #tracker = new OriginalSentTracker();
  readonly #window: number;
  readonly #isLossy: boolean;
  readonly #payload = new Uint8Array(PAYLOAD_BYTES);
  #next = 0;
  #nowUs = 0;

  constructor(window: number, isLossy: boolean) {
    this.#window = window;
    this.#isLossy = isLossy;
  }

  step(): void {
    for (let index = 0; index < ACK_EVERY; index++) {
      this.#nowUs += STEP_US;
      const overdue = this.#tracker.takeOverdue(this.#nowUs);
      if (overdue !== undefined) this.lost++;
      this.#tracker.onSent(this.#next++, overdue ?? this.#payload, this.#nowUs);
    }
    const largest = this.#next - 1 - this.#window;
    if (largest >= 0) this.acknowledged += this.#tracker.onReceipts(this.#receipts(largest));
  }

  /** The numbers that arrived since the last acknowledgement: a new list each time, as a message has it. */
  #receipts(largest: number): number[] {
    const receipts: number[] = [];
    const late = largest - LATE;
    for (let number = Math.max(0, largest - ACK_EVERY + 1); number <= largest; number++) {
      if (!this.#isLossy || (!isLost(number) && number !== late)) receipts.push(number);
    }
    if (this.#isLossy && late - ACK_EVERY >= 0) receipts.push(late - ACK_EVERY);
    return receipts;
  }
}
