/**
 * What an ACK frame does to the packets it names: checks the frame, settles the packets, tells the owners of frames.
 *
 * Round trip times, losses and timers are not done here. Called by recovery.ts.
 *
 * Invariants: `checkAck` changes nothing; a packet is settled once, so an ACK that is repeated or late does nothing.
 */

import { FRAME_ENCODING_ERROR, NO_ERROR, PROTOCOL_VIOLATION } from '../error-codes.js';
import { SENT_STREAM } from '../wire/sent-kinds.js';
import type { Outcome } from './outcome.js';
import type { FrameHandler } from './sent-frames.js';
import {
  ACK_ELICITING,
  ACKED,
  ECT,
  LOST,
  MTU_PROBE,
  OUTSTANDING,
  type SentPackets,
  STATE_MASK,
} from './sent-packets.js';
import type { SkippedNumbers } from './skipped-numbers.js';

/**
 * Whether the ranges ([smallest, largest] pairs, descending) may be an ACK of ours: 0 or an error code (R4). The reader
 * of frames makes no others; what it costs to look again is little, what a wrong one would do here is much.
 */
export function checkAck(
  ranges: Float64Array,
  rangeCount: number,
  nextNumber: number,
  skipped: SkippedNumbers,
): number {
  if (rangeCount < 1) return FRAME_ENCODING_ERROR;
  if (!(ranges[1] < nextNumber)) return PROTOCOL_VIOLATION;
  let below = Number.POSITIVE_INFINITY;
  for (let index = 0; index < 2 * rangeCount; index += 2) {
    const smallest = ranges[index];
    const largest = ranges[index + 1];
    // At least one number lies between two ranges.
    if (!(smallest >= 0 && smallest <= largest && largest < below - 1)) return FRAME_ENCODING_ERROR;
    below = smallest;
  }
  return skipped.isClaimed(ranges, rangeCount) ? PROTOCOL_VIOLATION : NO_ERROR;
}

/**
 * Settles the outstanding packets from `smallest` (not below `packets.oldest`) to `largest`, lowest first. Stream
 * frames that continue each other are reported as one (R5).
 */
export function acknowledgeOutstanding(
  packets: SentPackets,
  smallest: number,
  largest: number,
  outcome: Outcome,
  handler: FrameHandler,
): void {
  const { flags, bytes, frameStart, frameCount, mask, frames } = packets;
  const { kinds, ids, offsets, lengths, mask: frameMask } = frames;
  let kind = 0;
  let id = 0;
  let offset = 0;
  let length = 0;
  let ackedBytes = 0;
  let ackedPackets = 0;
  let ackedEct = 0;
  let largestBytes = outcome.largestAckedBytes;
  let first = -1;
  let last = -1;
  let at = smallest & mask;
  for (let left = largest - smallest + 1; left > 0; left--, at = (at + 1) & mask) {
    const flag = flags[at];
    if ((flag & STATE_MASK) !== OUTSTANDING) continue;
    flags[at] = flag | ACKED;
    if (first < 0) first = left;
    last = left;
    if ((flag & ACK_ELICITING) !== 0) {
      const size = bytes[at];
      ackedBytes += size;
      ackedPackets++;
      if (size > largestBytes) largestBytes = size;
      if ((flag & ECT) !== 0) ackedEct++;
      if ((flag & MTU_PROBE) !== 0) probeAcked(packets, largest - left + 1, outcome);
    }
    const end = frameStart[at] + frameCount[at];
    for (let frame = frameStart[at]; frame < end; frame++) {
      const place = frame & frameMask;
      const nextKind = kinds[place];
      if (
        nextKind === SENT_STREAM &&
        kind === SENT_STREAM &&
        ids[place] === id &&
        offsets[place] === offset + length
      ) {
        length += lengths[place];
        continue;
      }
      if (kind !== 0) handler.onFrameAcked(kind, id, offset, length);
      kind = nextKind;
      id = ids[place];
      offset = offsets[place];
      length = lengths[place];
    }
  }
  if (kind !== 0) handler.onFrameAcked(kind, id, offset, length);
  if (last < 0) return;
  packets.bytesInFlight -= ackedBytes;
  packets.elicitingInFlight -= ackedPackets;
  outcome.ackedBytes += ackedBytes;
  outcome.ackedPackets += ackedPackets;
  outcome.ackedEliciting += ackedPackets;
  outcome.ackedEct += ackedEct;
  outcome.largestAckedBytes = largestBytes;
  outcome.smallestAckedNumber = Math.min(outcome.smallestAckedNumber, largest - first + 1);
  outcome.largestAckedNumber = largest - last + 1;
  outcome.largestAckedSentUs = packets.sentUs[outcome.largestAckedNumber & mask];
}

function probeAcked(packets: SentPackets, number: number, outcome: Outcome): void {
  packets.probesInFlight--;
  outcome.probeAcked = number;
}

/**
 * Settles remembered lost packets from `smallest` to `largest` whose ACK has come after all (R10). They are in flight
 * no more, so no byte count moves. Returns how many there were.
 */
export function acknowledgeLost(
  packets: SentPackets,
  smallest: number,
  largest: number,
  outcome: Outcome,
  handler: FrameHandler,
): number {
  const { lost, frames, mask } = packets;
  const from = lost.find(smallest);
  let to = from;
  for (; to < lost.count && lost.at(to) <= largest; to++) {
    const number = lost.at(to);
    const at = number & mask;
    const flag = packets.flags[at];
    packets.flags[at] = (flag & ~LOST) | ACKED;
    outcome.ackedEliciting++;
    outcome.revivedPackets++;
    outcome.revivedBytes += packets.bytes[at];
    if ((flag & ECT) !== 0) outcome.ackedEct++;
    if ((flag & MTU_PROBE) !== 0) outcome.probeAcked = number;
    const start = packets.frameStart[at];
    for (let frame = start; frame < start + packets.frameCount[at]; frame++) {
      const place = frame & frames.mask;
      handler.onFrameAcked(
        frames.kinds[place],
        frames.ids[place],
        frames.offsets[place],
        frames.lengths[place],
      );
    }
  }
  if (to > from) lost.remove(from, to);
  return to - from;
}
