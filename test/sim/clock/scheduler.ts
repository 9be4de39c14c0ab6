/**
 * Virtual time: a heap of events, and a clock that jumps from one to the next.
 *
 * Nothing waits here: a second of simulated time costs as much as there is to do in it. Events cannot be taken back;
 * whoever changes its mind ignores the one that comes.
 *
 * Invariant: time never goes back, and events of the same instant come in the order in which they were scheduled.
 */

/** Whose time has come. `argument` is what was given to `schedule`. */
export interface Timed {
  onTime(argument: unknown): void;
}

const FIRST_CAPACITY = 256;

export class Scheduler {
  /** Microseconds, not necessarily whole. */
  nowUs: number;
  #length = 0;
  #scheduled = 0;
  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  readonly #targets: Timed[] = [];
  readonly #arguments: unknown[] = [];

  constructor(nowUs = 0) {
    this.nowUs = nowUs;
  }

  /** Events that are still to come. */
  get length(): number {
    return this.#length;
  }

  /** When the next event is due; Infinity when there is none. */
  get nextUs(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#times[0];
  }

  /** @param atUs now or later @throws RangeError for the past, for NaN and for Infinity */
  schedule(atUs: number, target: Timed, argument?: unknown): void {
    if (!(atUs >= this.nowUs) || atUs === Number.POSITIVE_INFINITY) {
      throw new RangeError(`an event at ${atUs}, when it is ${this.nowUs}`);
    }
    if (this.#length === this.#times.length) this.#grow();
    this.#rise(this.#length++, atUs, this.#scheduled++, target, argument);
  }

  /** Lets the next event happen; false when there is none. */
  step(): boolean {
    if (this.#length === 0) return false;
    const target = this.#targets[0];
    const argument = this.#arguments[0];
    this.nowUs = this.#times[0];
    this.#removeFirst();
    target.onTime(argument);
    return true;
  }

  /** Lets everything happen that is due up to `untilUs`, and then it is `untilUs`. */
  runUntil(untilUs: number): void {
    while (this.nextUs <= untilUs) this.step();
    this.nowUs = Math.max(this.nowUs, untilUs);
  }

  /** From a leaf upwards: parents that are later move down. */
  #rise(from: number, timeUs: number, order: number, target: Timed, argument: unknown): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#times[parent] <= timeUs) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#put(place, timeUs, order, target, argument);
  }

  #removeFirst(): void {
    const last = --this.#length;
    const timeUs = this.#times[last];
    const order = this.#orders[last];
    const target = this.#targets[last];
    const argument = this.#arguments[last];
    this.#targets.length = last;
    this.#arguments.length = last;
    if (last === 0) return;
    let place = 0;
    for (let child = 1; child < last; child = 2 * place + 1) {
      if (child + 1 < last && this.#isBefore(child + 1, this.#times[child], this.#orders[child])) {
        child++;
      }
      if (!this.#isBefore(child, timeUs, order)) break;
      this.#move(child, place);
      place = child;
    }
    this.#put(place, timeUs, order, target, argument);
  }

  #isBefore(place: number, timeUs: number, order: number): boolean {
    const own = this.#times[place];
    return own < timeUs || (own === timeUs && this.#orders[place] < order);
  }

  #move(from: number, to: number): void {
    this.#put(
      to,
      this.#times[from],
      this.#orders[from],
      this.#targets[from],
      this.#arguments[from],
    );
  }

  #put(place: number, timeUs: number, order: number, target: Timed, argument: unknown): void {
    this.#times[place] = timeUs;
    this.#orders[place] = order;
    this.#targets[place] = target;
    this.#arguments[place] = argument;
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const orders = new Float64Array(times.length);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
  }
}
