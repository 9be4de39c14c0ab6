/**
 * A run that went wrong: what, when, and how to see it again.
 */

/** Thrown where it is noticed; `simulation.ts` adds the seed and the trace. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
}
