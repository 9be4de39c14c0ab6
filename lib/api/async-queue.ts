/**
 * Things on their way to `for await` loops and to whoever asks next: in order, each to one taker.
 *
 * It has no cap of its own: whoever pushes asks `length` and `bytes` first. Called by endpoints (connections) and
 * connections (streams, messages, datagrams).
 *
 * Invariant: what waits is taken before a loop ends.
 */

export class AsyncQueue<T> {
  readonly #waiting: T[] = [];
  readonly #takers: ((result: IteratorResult<T, undefined>) => void)[] = [];
  #isEnded = false;
  readonly #onTaken: (item: T) => void;

  /** @param onTaken called when an item leaves for the application */
  constructor(onTaken: (item: T) => void = ignore) {
    this.#onTaken = onTaken;
  }

  /** Items that nobody has taken. */
  get length(): number {
    return this.#waiting.length;
  }

  push(item: T): void {
    if (this.#isEnded) return;
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#waiting.push(item);
      return;
    }
    this.#onTaken(item);
    taker({ value: item, done: false });
  }

  /** Takes the oldest item out; undefined when there is none. */
  shift(): T | undefined {
    const item = this.#waiting.shift();
    if (item !== undefined) this.#onTaken(item);
    return item;
  }

  /** No more items come. */
  end(): void {
    this.#isEnded = true;
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true });
  }

  /** A loop over what comes; several share the items. */
  iterate(): AsyncIterableIterator<T> {
    let isLeft = false;
    const iterator: AsyncIterableIterator<T> = {
      next: () => {
        if (isLeft) return Promise.resolve({ value: undefined, done: true });
        const item = this.shift();
        if (item !== undefined) return Promise.resolve({ value: item, done: false });
        if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve) => this.#takers.push(resolve));
      },
      return: () => {
        isLeft = true;
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}

function ignore(): void {}
