/**
 * The connections that have something to send, in the order in which they said so; one whose turn was cut
 * short is put in front.
 *
 * A ring of slots; it knows no connection. Called by the endpoint.
 *
 * Invariant: a slot is in it at most once, so it never holds more than there are slots.
 */

export class ReadyQueue {
  #slots = new Int32Array(64);
  #isQueued = new Uint8Array(64);
  #first = 0;
  #count = 0;

  get length(): number {
    return this.#count;
  }

  push(slot: number): void {
    if (!this.#enter(slot)) return;
    this.#slots[(this.#first + this.#count++) & (this.#slots.length - 1)] = slot;
  }

  /** Before all others. */
  unshift(slot: number): void {
    if (!this.#enter(slot)) return;
    this.#first = (this.#first - 1) & (this.#slots.length - 1);
    this.#slots[this.#first] = slot;
    this.#count++;
  }

  /** The slot that has waited longest; -1 when there is none. */
  shift(): number {
    if (this.#count === 0) return -1;
    const slot = this.#slots[this.#first];
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#count--;
    this.#isQueued[slot] = 0;
    return slot;
  }

  /** False: it is there already. Else there is room for it. */
  #enter(slot: number): boolean {
    if (slot >= this.#isQueued.length) this.#growFlags(slot);
    if (this.#isQueued[slot] === 1) return false;
    this.#isQueued[slot] = 1;
    if (this.#count === this.#slots.length) this.#growRing();
    return true;
  }

  #growFlags(slot: number): void {
    const flags = new Uint8Array(2 ** Math.ceil(Math.log2(slot + 1)));
    flags.set(this.#isQueued);
    this.#isQueued = flags;
  }

  #growRing(): void {
    const old = this.#slots;
    const slots = new Int32Array(2 * old.length);
    for (let index = 0; index < this.#count; index++) {
      slots[index] = old[(this.#first + index) & (old.length - 1)];
    }
    this.#slots = slots;
    this.#first = 0;
  }
}
