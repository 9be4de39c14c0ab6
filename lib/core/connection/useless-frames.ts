/**
 * The budget for what is legal and of no use: PINGs, complaints that were heard, limits that change nothing, STREAM frames
 * without bytes, packets of PADDING, streams that are reset as soon as they are opened, ids and paths without end.
 *
 * A bucket that fills with time. It does not say which frames are useless: consume.ts and the streams do, and count them.
 * One for each connection, called by consume.ts at the end of a packet that held any.
 *
 * Invariant: in any time t no more than BURST + PER_SECOND * t useless frames pass; an honest peer never comes near.
 */

import { Budget } from '../budget.js';

/** As many at once: all streams of a connection that are given up, several times over. As ngtcp2 has it. */
export const USELESS_BURST = 10_000;
/** And so many a second in the long run. */
export const USELESS_PER_SECOND = 330;

export class UselessFrames {
  /** All that came, those that one packet was forgiven included. */
  count = 0;
  /** Full until something is taken: most connections never do. */
  #budget: Budget | undefined = undefined;

  /**
   * A packet brought so many. False: more than the budget has. `isForgivenOne`: the packet also acknowledged something new,
   * so one of them costs nothing: who acknowledges without sending must ask for an answer now and then.
   */
  take(frames: number, isForgivenOne: boolean, nowUs: number): boolean {
    this.count += frames;
    const cost = isForgivenOne ? frames - 1 : frames;
    if (cost === 0 && this.#budget === undefined) return true;
    this.#budget ??= new Budget(USELESS_BURST, USELESS_PER_SECOND, nowUs);
    this.#budget.refill(nowUs);
    this.#budget.credit -= cost;
    return this.#budget.credit >= 0;
  }
}
