/**
 * A Recovery with a recorder of what it reports, and short words for what the tests do with it.
 */

import type { Random } from '../../../../lib/core/ports.js';
import { type FrameHandler, Recovery } from '../../../../lib/core/recovery/recovery.js';

/** Chance with a seed (xorshift32). */
export function seededRandom(
  seed: number,
): Random & { next(): number; below(limit: number): number } {
  // Seeds that lie close together must not give sequences that do.
  let state = Math.imul(seed, 0x9e37_79b1) || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    fill: (bytes) => {
      for (let index = 0; index < bytes.length; index++) bytes[index] = next() * 256;
    },
  };
}

/** Writes down each report as a line: `kind id offset+length`. */
export class Recorder implements FrameHandler {
  acked: string[] = [];
  lost: string[] = [];

  onFrameAcked(kind: number, id: number, offset: number, length: number): void {
    this.acked.push(`${kind} ${id} ${offset}+${length}`);
  }

  onFrameLost(kind: number, id: number, offset: number, length: number): void {
    this.lost.push(`${kind} ${id} ${offset}+${length}`);
  }
}

/** [smallest, largest] pairs, in any order, as an ACK frame has them. */
export function rangesOf(...pairs: readonly (readonly [number, number])[]): Float64Array {
  const descending = [...pairs].sort((left, right) => right[1] - left[1]);
  return Float64Array.from(descending.flat());
}

/** The ranges of a set of numbers. */
export function rangesOfNumbers(numbers: Iterable<number>): Float64Array {
  const sorted = [...new Set(numbers)].sort((left, right) => left - right);
  const pairs: [number, number][] = [];
  for (const number of sorted) {
    const last = pairs.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else pairs.push([number, number]);
  }
  return rangesOf(...pairs);
}

export interface SendOptions {
  readonly bytes?: number;
  readonly isAckEliciting?: boolean;
  readonly isProbe?: boolean;
  readonly isEct?: boolean;
  readonly frames?: readonly (readonly [
    kind: number,
    id: number,
    offset: number,
    length: number,
  ])[];
}

/** Skips no numbers unless told to. */
export class Harness {
  readonly recovery: Recovery;
  readonly recorder = new Recorder();
  nowUs = 1_000_000;

  constructor(
    options: {
      readonly skipPeriod?: number;
      readonly seed?: number;
      readonly samplesDelivery?: boolean;
    } = {},
  ) {
    this.recovery = new Recovery({
      random: seededRandom(options.seed ?? 1),
      skipPeriod: options.skipPeriod ?? Number.POSITIVE_INFINITY,
      samplesDelivery: options.samplesDelivery ?? false,
    });
  }

  /** Sends one packet and returns its number. */
  send(options: SendOptions = {}): number {
    const { recovery } = this;
    const number = recovery.nextPacketNumber;
    recovery.beginPacket();
    for (const [kind, id, offset, length] of options.frames ?? []) {
      recovery.recordFrame(kind, id, offset, length);
    }
    recovery.commitPacket(
      this.nowUs,
      options.bytes ?? 1200,
      options.isAckEliciting ?? true,
      options.isProbe ?? false,
      options.isEct ?? false,
    );
    return number;
  }

  sendMany(count: number, options: SendOptions = {}): void {
    for (let index = 0; index < count; index++) this.send(options);
  }

  /** An ACK of these ranges; the error code. */
  ack(...pairs: readonly (readonly [number, number])[]): number {
    return this.ackDelayed(0, ...pairs);
  }

  ackDelayed(delayUs: number, ...pairs: readonly (readonly [number, number])[]): number {
    const ranges = rangesOf(...pairs);
    return this.recovery.onAck(ranges, pairs.length, delayUs, this.nowUs, this.recorder);
  }

  ackNumbers(numbers: Iterable<number>): number {
    const ranges = rangesOfNumbers(numbers);
    return this.recovery.onAck(ranges, ranges.length / 2, 0, this.nowUs, this.recorder);
  }

  /** A round trip of that long, so that later times are known. Uses one packet. */
  sampleRtt(rttUs: number): void {
    const number = this.send();
    this.nowUs += rttUs;
    this.ack([number, number]);
  }

  /** Goes to the deadline and does what is due. */
  fireTimer(): number {
    this.nowUs = Math.max(this.nowUs, this.recovery.deadlineUs);
    return this.recovery.onTimer(this.nowUs, this.recorder);
  }

  /** Everything that an ACK may change, for comparisons. */
  snapshot(): unknown {
    const { recovery } = this;
    const fields: Record<string, unknown> = { ...recovery };
    return structuredClone({
      ...fields,
      rtt: { ...recovery.rtt },
      bytesInFlight: recovery.bytesInFlight,
      ackElicitingInFlight: recovery.ackElicitingInFlight,
      oldestUnacked: recovery.oldestUnacked,
      largestAcked: recovery.largestAcked,
      nextPacketNumber: recovery.nextPacketNumber,
      deadlineUs: recovery.deadlineUs,
      ptoCount: recovery.ptoCount,
      packetsLost: recovery.packetsLost,
      capacities: recovery.capacities,
      reports: [this.recorder.acked.length, this.recorder.lost.length],
    });
  }
}
