/**
 * The clock of the transport: microseconds since this process began, and what that was since 1970.
 *
 * The only place where the transport reads a clock; the core gets time as a parameter. Called by the driver, once a turn.
 *
 * Invariant: `nowUs` never goes back.
 */

import { performance } from 'node:perf_hooks';

/** Microseconds, monotonic, with fractions. */
export function nowUs(): number {
  return performance.now() * 1000;
}

/** Microseconds since 1970 when `nowUs` was 0. */
export function epochUs(): number {
  return performance.timeOrigin * 1000;
}
