/**
 * NewReno (RFC 9002 section 7, RFC 5681): one datagram a round trip, half the window for a congestion.
 *
 * The simple one, and the yardstick of the tests: its mean window is 1.22 / sqrt(p) datagrams (C10 and C15 of
 * docs/congestion-control.md). Made by controller.ts.
 *
 * Invariant: in congestion avoidance a window's worth of acknowledgements adds one datagram.
 */

import { LossBased } from './loss-based.js';

const BETA = 0.5;

export class NewReno extends LossBased {
  readonly name = 'newreno';

  protected avoid(_nowUs: number, ackedBytes: number): void {
    this.grow((this.datagramBytes * ackedBytes) / this.windowBytes);
  }

  protected reducedBytes(): number {
    return this.windowBytes * BETA;
  }

  protected restart(): void {
    // Growth depends on acknowledgements alone, not on time.
  }

  protected save(): void {
    // As above.
  }

  protected restore(): void {
    // As above.
  }

  protected pause(): void {
    // As above.
  }
}
