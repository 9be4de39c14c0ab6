/**
 * What throws inside an endpoint although nothing there may: memory that could not be had, or a mistake of ours.
 *
 * A pass over many connections runs in here. What it throws ends the connection that it was working on, and the pass goes on
 * with the next one; the endpoint, its other connections and the driver's turn know nothing of it. It costs a packet
 * nothing: one guard a pass. Called by the endpoint.
 *
 * Invariants: nothing escapes but what `onFault` throws; a connection that has thrown once says INTERNAL_ERROR, one that
 * cannot, or throws again later, is gone at once; so a pass ends after two faults a connection at most.
 */

import type { Connection } from '../connection/connection.js';
import { INTERNAL_ERROR } from '../error-codes.js';
import type { EndpointCounts } from './endpoint-counts.js';

export class FaultGuard {
  /** The connection that is worked on; undefined while none is. Whoever works on one says so before. */
  working: Connection | undefined = undefined;
  readonly #counts: EndpointCounts;
  readonly #remove: (connection: Connection, nowUs: number) => void;
  readonly #onFault: ((error: unknown) => void) | undefined;

  /**
   * @param remove takes a connection out of the endpoint, whatever state it is in. Never throws.
   * @param onFault hears of what was thrown
   */
  constructor(
    counts: EndpointCounts,
    remove: (connection: Connection, nowUs: number) => void,
    onFault: ((error: unknown) => void) | undefined,
  ) {
    this.#counts = counts;
    this.#remove = remove;
    this.#onFault = onFault;
  }

  /** Runs a pass that goes on where it has stopped. What nobody can be blamed for ends it. */
  run(pass: (nowUs: number) => void, nowUs: number): void {
    for (let isOver = false; !isOver; ) {
      this.working = undefined;
      try {
        pass(nowUs);
        isOver = true;
      } catch (error) {
        isOver = this.working === undefined;
        this.blame(error, nowUs);
      }
    }
    this.working = undefined;
  }

  /** Something was thrown while `working` was worked on. */
  blame(error: unknown, nowUs: number): void {
    const connection = this.working;
    this.working = undefined;
    if (connection !== undefined && !this.#fail(connection, nowUs)) {
      this.#remove(connection, nowUs);
    }
    this.note(error);
  }

  /** Something was thrown that concerns no connection. */
  note(error: unknown): void {
    this.#counts.faults++;
    this.#onFault?.(error);
  }

  /** False when it cannot even say that it ends. */
  #fail(connection: Connection, nowUs: number): boolean {
    if (connection.phase !== 'open') return false;
    try {
      connection.fail(INTERNAL_ERROR, 0, nowUs);
      return true;
    } catch {
      this.#counts.faults++;
      // Memory that is short still: what has come could not be kept for the application, but the peer can be told.
      return connection.closed !== undefined;
    }
  }
}
