/**
 * How urgent a stream is and what share it has among equals: ranges and defaults (RFC 9218 section 4, without its
 * signals: nothing of this is on the wire).
 *
 * Numbers only; turns.ts serves by them. Used by stream.ts, send-queue.ts and by the options of
 * `lib/api`.
 *
 * Invariant: a stream always has an urgency and a weight in range.
 */

/** 0 is served first. */
export const URGENCY_MAX = 7;
export const DEFAULT_URGENCY = 3;

/** Shares among streams of one urgency. */
export const WEIGHT_MIN = 1;
export const WEIGHT_MAX = 256;
export const DEFAULT_WEIGHT = 16;

/** Throws RangeError for what is no urgency or no weight. */
export function requirePriority(urgency: number, weight: number): void {
  if (!Number.isInteger(urgency) || urgency < 0 || urgency > URGENCY_MAX) {
    throw new RangeError(`no urgency from 0 to ${URGENCY_MAX}: ${urgency}`);
  }
  if (!Number.isInteger(weight) || weight < WEIGHT_MIN || weight > WEIGHT_MAX) {
    throw new RangeError(`no weight from ${WEIGHT_MIN} to ${WEIGHT_MAX}: ${weight}`);
  }
}
