/**
 * A queue for whatever leaves in the order in which it came.
 *
 * Invariant: `take` gives each entry once, oldest first.
 */

export class Fifo<T> {
  readonly #entries: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  push(entry: T): void {
    this.#entries.push(entry);
  }

  /** The oldest, which stays; undefined when there is none. */
  peek(): T | undefined {
    return this.#entries[this.#head];
  }

  /** The oldest; undefined when there is none. */
  take(): T | undefined {
    if (this.length === 0) return undefined;
    const entry = this.#entries[this.#head];
    this.#entries[this.#head++] = undefined;
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    } else if (this.#head >= 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
