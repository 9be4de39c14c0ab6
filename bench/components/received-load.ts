/**
 * A receiver in steady state: packets come in, every 10 are acknowledged, what is `window` packets old is forgotten.
 *
 * On a lossy path one packet of 100 never comes, and of 10 one comes two places late. Both are asked whether a packet is
 * a duplicate, and both write their acknowledgement into bytes. Called by cases/trackers.ts and its test.
 *
 * Invariant: ours and the original's see the same packets in the same order.
 */

import { ReceivedPackets } from '../../lib/core/recovery/received-packets.js';
import { writeAck } from '../../lib/core/wire/ack-writer.js';
import { ReplayWindow } from '../../lib/crypto/replay-window.js';
import { OriginalReceivedTracker } from './original-trackers.js';
import { ACK_EVERY, isLost, STEP_US } from './sent-load.js';

const IN_ORDER = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const LATE = [0, 1, 2, 3, 4, 5, 7, 8, 6, 9];
const ACK_BYTES = 2048;

/** One of the two: `step` takes 10 packets and writes one acknowledgement. */
export interface ReceivedLoad {
  step(): void;
  /** Packets taken so far. */
  readonly packets: number;
  /** Bytes of the last acknowledgement. */
  readonly ackBytes: number;
}

export class OurReceivedLoad implements ReceivedLoad {
  packets = 0;
  ackBytes = 0;
  readonly #received = new ReceivedPackets();
  readonly #replay = new ReplayWindow();
  readonly #bytes = new Uint8Array(ACK_BYTES);
  readonly #window: number;
  readonly #isLossy: boolean;
  #base = 0;
  #nowUs = 0;

  constructor(window: number, isLossy: boolean) {
    this.#window = window;
    this.#isLossy = isLossy;
  }

  step(): void {
    const order = this.#isLossy ? LATE : IN_ORDER;
    for (let index = 0; index < ACK_EVERY; index++) {
      this.#nowUs += STEP_US;
      const number = this.#base + order[index];
      if (this.#isLossy && isLost(number)) continue;
      if (this.#replay.accept(number) !== 0) throw new Error(`packet ${number} came twice`);
      this.#received.onPacket(number, this.#nowUs, true, 0);
      this.packets++;
    }
    this.#base += ACK_EVERY;
    const { ranges, rangeCount } = this.#received;
    const delay = this.#received.delayField(this.#nowUs);
    this.ackBytes = writeAck(this.#bytes, 0, ranges, rangeCount, delay, false, 0, 0, 0);
    if (this.#base > this.#window) this.#received.forget(this.#base - this.#window);
  }
}

export class OriginalReceivedLoad implements ReceivedLoad {
  packets = 0;
  ackBytes = 0;
  readonly #tracker = new OriginalReceivedTracker();
  readonly #view = new DataView(new ArrayBuffer(ACK_BYTES));
  readonly #window: number;
  readonly #isLossy: boolean;
  #base = 0;
  #nowUs = 0;

  constructor(window: number, isLossy: boolean) {
    this.#window = window;
    this.#isLossy = isLossy;
  }

  step(): void {
    const order = this.#isLossy ? LATE : IN_ORDER;
    for (let index = 0; index < ACK_EVERY; index++) {
      this.#nowUs += STEP_US;
      const number = this.#base + order[index];
      if (this.#isLossy && isLost(number)) continue;
      if (!this.#tracker.onPacket(number, this.#nowUs)) throw new Error(`${number} came twice`);
      this.packets++;
    }
    this.#base += ACK_EVERY;
    const receipts = this.#tracker.takeReceipts();
    this.#view.setBigUint64(0, BigInt(receipts.length), true);
    let at = 8;
    for (const receipt of receipts) {
      this.#view.setUint32(at, receipt, true);
      at += 4;
    }
    this.ackBytes = at;
    this.#tracker.forgetBefore(this.#nowUs - this.#window * STEP_US);
  }
}
