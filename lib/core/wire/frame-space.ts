/**
 * The packet that is being built, as the owners of frames see it: room for bytes, and a note of each frame.
 *
 * A type only. `connection/packet-builder` implements it; streams, datagrams and the others write into it.
 *
 * Invariant: whoever writes a frame advances `at` behind it, never beyond `end`, and records it when its loss or its
 * acknowledgement matters.
 */

export interface FrameSpace {
  /** The slab. Write at `at` and behind, below `end`. */
  readonly bytes: Uint8Array;
  /** Where the next frame begins. */
  at: number;
  /** Where the payload ends (the tag follows). */
  readonly end: number;
  /**
   * Notes a frame for recovery: when the packet is acknowledged or lost, its owner hears of it with the same four
   * numbers. `kind` is a SENT_* of recovery/sent-frames; what `id`, `offset` and `length` mean is the owner's.
   * Recording makes the packet ack-eliciting.
   */
  record(kind: number, id: number, offset: number, length: number): void;
  /**
   * The last `byteLength` bytes of the payload are copied from `source` when the packet is sealed: no copy now. Advances
   * `at`; the packet is complete with it (`at === end` afterwards, or the caller stops there). At most once a packet.
   */
  gather(source: Uint8Array, sourceOffset: number, byteLength: number): void;
}
