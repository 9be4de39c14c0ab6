/**
 * One deadline for each connection of an endpoint, by slot number, and the earliest of all.
 *
 * A heap of four children a node. A deadline that moves later, as most do with every packet, is one store: its node stays
 * where it is, with the time it was put there for, and is sorted in again when it comes to the top. It sets no timer and
 * calls nobody. Called by the endpoint.
 *
 * Invariants: a slot with a deadline is in the heap, once, under a time that is not later; no parent's time is later than
 * its children's.
 */

const NONE = Number.POSITIVE_INFINITY;
const ABSENT = -1;
const FIRST_CAPACITY = 64;
/** More slots than any endpoint has connections: a larger number is a mistake, not a reason to allocate. */
const SLOT_MAX = 2 ** 24 - 1;

export class DeadlineWheel {
  /** By slot: the deadline, and the slot's node. */
  #deadlinesUs = new Float64Array(FIRST_CAPACITY).fill(NONE);
  #nodes = new Int32Array(FIRST_CAPACITY).fill(ABSENT);
  /** By node: its slot, and the time that it is sorted by. */
  #slots = new Int32Array(FIRST_CAPACITY);
  #timesUs = new Float64Array(FIRST_CAPACITY);
  #count = 0;

  /** The deadline of the slot, us, replaces its last one. Infinity = none. Throws RangeError for NaN and for no slot. */
  set(slot: number, deadlineUs: number): void {
    if (slot >= this.#nodes.length) this.#grow(slot);
    const node = this.#nodes[slot];
    if (node === undefined || Number.isNaN(deadlineUs)) refuse(slot, deadlineUs);
    this.#deadlinesUs[slot] = deadlineUs;
    if (node === ABSENT) {
      if (deadlineUs !== NONE) this.#up(this.#count++, slot, deadlineUs);
    } else if (deadlineUs < this.#timesUs[node]) {
      this.#up(node, slot, deadlineUs);
    }
  }

  /** The slot has no deadline any more. */
  clear(slot: number): void {
    if (slot < this.#deadlinesUs.length) this.#deadlinesUs[slot] = NONE;
  }

  /** The earliest deadline, us; Infinity when there is none. */
  get nextUs(): number {
    this.#settle();
    return this.#count === 0 ? NONE : this.#timesUs[0];
  }

  /** A slot whose deadline is not later than `nowUs`, and which has none from now on; -1 when there is no such slot. */
  expire(nowUs: number): number {
    this.#settle();
    if (this.#count === 0 || this.#timesUs[0] > nowUs) return ABSENT;
    const slot = this.#slots[0];
    this.#removeTop();
    return slot;
  }

  /** Sorts in again what has moved later, until the top is where it belongs. */
  #settle(): void {
    while (this.#count > 0) {
      const slot = this.#slots[0];
      const deadlineUs = this.#deadlinesUs[slot];
      if (deadlineUs === this.#timesUs[0]) return;
      if (deadlineUs === NONE) this.#removeTop();
      else this.#down(slot, deadlineUs);
    }
  }

  #removeTop(): void {
    this.#nodes[this.#slots[0]] = ABSENT;
    const last = --this.#count;
    if (last > 0) this.#down(this.#slots[last], this.#timesUs[last]);
  }

  /** Puts the slot at `from` or above, where its parent is not later. */
  #up(from: number, slot: number, timeUs: number): void {
    let node = from;
    while (node > 0) {
      const parent = (node - 1) >> 2;
      if (this.#timesUs[parent] <= timeUs) break;
      this.#put(node, this.#slots[parent], this.#timesUs[parent]);
      node = parent;
    }
    this.#put(node, slot, timeUs);
  }

  /** Puts the slot at the top or below, where no child is earlier. */
  #down(slot: number, timeUs: number): void {
    let node = 0;
    for (;;) {
      const first = (node << 2) + 1;
      const end = Math.min(first + 4, this.#count);
      let earliest = node;
      let earliestUs = timeUs;
      for (let child = first; child < end; child++) {
        if (this.#timesUs[child] >= earliestUs) continue;
        earliest = child;
        earliestUs = this.#timesUs[child];
      }
      if (earliest === node) break;
      this.#put(node, this.#slots[earliest], earliestUs);
      node = earliest;
    }
    this.#put(node, slot, timeUs);
  }

  #put(node: number, slot: number, timeUs: number): void {
    this.#slots[node] = slot;
    this.#timesUs[node] = timeUs;
    this.#nodes[slot] = node;
  }

  #grow(slot: number): void {
    if (slot > SLOT_MAX) refuse(slot, NONE);
    let capacity = this.#nodes.length;
    while (capacity <= slot) capacity *= 2;
    const deadlinesUs = new Float64Array(capacity).fill(NONE);
    const nodes = new Int32Array(capacity).fill(ABSENT);
    const slots = new Int32Array(capacity);
    const timesUs = new Float64Array(capacity);
    deadlinesUs.set(this.#deadlinesUs);
    nodes.set(this.#nodes);
    slots.set(this.#slots);
    timesUs.set(this.#timesUs);
    this.#deadlinesUs = deadlinesUs;
    this.#nodes = nodes;
    this.#slots = slots;
    this.#timesUs = timesUs;
  }
}

function refuse(slot: number, deadlineUs: number): never {
  throw new RangeError(`no deadline of a slot: ${deadlineUs} us, slot ${slot}`);
}
