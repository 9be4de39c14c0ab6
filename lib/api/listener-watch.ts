/**
 * Tells an emitter's owner when listeners come and go, by whatever way.
 *
 * It emits nothing. Used by endpoints and connections, which must know whether somebody listens.
 *
 * Invariant: `removeAllListeners` of the application takes nothing away from it, if the owner calls `renew` after it.
 */

import type { EventEmitter } from 'node:events';

export class ListenerWatch {
  readonly #emitter: EventEmitter;
  readonly #onAdded: (event: string | symbol) => void;
  readonly #onRemoved: (event: string | symbol) => void;

  /** @param onChange called with how many listeners of `event` there are from now on; a new one is not there yet */
  constructor(
    emitter: EventEmitter,
    onChange: (event: string | symbol, listeners: number) => void,
  ) {
    this.#emitter = emitter;
    this.#onAdded = (event) => onChange(event, emitter.listenerCount(event) + 1);
    this.#onRemoved = (event) => onChange(event, emitter.listenerCount(event));
    this.renew();
  }

  /** Puts back what `removeAllListeners` took away. */
  renew(): void {
    const emitter = this.#emitter;
    if (emitter.listenerCount('newListener', this.#onAdded) === 0) {
      emitter.on('newListener', this.#onAdded);
    }
    if (emitter.listenerCount('removeListener', this.#onRemoved) === 0) {
      emitter.on('removeListener', this.#onRemoved);
    }
  }
}
