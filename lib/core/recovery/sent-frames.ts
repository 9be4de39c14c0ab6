/**
 * Which frames the packets in flight have carried: a ring of columns, four numbers a frame.
 *
 * It knows no packets: each of those knows where its frames begin and how many they are. It decides nothing about a
 * frame; the owner hears of it through FrameHandler. Called by sent-packets.ts; the kinds are read by all owners.
 *
 * Invariant: frames come in with `record`, become permanent with `commit`, leave in the same order with `release`; the
 * counters `tail` and `head` run on modulo 2^30, of which every capacity is a divisor.
 */

import { SENT_STREAM } from '../wire/sent-kinds.js';
import type { StreamRun } from '../wire/stream-run.js';
import { Spares } from './spares.js';

/** Who hears of the fate of frames. Both methods may be called many times a packet; neither may call back. */
export interface FrameHandler {
  /** The peer has it. `kind`, `id`, `offset` and `length` are as recorded; touching stream frames come as one. */
  onFrameAcked(kind: number, id: number, offset: number, length: number): void;
  /** Its packet counts as lost: send what it said again where that still matters. */
  onFrameLost(kind: number, id: number, offset: number, length: number): void;
}

/** Entries of the first ring that holds any, and at most. */
const FIRST_CAPACITY = 8;
const LARGEST_CAPACITY = 2 ** 20;
/** More than the frames of any one packet: a datagram of 65,507 bytes full of 3-byte frames has 21,836. */
const ONE_PACKET = 2 ** 15;
/** Counters stay small integers. */
export const COUNTER_MASK = 0x3fff_ffff;

class Columns {
  readonly kinds: Uint8Array;
  readonly ids: Float64Array;
  readonly offsets: Float64Array;
  readonly lengths: Int32Array;
  readonly capacity: number;

  constructor(capacity: number) {
    this.kinds = new Uint8Array(capacity);
    this.ids = new Float64Array(capacity);
    this.offsets = new Float64Array(capacity);
    this.lengths = new Int32Array(capacity);
    this.capacity = capacity;
  }
}

const NONE = new Columns(0);
const spares = new Spares(FIRST_CAPACITY, (capacity) => new Columns(capacity));

export class SentFrames {
  /** Columns; the entry of counter value c is at index `c & mask`. Replaced when the ring grows or is folded. */
  kinds = NONE.kinds;
  ids = NONE.ids;
  offsets = NONE.offsets;
  lengths = NONE.lengths;
  mask = -1;
  /** Counter value behind the last committed frame. */
  head = 0;
  /** Frames recorded behind `head` and not yet committed. */
  pending = 0;
  #tail = 0;
  #columns = NONE;

  /** Entries that the ring has; grows until it is folded. */
  get capacity(): number {
    return this.mask + 1;
  }

  /** Entries in use. */
  get length(): number {
    return ((this.head - this.#tail) & COUNTER_MASK) + this.pending;
  }

  /** Whether the frames of one more packet could be too many. */
  get isFull(): boolean {
    return this.length > LARGEST_CAPACITY - ONE_PACKET;
  }

  /** Notes a frame of the packet that is being built. `kind` is 1 to 255, `length` below 2^31. */
  record(kind: number, id: number, offset: number, length: number): void {
    if (((this.head - this.#tail) & COUNTER_MASK) + this.pending > this.mask) this.#grow();
    const at = (this.head + this.pending) & this.mask;
    this.kinds[at] = kind;
    this.ids[at] = id;
    this.offsets[at] = offset;
    this.lengths[at] = length;
    this.pending++;
  }

  /** How many more frames there is room for as the ring is, up to where it counts as full. */
  get runMost(): number {
    const { length } = this;
    return Math.min(this.mask + 1 - length, LARGEST_CAPACITY - ONE_PACKET + 1 - length);
  }

  /** The frames of a run, each of a packet of its own: recorded and committed. There must be room. */
  commitRun(run: StreamRun): void {
    const { kinds, ids, offsets, lengths, mask, head } = this;
    const { count, id, dataBytes } = run;
    let offset = run.offset;
    for (let index = 0; index < count; index++) {
      const at = (head + index) & mask;
      kinds[at] = SENT_STREAM;
      ids[at] = id;
      offsets[at] = offset;
      lengths[at] = dataBytes;
      offset += dataBytes;
    }
    this.head = (head + count) & COUNTER_MASK;
  }

  /** The recorded frames belong to a packet now: they begin at counter value `head` as it was before. */
  commit(): void {
    this.head = (this.head + this.pending) & COUNTER_MASK;
    this.pending = 0;
  }

  /** Forgets the recorded frames that were not committed. */
  abandon(): void {
    this.pending = 0;
  }

  /** Frees all entries in front of counter value `start`. */
  release(start: number): void {
    this.#tail = start;
  }

  /** Gives up all memory. Only when nothing is in use. */
  fold(): void {
    spares.put(this.#columns);
    this.#use(NONE);
  }

  #grow(): void {
    const capacity = this.capacity * 2 || FIRST_CAPACITY;
    if (capacity > LARGEST_CAPACITY) {
      throw new RangeError(`more than ${LARGEST_CAPACITY} frames are in flight`);
    }
    const columns = spares.take(capacity);
    const { kinds, ids, offsets, lengths } = columns;
    const count = this.length;
    for (let index = 0; index < count; index++) {
      const from = (this.#tail + index) & this.mask;
      const to = (this.#tail + index) & (capacity - 1);
      kinds[to] = this.kinds[from];
      ids[to] = this.ids[from];
      offsets[to] = this.offsets[from];
      lengths[to] = this.lengths[from];
    }
    spares.put(this.#columns);
    this.#use(columns);
  }

  #use(columns: Columns): void {
    this.#columns = columns;
    this.kinds = columns.kinds;
    this.ids = columns.ids;
    this.offsets = columns.offsets;
    this.lengths = columns.lengths;
    this.mask = columns.capacity - 1;
  }
}
