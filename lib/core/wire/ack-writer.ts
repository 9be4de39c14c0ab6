/**
 * The ACK frame: how many bytes it takes, and writing it. A part of frame-writer, which exports it.
 *
 * Which numbers are acknowledged, and when, is recovery's business.
 *
 * Invariant: `ackBytes` and `writeAck` agree on the size, and refuse the same ranges.
 */

import { ACK_RANGES_MAX, FRAME_ACK, FRAME_ACK_ECN } from './frame-types.js';
import { varintBytes, writeVarint } from './varint.js';

/**
 * Bytes of the ACK frame that `writeAck` writes for the same arguments. To fit a smaller room, ask again with fewer
 * ranges: the oldest are at the end.
 */
export function ackBytes(
  ranges: Float64Array,
  rangeCount: number,
  delayField: number,
  ecn: boolean,
  ect0: number,
  ect1: number,
  ce: number,
): number {
  checkRanges(ranges, rangeCount);
  let smallest = ranges[0];
  let size =
    1 +
    varintBytes(ranges[1]) +
    varintBytes(delayField) +
    varintBytes(rangeCount - 1) +
    varintBytes(ranges[1] - smallest);
  for (let index = 2; index < 2 * rangeCount; index += 2) {
    size += varintBytes(smallest - ranges[index + 1] - 2);
    smallest = ranges[index];
    size += varintBytes(ranges[index + 1] - smallest);
  }
  return ecn ? size + varintBytes(ect0) + varintBytes(ect1) + varintBytes(ce) : size;
}

/**
 * An ACK frame (F7). `ranges`: `rangeCount` pairs [smallest, largest] of packet numbers, both included, the largest
 * pair first, with at least one missing number between two pairs. `delayField`: the delay in units of
 * 2^ACK_DELAY_EXPONENT us. The three counts are written when `ecn` is true. Throws RangeError for ranges in another
 * order, for none, and for more than a receiver reads.
 */
export function writeAck(
  bytes: Uint8Array,
  at: number,
  ranges: Float64Array,
  rangeCount: number,
  delayField: number,
  ecn: boolean,
  ect0: number,
  ect1: number,
  ce: number,
): number {
  checkRanges(ranges, rangeCount);
  let smallest = ranges[0];
  bytes[at] = ecn ? FRAME_ACK_ECN : FRAME_ACK;
  let next = writeVarint(bytes, at + 1, ranges[1]);
  next = writeVarint(bytes, next, delayField);
  next = writeVarint(bytes, next, rangeCount - 1);
  next = writeVarint(bytes, next, ranges[1] - smallest);
  for (let index = 2; index < 2 * rangeCount; index += 2) {
    next = writeVarint(bytes, next, smallest - ranges[index + 1] - 2);
    smallest = ranges[index];
    next = writeVarint(bytes, next, ranges[index + 1] - smallest);
  }
  if (!ecn) return next;
  next = writeVarint(bytes, next, ect0);
  next = writeVarint(bytes, next, ect1);
  return writeVarint(bytes, next, ce);
}

function checkRanges(ranges: Float64Array, rangeCount: number): void {
  if (!(rangeCount >= 1 && rangeCount <= ACK_RANGES_MAX && 2 * rangeCount <= ranges.length)) {
    throw new RangeError(`an ACK frame cannot carry ${rangeCount} ranges`);
  }
  // All else that could be wrong comes out as a negative number, which writeVarint refuses.
  const smallest = ranges[2 * rangeCount - 2];
  if (smallest < 0) throw new RangeError(`not a packet number: ${smallest}`);
}
