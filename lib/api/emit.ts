/**
 * Events to the application out of a turn: what its listeners throw hurts nobody else.
 *
 * Called by endpoints and connections.
 *
 * Invariant: `guard` and `emitSafely` never throw.
 */

import type { EventEmitter } from 'node:events';
import { throwLater } from './errors.js';

/** Emits; an exception of a listener surfaces as an uncaught exception, after the turn. */
export function emitSafely(emitter: EventEmitter, event: string, ...values: unknown[]): void {
  guard(() => emitter.emit(event, ...values));
}

/** Runs code that may call the application's. */
export function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    throwLater(error);
  }
}
