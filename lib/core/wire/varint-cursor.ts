/**
 * A position in the payload of a packet, and the varint that is there (RFC 9000 section 16; wire-format.md F2).
 *
 * It knows no frames. FrameReader is one of these, so that a field costs no more than a few compares.
 *
 * Invariant: nothing outside [at, end) is read, and `at` only goes forward, never beyond `end`.
 */

/** What a cursor looks at before the first `move`. */
const NO_BYTES = new Uint8Array(0);

/** A varint that is cut off, or above 2^53 - 1. All others are 0 or more. */
export const NO_VARINT = -1;

/** What `#longVarint` returns for a value in `#wide`. */
const WIDE = -2;

export class VarintCursor {
  /** The value of an 8-byte form. Numbers above 2^31 that a function returns are allocated; from here they are not. */
  readonly #wide = new Float64Array(1);
  protected bytes: Uint8Array = NO_BYTES;
  /** Where the next byte is read. Read only outside of the reader. */
  at = 0;
  protected end = 0;

  /** Goes to [at, end) of `bytes`, which are borrowed. Throws RangeError for what is no range of them. */
  protected move(bytes: Uint8Array, at: number, end: number): void {
    if (at >>> 0 !== at || end >>> 0 !== end || at > end || end > bytes.length) {
      throw new RangeError(`no range of ${bytes.length} bytes: [${at}, ${end})`);
    }
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** The varint at `at`, which moves behind it; NO_VARINT otherwise, and `at` is nowhere in particular. */
  protected varint(): number {
    const at = this.at;
    if (at < this.end) {
      const first = this.bytes[at];
      if (first < 0x40) {
        this.at = at + 1;
        return first;
      }
    }
    // `| 0` tells the compiler that this is no object: else it makes one of the wide value.
    const value = this.#longVarint(at) | 0;
    return value === WIDE ? this.#wide[0] : value;
  }

  /** The 2-, 4- and 8-byte forms; WIDE after the last. A value in a longer form than it needs is taken. */
  #longVarint(at: number): number {
    const bytes = this.bytes;
    if (at >= this.end) return NO_VARINT;
    const first = bytes[at];
    const next = at + (1 << (first >> 6));
    if (next > this.end) return NO_VARINT;
    this.at = next;
    if (first < 0x80) return ((first & 0x3f) << 8) | bytes[at + 1];
    const high =
      ((first & 0x3f) << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    if (first < 0xc0) return high;
    if (high > 0x1f_ffff) return NO_VARINT;
    const low =
      (bytes[at + 4] << 24) | (bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7];
    this.#wide[0] = high * 0x1_0000_0000 + (low >>> 0);
    return WIDE;
  }
}
