/**
 * The packets that were sent and whose fate is not yet settled: a ring of columns, indexed by packet number.
 *
 * It keeps the books (bytes in flight, counts, places in the ring) and judges nothing: acknowledgement.ts and
 * loss-detection.ts change the state of entries. A number that was left out on purpose has an entry too. Used by
 * recovery.ts and its parts.
 *
 * Invariants: `first <= oldest <= next`; whatever is outstanding has a number in [oldest, next); below `oldest` there
 * are only acknowledged, lost and skipped ones; `bytesInFlight` is the sum of the bytes of outstanding ack-eliciting
 * packets. A packet of ours is in flight exactly when it is ack-eliciting: PADDING never goes without a PING.
 */

import type { StreamRun } from '../wire/stream-run.js';
import type { DeliveryRate } from './delivery-rate.js';
import { LostPackets } from './lost-packets.js';
import {
  COUNTER_MASK as FRAME_COUNTER_MASK,
  type FrameHandler,
  SentFrames,
} from './sent-frames.js';
import { Spares } from './spares.js';

/** The state of an entry: two bits of its flags. */
export const STATE_MASK = 3;
export const OUTSTANDING = 0;
export const ACKED = 1;
export const LOST = 2;
export const SKIPPED = 3;
/** In flight, too: see above. */
export const ACK_ELICITING = 4;
/** Larger than the path is known to carry (RFC 8899): its loss is no sign of congestion. */
export const MTU_PROBE = 8;
/** Marked ECT(0). */
export const ECT = 16;
/** Its frames were handed back for a probe: they are not reported as lost once more. */
export const REQUEUED = 32;

const FIRST_CAPACITY = 8;
/** Entries at most: 190 MB of full packets in flight. */
export const SENT_PACKETS_MAX = 2 ** 17;
/** Of these for the packets that must be sent although it is full: probes, CONNECTION_CLOSE. */
const RESERVED = 1024;

class Columns {
  readonly sentUs: Float64Array;
  readonly bytes: Int32Array;
  readonly flags: Uint8Array;
  readonly frameStart: Int32Array;
  readonly frameCount: Uint16Array;
  readonly capacity: number;

  constructor(capacity: number) {
    this.sentUs = new Float64Array(capacity);
    this.bytes = new Int32Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.frameStart = new Int32Array(capacity);
    this.frameCount = new Uint16Array(capacity);
    this.capacity = capacity;
  }
}

/** Of a ring without entries, which all rings begin with: an idle connection has none. */
const NONE = new Columns(0);
const spares = new Spares(FIRST_CAPACITY, (capacity) => new Columns(capacity));

export class SentPackets {
  /** Columns; packet n is at index `n & mask`. Replaced when the ring grows, and when it is folded. */
  sentUs = NONE.sentUs;
  /** Bytes of the datagram. */
  bytes = NONE.bytes;
  flags = NONE.flags;
  /** Counter value of the packet's first frame, and how many there are. */
  frameStart = NONE.frameStart;
  frameCount = NONE.frameCount;
  mask = -1;
  readonly frames = new SentFrames();
  /** Lost ones that are remembered, for the case that their acknowledgement is only late. */
  readonly lost = new LostPackets();
  /** Its own columns, for a controller that asks for it. */
  delivery: DeliveryRate | undefined = undefined;
  /** First number that has an entry. */
  first = 0;
  /** First number that may be outstanding. */
  oldest = 0;
  /** Number of the next packet. */
  next = 0;
  bytesInFlight = 0;
  /** Outstanding ack-eliciting packets, and how many of them are MTU probes. */
  elicitingInFlight = 0;
  probesInFlight = 0;
  #columns = NONE;

  /** Entries that the ring has; grows until it is folded. */
  get capacity(): number {
    return this.mask + 1;
  }

  /** Whether no further packet should be sent before some are settled (R6). */
  get isFull(): boolean {
    return this.next - this.oldest > SENT_PACKETS_MAX - RESERVED || this.frames.isFull;
  }

  /** Whether there is no place left for even one. */
  get isExhausted(): boolean {
    // Two entries: the packet, and the number that may be left out behind it.
    return this.next - this.oldest > SENT_PACKETS_MAX - 2 || this.frames.isFull;
  }

  /** Enters a packet with the frames that were recorded. `flags`: ACK_ELICITING, MTU_PROBE, ECT. */
  push(nowUs: number, bytes: number, flags: number): void {
    if (this.next - this.first > this.mask) this.#makeRoom();
    const { frames } = this;
    const at = this.next & this.mask;
    this.sentUs[at] = nowUs;
    this.bytes[at] = bytes;
    this.flags[at] = flags;
    this.frameStart[at] = frames.head;
    this.frameCount[at] = frames.pending;
    frames.commit();
    this.next++;
    if ((flags & ACK_ELICITING) === 0) {
      this.delivery?.onSent(at, nowUs, 0, this.bytesInFlight);
      return;
    }
    this.bytesInFlight += bytes;
    this.delivery?.onSent(at, nowUs, bytes, this.bytesInFlight);
    this.elicitingInFlight++;
    if ((flags & MTU_PROBE) !== 0) this.probesInFlight++;
  }

