/**
 * Equal shares of a rate limit: deficit round robin over the connections that have something to send (Shreedhar and
 * Varghese, 1995), with debts in place of look-ahead.
 *
 * Each turn brings a connection so many bytes. What it sends beyond them, since a packet is not cut, is a debt that its
 * next turns pay; what it could not use because the limit or the batch ended first is left for the turn to go on with;
 * what it did not want is gone. It knows slots, no connection and no packet. Called by the endpoint, only where there is a
 * limit.
 *
 * Invariant: of connections that always want more, none is ahead of another by more than a turn and its largest burst.
 */

/** A turn is what the limit brings in a quarter of a millisecond: sixteen connections have theirs in four. */
const TURNS_PER_SECOND = 4000;
/** A few packets at least, so that what is sent together is a train; two trains at most. */
const MIN_TURN_BYTES = 4096;
const MAX_TURN_BYTES = 128 << 10;

export class EqualTurns {
  /** Bytes of a turn. */
  readonly turnBytes: number;
  /** By slot: bytes that are left of a turn; below 0: owed. */
  #left = new Int32Array(64);

  /** @param rate of the limit, bytes a second */
  constructor(rate: number) {
    const share = Math.floor(rate / TURNS_PER_SECOND);
    this.turnBytes = Math.min(Math.max(share, MIN_TURN_BYTES), MAX_TURN_BYTES);
  }

  /** Its turn begins, or goes on. Bytes that it may send; 0: the turn went into its debt. */
  begin(slot: number): number {
    if (slot >= this.#left.length) this.#grow(slot);
    if (this.#left[slot] <= 0) this.#left[slot] += this.turnBytes;
    return Math.max(this.#left[slot], 0);
  }

  /** It has sent so much. `wantsMore`: and would go on. True when its turn is not over. */
  spend(slot: number, bytes: number, wantsMore: boolean): boolean {
    const left = this.#left[slot] - bytes;
    this.#left[slot] = wantsMore ? left : Math.min(left, 0);
    return wantsMore && left > 0;
  }

  /** Another connection will have the slot. */
  forget(slot: number): void {
    if (slot < this.#left.length) this.#left[slot] = 0;
  }

  #grow(slot: number): void {
    const left = new Int32Array(2 ** Math.ceil(Math.log2(slot + 1)));
    left.set(this.#left);
    this.#left = left;
  }
}
