/**
 * Things on their way to `for await` loops and to whoever asks next: in order, each to one taker.
 *
 * It has no cap of its own: whoever pushes asks `length` and `bytes` first. Called by endpoints (connections) and
 * connections (streams, messages, datagrams).
 *
 * Invariants: what waits is taken before a loop ends; a loop that was left takes nothing; what is of no use any more
 * reaches nobody, and is forgotten before it is more than half of what waits.
 */

/** Free places at the front before the list is moved together; useless items before they are swept out. */
const COMPACT_AT = 64;

/** What a queue knows about its items. */
export interface QueueOptions<T> {
  /** Called when an item leaves for the application. */
  readonly onTaken?: (item: T) => void;
  /** Bytes that count for an item. */
  readonly sizeOf?: (item: T) => number;
  /** Whether an item that waits is of no use any more: `onUseless` must be called once it is. */
  readonly isUseless?: (item: T) => boolean;
}

const NO_OPTIONS = {};
const NO_TAKERS: readonly never[] = [];

type Take<T> = (result: IteratorResult<T, undefined>) => void;

export class AsyncQueue<T> {
  /** Bytes of what waits, by `sizeOf`. */
  bytes = 0;
  readonly #options: QueueOptions<T>;
  #waiting: (T | undefined)[] = [];
  #first = 0;
  #useless = 0;
  /** Promises that loops wait for, the oldest first. */
  #takers: Set<Take<T>> | undefined = undefined;
  #isEnded = false;

  constructor(options: QueueOptions<T> = NO_OPTIONS) {
    this.#options = options;
  }

  /** Items that nobody has taken. */
  get length(): number {
    return this.#waiting.length - this.#first;
  }

  push(item: T): void {
    if (this.#isEnded) return;
    const takers = this.#takers;
    const [taker] = takers ?? NO_TAKERS;
    if (takers === undefined || taker === undefined) {
      this.#waiting.push(item);
      this.bytes += this.#sizeOf(item);
      return;
    }
    takers.delete(taker);
    this.#options.onTaken?.(item);
    taker({ value: item, done: false });
  }

  /** Takes the oldest item out; undefined when there is none. */
  shift(): T | undefined {
    while (this.#first < this.#waiting.length) {
      const item = this.#waiting[this.#first] as T;
      this.#waiting[this.#first++] = undefined;
      this.bytes -= this.#sizeOf(item);
      if (this.#first >= COMPACT_AT && this.#first * 2 >= this.#waiting.length) {
        this.#waiting.splice(0, this.#first);
        this.#first = 0;
      }
      if (this.#isUseless(item)) {
        this.#useless--;
        continue;
      }
      this.#options.onTaken?.(item);
      return item;
    }
    return undefined;
  }

  /** One of the items that wait has become useless. */
  onUseless(): void {
    this.#useless++;
    if (this.#useless < COMPACT_AT || this.#useless * 2 < this.length) return;
    const kept = this.#waiting.slice(this.#first) as T[];
    this.#waiting = kept.filter((item) => !this.#isUseless(item));
    this.#first = 0;
    this.#useless = 0;
    this.bytes = 0;
    for (const item of this.#waiting) this.bytes += this.#sizeOf(item as T);
  }

  /** No more items come. */
  end(): void {
    this.#isEnded = true;
    const takers = this.#takers ?? NO_TAKERS;
    this.#takers = undefined;
    for (const taker of takers) taker({ value: undefined, done: true });
  }

  #sizeOf(item: T): number {
    return this.#options.sizeOf?.(item) ?? 0;
  }

  #isUseless(item: T): boolean {
    return this.#options.isUseless?.(item) ?? false;
  }

  /** A loop over what comes; several share the items. */
  iterate(): AsyncIterableIterator<T> {
    const own = new Set<Take<T>>();
    let isLeft = false;
    const iterator: AsyncIterableIterator<T> = {
      next: () => {
        if (isLeft) return Promise.resolve({ value: undefined, done: true });
        const item = this.shift();
        if (item !== undefined) return Promise.resolve({ value: item, done: false });
        if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
        return new Promise((resolve) => {
          const take: Take<T> = (result) => {
            own.delete(take);
            resolve(result);
          };
          own.add(take);
          this.#takers ??= new Set();
          this.#takers.add(take);
        });
      },
      return: () => {
        isLeft = true;
        for (const take of own) {
          this.#takers?.delete(take);
          take({ value: undefined, done: true });
        }
        return Promise.resolve({ value: undefined, done: true });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }
}
