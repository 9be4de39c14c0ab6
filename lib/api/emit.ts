/**
 * The application's code called out of a turn: what it throws hurts nobody else.
 *
 * Called by endpoints, connections and streams.
 *
 * Invariant: `guard`, `emitSafely` and `callSafely` never throw.
 */

import type { EventEmitter } from 'node:events';
import { throwLater } from './errors.js';

/** Emits; an exception of a listener surfaces as an uncaught exception, after the turn. */
export function emitSafely(emitter: EventEmitter, event: string, value?: unknown): void {
  try {
    if (value === undefined) emitter.emit(event);
    else emitter.emit(event, value);
  } catch (error) {
    throwLater(error);
  }
}

/** Calls back with an error or without. */
export function callSafely(callback: (error?: Error | null) => void, error?: Error | null): void {
  try {
    callback(error);
  } catch (thrown) {
    throwLater(thrown);
  }
}

/** Runs code that may call the application's. */
export function guard(work: () => void): void {
  try {
    work();
  } catch (error) {
    throwLater(error);
  }
}
