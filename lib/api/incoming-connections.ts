/**
 * Connections of peers on their way to the application: to all listeners, or else to one loop.
 *
 * It knows nothing of how they came to be. Used by the endpoint.
 *
 * Invariant: `isWanted` says whether somebody would get a connection, and whoever depends on it hears of each change.
 */

import type { EventEmitter } from 'node:events';
import { AsyncQueue } from './async-queue.js';
import type { Connection } from './connection.js';
import { emitSafely } from './emit.js';

export class IncomingConnections {
  readonly #emitter: EventEmitter;
  readonly #onChange: () => void;
  readonly #waiting = new AsyncQueue<Connection>();
  #loops = 0;
  #listeners = 0;

  /** @param emitter emits 'connection' @param onChange called when `isWanted` may have changed */
  constructor(emitter: EventEmitter, onChange: () => void) {
    this.#emitter = emitter;
    this.#onChange = onChange;
  }

  get isWanted(): boolean {
    return this.#loops + this.#listeners > 0;
  }

  /** So many listen from now on; a new one may not be there yet. */
  setListeners(listeners: number): void {
    this.#listeners = listeners;
    this.#onChange();
    if (this.#waiting.length > 0) process.nextTick(() => this.#drain());
  }

  /** A loop, until it is left or all ends. */
  iterate(): AsyncIterableIterator<Connection> {
    this.#loops++;
    this.#onChange();
    const loop = this.#waiting.iterate();
    const leave = loop.return!.bind(loop);
    let isLeft = false;
    loop.return = (value) => {
      if (!isLeft) {
        isLeft = true;
        this.#loops--;
        this.#onChange();
      }
      return leave(value);
    };
    return loop;
  }

  deliver(connection: Connection): void {
    if (this.#listeners > 0) emitSafely(this.#emitter, 'connection', connection);
    else this.#waiting.push(connection);
  }

  /** No more come: loops end once they have taken what waits. */
  end(): void {
    this.#waiting.end();
  }

  /** To listeners goes what a loop that was left has not taken. */
  #drain(): void {
    while (this.#listeners > 0) {
      const connection = this.#waiting.shift();
      if (connection === undefined) return;
      emitSafely(this.#emitter, 'connection', connection);
    }
  }
}