  /** How many more packets of a frame each there is room for as the rings are, up to where they count as full. */
  get runMost(): number {
    // What samples delivery wants to hear of each.
    if (this.delivery !== undefined) return 0;
    const free = this.mask + 1 - (this.next - this.first);
    const unsettled = SENT_PACKETS_MAX - RESERVED + 1 - (this.next - this.oldest);
    return Math.min(free, unsettled, this.frames.runMost);
  }

  /** Enters ack-eliciting packets of `bytes` each, with the frames of a run. There must be room. */
  pushRun(run: StreamRun, nowUs: number, bytes: number, flags: number): void {
    const { sentUs, frameStart, frameCount, mask, next, frames } = this;
    const { count } = run;
    for (let index = 0; index < count; index++) {
      const at = (next + index) & mask;
      sentUs[at] = nowUs;
      this.bytes[at] = bytes;
      this.flags[at] = flags;
      frameStart[at] = (frames.head + index) & FRAME_COUNTER_MASK;
      frameCount[at] = 1;
    }
    frames.commitRun(run);
    this.next = next + count;
    this.bytesInFlight += count * bytes;
    this.elicitingInFlight += count;
  }

  /** Leaves out the next number (R18). */
  skip(nowUs: number): void {
    this.push(nowUs, 0, SKIPPED);
  }

  /** Gives up the entries that nobody will ask for again. After every change of `oldest` or of what is remembered. */
  release(): void {
    const first = this.lost.count > 0 ? this.lost.first : this.oldest;
    if (first === this.first) return;
    this.first = first;
    const { frames } = this;
    frames.release(first === this.next ? frames.head : this.frameStart[first & this.mask]);
  }

  /**
   * Gives up all memory, if nothing ack-eliciting is outstanding: what else there is, nobody has to acknowledge. What is
   * remembered of lost packets is forgotten.
   */
  fold(): boolean {
    if (this.elicitingInFlight > 0 || this.frames.pending > 0) return false;
    this.oldest = this.next;
    this.lost.fold();
    this.release();
    spares.put(this.#columns);
    this.#use(NONE);
    this.frames.fold();
    this.delivery?.resize(0, this.next, this.next);
    return true;
  }

  /**
   * Folds rings that never grew beyond their first size: those cost nothing to make again. True when there is nothing
   * left to fold.
   */
  foldFirst(): boolean {
    const { frames, lost } = this;
    if (this.mask < 0 && frames.mask < 0) return lost.capacity === 0;
    const isFirst = this.capacity <= FIRST_CAPACITY && frames.capacity <= FIRST_CAPACITY;
    const hasMore = lost.capacity > 0 || this.delivery !== undefined;
    return isFirst && !hasMore && this.fold();
  }

  /** Tells the owners of the frames of the packet at ring index `at` that they are lost. */
  reportLost(at: number, handler: FrameHandler): void {
    const { kinds, ids, offsets, lengths, mask } = this.frames;
    const end = this.frameStart[at] + this.frameCount[at];
    for (let frame = this.frameStart[at]; frame < end; frame++) {
      const place = frame & mask;
      handler.onFrameLost(kinds[place], ids[place], offsets[place], lengths[place]);
    }
  }

  #makeRoom(): void {
    if (this.capacity < SENT_PACKETS_MAX) {
      this.#grow();
      return;
    }
    if (this.lost.count === 0) {
      throw new RangeError(`packet ${this.next}: ${this.capacity} packets are not yet settled`);
    }
    // What is remembered of lost packets is a courtesy: it gives way.
    this.lost.forgetFirst();
    this.release();
  }

  #grow(): void {
    const capacity = this.capacity * 2 || FIRST_CAPACITY;
    const columns = spares.take(capacity);
    const { sentUs, bytes, flags, frameStart, frameCount } = columns;
    for (let number = this.first; number < this.next; number++) {
      const from = number & this.mask;
      const to = number & (capacity - 1);
      sentUs[to] = this.sentUs[from];
      bytes[to] = this.bytes[from];
      flags[to] = this.flags[from];
      frameStart[to] = this.frameStart[from];
      frameCount[to] = this.frameCount[from];
    }
    spares.put(this.#columns);
    this.#use(columns);
    this.delivery?.resize(capacity, this.first, this.next);
  }

  #use(columns: Columns): void {
    this.#columns = columns;
    this.sentUs = columns.sentUs;
    this.bytes = columns.bytes;
    this.flags = columns.flags;
    this.frameStart = columns.frameStart;
    this.frameCount = columns.frameCount;
    this.mask = columns.capacity - 1;
  }
}
