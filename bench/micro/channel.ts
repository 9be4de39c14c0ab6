/**
 * A bounded channel of one sender and one receiver, for comparison only: what the original put between its tasks.
 *
 * `send` waits while the channel is full, `receive` while it is empty, each by a promise. Called by cases/hand-over.ts and
 * its test.
 *
 * Invariant: items come out in the order in which they went in, each once, and never more than `capacity` wait.
 */

export class Channel<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  #sender: (() => void) | undefined = undefined;
  #receiver: (() => void) | undefined = undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async send(item: T): Promise<void> {
    while (this.#items.length === this.#capacity) {
      await new Promise<void>((resolve) => {
        this.#sender = resolve;
      });
    }
    this.#items.push(item);
    const wake = this.#receiver;
    this.#receiver = undefined;
    wake?.();
  }

  async receive(): Promise<T> {
    while (this.#items.length === 0) {
      await new Promise<void>((resolve) => {
        this.#receiver = resolve;
      });
    }
    return this.take() as T;
  }

  /** Takes the oldest item without waiting; undefined when there is none. */
  take(): T | undefined {
    const item = this.#items.shift();
    const wake = this.#sender;
    this.#sender = undefined;
    wake?.();
    return item;
  }
}
