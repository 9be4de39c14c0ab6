/**
 * The numbers of packets that were declared lost, for a while: an acknowledgement that comes after all is recognised.
 *
 * A courtesy (clause R10; RFC 9000 section 13.3): it saves needless retransmissions and counts wrong verdicts. What each packet
 * was stays in the ring of sent-packets.ts, which is kept that long. Used by acknowledgement.ts and loss-detection.ts.
 *
 * Invariant: numbers ascend, times do not descend; at most LOST_SPAN numbers lie between the first and the oldest
 * outstanding packet, so that the memory of lost packets never makes the ring large.
 */

/** How far behind the oldest outstanding packet a lost one is remembered, in packet numbers. */
export const LOST_SPAN = 8192;

const FIRST_CAPACITY = 8;
/** What there is memory for until something is lost. */
const NO_DOUBLES = new Float64Array(0);

export class LostPackets {
  /** The largest number that was forgotten: its packet is lost for good. -1 for none. */
  forgotten = -1;
  #numbers: Float64Array = NO_DOUBLES;
  #lostUs: Float64Array = NO_DOUBLES;
  #begin = 0;
  #end = 0;

  get count(): number {
    return this.#end - this.#begin;
  }

  /** Entries that there is memory for; grows until it is folded. */
  get capacity(): number {
    return this.#numbers.length;
  }

  /** The lowest number; there must be one. */
  get first(): number {
    return this.#numbers[this.#begin];
  }

  /** The number at a place, 0 is the lowest. */
  at(index: number): number {
    return this.#numbers[this.#begin + index];
  }

  /** `number` is above all others. */
  add(number: number, nowUs: number): void {
    if (this.#end === this.#numbers.length) this.#makeRoom();
    this.#numbers[this.#end] = number;
    this.#lostUs[this.#end] = nowUs;
    this.#end++;
  }

  /** Place of the first number that is not below; `count` when there is none. */
  find(number: number): number {
    let low = this.#begin;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#numbers[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low - this.#begin;
  }

  /** Takes out the places from `from` to `to` (exclusive). */
  remove(from: number, to: number): void {
    const begin = this.#begin;
    if (from === 0) {
      this.#begin += to;
    } else {
      this.#numbers.copyWithin(begin + from, begin + to, this.#end);
      this.#lostUs.copyWithin(begin + from, begin + to, this.#end);
      this.#end -= to - from;
    }
    this.#settle();
  }

  /** Whether none of the lost packets from `smallest` to `largest` is missing: all were acknowledged after all. */
  isNoneMissing(smallest: number, largest: number): boolean {
    if (this.forgotten >= smallest) return false;
    const place = this.find(smallest);
    return place === this.count || this.at(place) > largest;
  }

  forgetFirst(): void {
    this.forgotten = this.first;
    this.#begin++;
    this.#settle();
  }

  /** Forgets all, and gives up the memory. */
  fold(): void {
    if (this.count > 0) this.forgotten = this.at(this.count - 1);
    this.#begin = 0;
    this.#end = 0;
    this.#numbers = NO_DOUBLES;
    this.#lostUs = NO_DOUBLES;
  }

  /** Forgets what was lost at `untilUs` or before, and numbers more than LOST_SPAN below `oldest`. */
  expire(untilUs: number, oldest: number): void {
    let at = this.#begin;
    const floor = oldest - LOST_SPAN;
    while (at < this.#end && (this.#lostUs[at] <= untilUs || this.#numbers[at] < floor)) at++;
    if (at > this.#begin) this.forgotten = this.#numbers[at - 1];
    this.#begin = at;
    this.#settle();
  }

  #settle(): void {
    if (this.#begin !== this.#end) return;
    this.#begin = 0;
    this.#end = 0;
  }

  /** Moves all to the front when half is free there, else doubles. */
  #makeRoom(): void {
    const { count } = this;
    let numbers = this.#numbers;
    let lostUs = this.#lostUs;
    if (count * 2 >= numbers.length) {
      numbers = new Float64Array(numbers.length * 2 || FIRST_CAPACITY);
      lostUs = new Float64Array(numbers.length);
    }
    for (let index = 0; index < count; index++) {
      numbers[index] = this.#numbers[this.#begin + index];
      lostUs[index] = this.#lostUs[this.#begin + index];
    }
    this.#numbers = numbers;
    this.#lostUs = lostUs;
    this.#begin = 0;
    this.#end = count;
  }
}
