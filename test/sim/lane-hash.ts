/**
 * A fast keyed hash of bytes: four independent lanes of 32 bits. For traces and for a checksum that stands for a tag.
 *
 * Not for secrets. Each step is a bijection of the lane for a given word, and of the word for a given lane: bytes that
 * differ in one word never have the same hash.
 *
 * Invariant: the same key and the same bytes give the same lanes.
 */

const FIRST = 0x9e3779b1;
const SECOND = 0x85ebca77;

export class LaneHash {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** Begins anew, with four words of key. */
  begin(a: number, b: number, c: number, d: number): void {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#d = d | 0;
  }

  word(value: number): void {
    this.#a = step(this.#a, value);
    this.#d = step(this.#d, this.#a);
  }

  /** A double, whole or not. */
  number(value: number): void {
    const whole = Math.floor(value);
    this.word(whole);
    this.word(whole / 2 ** 32);
    this.word((value - whole) * 2 ** 32);
  }

  bytes(view: DataView, offset: number, length: number): void {
    const end = offset + length;
    const wholeEnd = end - (length % 16);
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    for (let at = offset; at < wholeEnd; at += 16) {
      a = step(a, view.getInt32(at, true));
      b = step(b, view.getInt32(at + 4, true));
      c = step(c, view.getInt32(at + 8, true));
      d = step(d, view.getInt32(at + 12, true));
    }
    for (let at = wholeEnd; at < end; at++) {
      const last = step(a, view.getUint8(at));
      a = b;
      b = c;
      c = d;
      d = last;
    }
    this.#a = step(a, length);
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** Lets every lane depend on every other. */
  finish(): void {
    for (let round = 0; round < 2; round++) {
      this.#a = step(this.#a, this.#d);
      this.#b = step(this.#b, this.#a);
      this.#c = step(this.#c, this.#b);
      this.#d = step(this.#d, this.#c);
    }
  }

  /** The 16 bytes, as they are now. */
  write(view: DataView, at: number): void {
    view.setInt32(at, this.#a, true);
    view.setInt32(at + 4, this.#b, true);
    view.setInt32(at + 8, this.#c, true);
    view.setInt32(at + 12, this.#d, true);
  }

  isAt(view: DataView, at: number): boolean {
    return (
      view.getInt32(at, true) === this.#a &&
      view.getInt32(at + 4, true) === this.#b &&
      view.getInt32(at + 8, true) === this.#c &&
      view.getInt32(at + 12, true) === this.#d
    );
  }

  /** Sixteen hexadecimal digits. */
  toString(): string {
    const digits = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return digits(this.#a ^ this.#c) + digits(this.#b ^ this.#d);
  }
}

function step(lane: number, word: number): number {
  const mixed = Math.imul(lane ^ word, FIRST);
  return (Math.imul((mixed << 13) | (mixed >>> 19), SECOND) + 0x165667b1) | 0;
}
