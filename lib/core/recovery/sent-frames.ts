/**
 * Which frames the packets in flight have carried: a ring of columns, four numbers a frame.
 *
 * It knows no packets: each of those knows where its frames begin and how many they are. It decides nothing about a
 * frame; the owner hears of it through FrameHandler. Called by sent-packets.ts; the kinds are read by all owners.
 *
 * Invariant: frames come in with `record`, become permanent with `commit`, leave in the same order with `release`; the
 * counters `tail` and `head` run on modulo 2^30, of which every capacity is a divisor.
 */

/** Who hears of the fate of frames. Both methods may be called many times a packet; neither may call back. */
export interface FrameHandler {
  /** The peer has it. `kind`, `id`, `offset` and `length` are as recorded; touching stream frames come as one. */
  onFrameAcked(kind: number, id: number, offset: number, length: number): void;
  /** Its packet counts as lost: send what it said again where that still matters. */
  onFrameLost(kind: number, id: number, offset: number, length: number): void;
}

/** Entries of the first ring that holds any, and at most. */
const FIRST_CAPACITY = 8;
/** The columns of a ring without entries. */
const NO_DOUBLES = new Float64Array(0);
const NO_INTS = new Int32Array(0);
const NO_BYTES = new Uint8Array(0);
const LARGEST_CAPACITY = 2 ** 20;
/** More than the frames of any one packet: a datagram of 65,507 bytes full of 3-byte frames has 21,836. */
const ONE_PACKET = 2 ** 15;
/** Counters stay small integers. */
const COUNTER_MASK = 0x3fff_ffff;

export class SentFrames {
  /** Columns; the entry of counter value c is at index `c & mask`. Replaced when the ring grows or is folded. */
  kinds: Uint8Array = NO_BYTES;
  ids: Float64Array = NO_DOUBLES;
  offsets: Float64Array = NO_DOUBLES;
  lengths: Int32Array = NO_INTS;
  mask = -1;
  /** Counter value behind the last committed frame. */
  head = 0;
  /** Frames recorded behind `head` and not yet committed. */
  pending = 0;
  #tail = 0;

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
    this.kinds = NO_BYTES;
    this.ids = NO_DOUBLES;
    this.offsets = NO_DOUBLES;
    this.lengths = NO_INTS;
    this.mask = -1;
  }

  #grow(): void {
    const capacity = this.capacity * 2 || FIRST_CAPACITY;
    if (capacity > LARGEST_CAPACITY) {
      throw new RangeError(`more than ${LARGEST_CAPACITY} frames are in flight`);
    }
    const kinds = new Uint8Array(capacity);
    const ids = new Float64Array(capacity);
    const offsets = new Float64Array(capacity);
    const lengths = new Int32Array(capacity);
    const count = this.length;
    for (let index = 0; index < count; index++) {
      const from = (this.#tail + index) & this.mask;
      const to = (this.#tail + index) & (capacity - 1);
      kinds[to] = this.kinds[from];
      ids[to] = this.ids[from];
      offsets[to] = this.offsets[from];
      lengths[to] = this.lengths[from];
    }
    this.kinds = kinds;
    this.ids = ids;
    this.offsets = offsets;
    this.lengths = lengths;
    this.mask = capacity - 1;
  }
}
