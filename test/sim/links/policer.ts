/**
 * A policer: a token bucket that drops what exceeds it, and lets nothing wait.
 *
 * Invariant: in any time t, at most `bitsPerSecond` * t + 8 * `burstBytes` bits pass.
 */

import type { Datagram } from '../datagram.js';
import { Link, type LinkContext } from './link.js';

export class PolicerLink extends Link {
  readonly bitsPerSecond: number;
  readonly burstBytes: number;
  #tokens: number;
  #updatedUs: number;

  constructor(context: LinkContext, bitsPerSecond: number, burstBytes: number) {
    super(context);
    this.bitsPerSecond = bitsPerSecond;
    this.burstBytes = burstBytes;
    this.#tokens = burstBytes;
    this.#updatedUs = context.scheduler.nowUs;
  }

  accept(datagram: Datagram): void {
    const { nowUs } = this.context.scheduler;
    const earned = (this.bitsPerSecond * (nowUs - this.#updatedUs)) / 8e6;
    this.#updatedUs = nowUs;
    this.#tokens = Math.min(this.burstBytes, this.#tokens + earned);
    if (datagram.length > this.#tokens) {
      this.drop(datagram);
      return;
    }
    this.#tokens -= datagram.length;
    this.pass(datagram);
  }
}
