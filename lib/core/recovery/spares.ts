/**
 * Columns of a ring's first size that nobody uses now: what a connection gives up when it goes silent serves the next one
 * that speaks.
 *
 * Thousands of idle connections send a packet now and then; columns made for each would keep the garbage collector busy. It
 * does not clear them: a ring reads no entry that it has not written. Used by sent-packets.ts and sent-frames.ts, each with
 * one for all connections of the thread.
 *
 * Invariant: columns are in use by one ring at most, or wait here; never more than SPARES_MAX wait.
 */

/** 10,000 connections with a keep-alive of 30 s have some 500 in use at once. Together they hold half a megabyte. */
export const SPARES_MAX = 512;

export class Spares<Columns extends { readonly capacity: number }> {
  readonly #firstCapacity: number;
  readonly #make: (capacity: number) => Columns;
  readonly #waiting: Columns[] = [];

  /** @param make columns of that many entries */
  constructor(firstCapacity: number, make: (capacity: number) => Columns) {
    this.#firstCapacity = firstCapacity;
    this.#make = make;
  }

  /** Columns of that many entries, with anything in them. Throws what `make` throws when there is no memory. */
  take(capacity: number): Columns {
    if (capacity === this.#firstCapacity && this.#waiting.length > 0) return this.#waiting.pop()!;
    return this.#make(capacity);
  }

  /** Nobody uses them any more; of another size than the first they are left to the collector. */
  put(columns: Columns): void {
    if (columns.capacity === this.#firstCapacity && this.#waiting.length < SPARES_MAX) {
      this.#waiting.push(columns);
    }
  }
}
