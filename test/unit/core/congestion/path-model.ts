/**
 * One bulk sender, its controller and a path, packet by packet, in virtual time.
 *
 * The path has a fixed round trip time and, when asked, a bottleneck with a drop-tail queue. It may drop every n-th
 * packet. Losses are found as RFC 9002 does: three later packets were acknowledged. No retransmissions: to a
 * controller a packet is a packet. Deterministic, no chance at all.
 */

import type { CongestionController } from '../../../../lib/core/congestion/controller.js';

export interface PathOptions {
  readonly datagramBytes: number;
  readonly rttUs: number;
  /** Every n-th packet is dropped; 0 = none. */
  readonly dropEvery?: number;
  /** Bytes a second of the bottleneck; default: no bottleneck. */
  readonly rate?: number;
  /** Bytes that fit in the queue in front of it. */
  readonly queueBytes?: number;
  /** The controller is shown no delays: it has no sample. */
  readonly isDelayHidden?: boolean;
}

const PACKET_THRESHOLD = 3;

export class PathModel {
  nowUs = 0;
  sent = 0;
  acked = 0;
  overflows = 0;
  congestions = 0;
  /** Integral of the window over time, byte us, since `startMean`. */
  #windowTime = 0;
  #meanStartUs = 0;
  #inFlight = 0;
  #head = 0;
  #freeUs = 0;
  readonly #sentUs: number[] = [];
  /** When the acknowledgement comes; Infinity: never. */
  readonly #ackUs: number[] = [];
  readonly #missing: number[] = [];
  readonly #controller: CongestionController;
  readonly #options: PathOptions;
  readonly #rtt = { latestUs: 0, minUs: Infinity, smoothedUs: 0, varianceUs: 0, hasSample: false };

  constructor(controller: CongestionController, options: PathOptions) {
    this.#controller = controller;
    this.#options = options;
    // The first window over one round trip, as a pacer would: else all rounds are one burst.
    const count = Math.floor(controller.windowBytes / options.datagramBytes);
    for (let i = 0; i < count; i++) this.#send((i * options.rttUs) / count);
  }

  get meanWindowDatagrams(): number {
    const elapsedUs = this.nowUs - this.#meanStartUs;
    return this.#windowTime / elapsedUs / this.#options.datagramBytes;
  }

  startMean(): void {
    this.#windowTime = 0;
    this.#meanStartUs = this.nowUs;
  }

  /** The next packet's acknowledgement, or the hole where it should be. False when nothing is in flight. */
  step(): boolean {
    if (this.#head === this.#sentUs.length) return false;
    const number = this.#head++;
    if (this.#ackUs[number] === Infinity) {
      this.#missing.push(number);
      return true;
    }
    this.#advance(this.#ackUs[number]);
    this.#sample(this.nowUs - this.#sentUs[number]);
    this.#findLost(number);
    this.#acknowledge(number);
    const { datagramBytes } = this.#options;
    while (this.#inFlight + datagramBytes <= this.#controller.windowBytes) this.#send(this.nowUs);
    return true;
  }

  #advance(toUs: number): void {
    this.#windowTime += this.#controller.windowBytes * (toUs - this.nowUs);
    this.nowUs = toUs;
  }

  #sample(latestUs: number): void {
    const rtt = this.#rtt;
    rtt.latestUs = latestUs;
    rtt.minUs = Math.min(rtt.minUs, latestUs);
    rtt.smoothedUs =
      rtt.smoothedUs > 0 ? rtt.smoothedUs + (latestUs - rtt.smoothedUs) / 8 : latestUs;
    rtt.hasSample = this.#options.isDelayHidden !== true;
  }

  #findLost(acked: number): void {
    const { datagramBytes } = this.#options;
    while (this.#missing.length > 0 && this.#missing[0] <= acked - PACKET_THRESHOLD) {
      const lost = this.#missing.shift() as number;
      this.#inFlight -= datagramBytes;
      const before = this.#controller.windowBytes;
      this.#controller.onLoss(this.nowUs, datagramBytes, this.#sentUs[lost], false, this.#inFlight);
      if (this.#controller.windowBytes < before) this.congestions++;
    }
  }

  #acknowledge(number: number): void {
    const { datagramBytes } = this.#options;
    this.acked++;
    this.#inFlight -= datagramBytes;
    const sentUs = this.#sentUs[number];
    const inFlight = this.#inFlight;
    this.#controller.onAck(this.nowUs, datagramBytes, sentUs, number, this.#rtt, inFlight, false);
  }

  #send(nowUs: number): void {
    const { datagramBytes, dropEvery = 0 } = this.#options;
    const number = this.sent++;
    this.#sentUs.push(nowUs);
    const isDropped = dropEvery > 0 && this.sent % dropEvery === 0;
    this.#ackUs.push(isDropped ? Infinity : this.#arrival(nowUs));
    this.#inFlight += datagramBytes;
    this.#controller.onSent(nowUs, datagramBytes, this.#inFlight, number);
  }

  #arrival(nowUs: number): number {
    const { datagramBytes, rttUs, rate = Infinity, queueBytes = Infinity } = this.#options;
    if (rate === Infinity) return nowUs + rttUs;
    const queuedUs = Math.max(0, this.#freeUs - nowUs);
    if ((queuedUs * rate) / 1e6 + datagramBytes > queueBytes) {
      this.overflows++;
      return Infinity;
    }
    this.#freeUs = nowUs + queuedUs + (datagramBytes * 1e6) / rate;
    return this.#freeUs + rttUs;
  }
}
