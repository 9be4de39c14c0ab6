/**
 * The window that a path begins with (RFC 9002 section 7.2; C1 of docs/congestion-control.md), and what a datagram size
 * may be. Used by all controllers.
 *
 * Invariant: there is room for two datagrams.
 */

const INITIAL_WINDOW_DATAGRAMS = 10;
const INITIAL_WINDOW_BYTES = 14_720;
export const MINIMUM_WINDOW_DATAGRAMS = 2;

export function initialWindow(datagramBytes: number): number {
  const floor = Math.max(INITIAL_WINDOW_BYTES, MINIMUM_WINDOW_DATAGRAMS * datagramBytes);
  return Math.min(INITIAL_WINDOW_DATAGRAMS * datagramBytes, floor);
}

/** Throws RangeError unless a whole number above 0. */
export function checkDatagramBytes(bytes: number): void {
  if (Number.isSafeInteger(bytes) && bytes > 0) return;
  throw new RangeError(`datagram size must be a whole number of bytes above 0: ${bytes}`);
}
