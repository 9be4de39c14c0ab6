/**
 * Loss, order and jitter of datagrams that carry a number and the time of their sending. Pure.
 *
 * Called by the receiving side of `burstwire perf --datagrams`. Jitter is that of RFC 3550 section 6.4.1 (appendix A.8): the clocks of
 * both sides need not agree. Invariant: received never exceeds what was sent, since the transport lets no packet in twice.
 */

/** Number (4 bytes, little endian), then the time of sending in microseconds (8 bytes, float64). */
export const HEADER_BYTES = 12;
const JITTER_GAIN = 1 / 16;

export interface DatagramTotals {
  readonly received: number;
  readonly bytes: number;
  readonly outOfOrder: number;
  readonly jitterUs: number;
}

export class DatagramCounts {
  received = 0;
  bytes = 0;
  outOfOrder = 0;
  jitterUs = 0;
  /** The highest number that came; -1: none. */
  highest = -1;
  private lastTransitUs = Number.NaN;

  /** Counts one. Too short for the header: not one of ours. */
  take(bytes: Uint8Array, nowUs: number): void {
    if (bytes.byteLength < HEADER_BYTES) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const number = view.getUint32(0, true);
    this.received++;
    this.bytes += bytes.byteLength;
    if (number > this.highest) this.highest = number;
    else this.outOfOrder++;
    const transitUs = nowUs - view.getFloat64(4, true);
    const difference = Math.abs(transitUs - this.lastTransitUs);
    // Not a number at the first one, or of a peer that sends no time.
    if (Number.isFinite(difference)) this.jitterUs += (difference - this.jitterUs) * JITTER_GAIN;
    if (Number.isFinite(transitUs)) this.lastTransitUs = transitUs;
  }
}

export function writeHeader(bytes: Buffer, number: number, nowUs: number): void {
  bytes.writeUInt32LE(number >>> 0, 0);
  bytes.writeDoubleLE(nowUs, 4);
}

/** The figures of several connections as one: counts are added, jitter is the mean of those that have received. */
export function sumCounts(all: readonly DatagramCounts[]): DatagramTotals {
  const busy = all.filter((one) => one.received > 0);
  const sum = (pick: (one: DatagramCounts) => number): number =>
    busy.reduce((total, one) => total + pick(one), 0);
  return {
    received: sum((one) => one.received),
    bytes: sum((one) => one.bytes),
    outOfOrder: sum((one) => one.outOfOrder),
    jitterUs: busy.length === 0 ? 0 : sum((one) => one.jitterUs) / busy.length,
  };
}
