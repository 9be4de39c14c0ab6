/**
 * Frames as plain objects: a slow reference decoder written from docs/wire-format.md, and what a FrameReader says in
 * the same words.
 */

import type { FrameReader } from '../../lib/core/wire/frame-reader.js';

export interface Frame {
  readonly type: number;
  readonly numbers?: readonly number[];
  readonly ranges?: readonly (readonly [number, number])[];
  readonly fin?: boolean;
  readonly data?: readonly number[];
}

export interface Decoded {
  readonly frames: readonly Frame[];
  readonly isMalformed: boolean;
}

/** Bytes that fail when anything outside [at, end) is read. */
export function guarded(bytes: Uint8Array, at: number, end: number): Uint8Array {
  return new Proxy(bytes, {
    get(target, key) {
      const index = typeof key === 'string' && /^-?\d/.test(key) ? Number(key) : undefined;
      if (index !== undefined && !(index >= at && index < end)) {
        throw new Error(`read ${index} outside of [${at}, ${end})`);
      }
      return Reflect.get(target, key, target);
    },
  });
}

class Malformed extends Error {}

/** A payload as a queue of bytes. */
class Queue {
  readonly #bytes: number[];

  constructor(bytes: readonly number[]) {
    this.#bytes = [...bytes];
  }

  get length(): number {
    return this.#bytes.length;
  }

  take(count: number): number[] {
    if (count > this.#bytes.length) throw new Malformed();
    return this.#bytes.splice(0, count);
  }

  varint(): number {
    const [first] = this.take(1);
    const rest = this.take(2 ** (first >> 6) - 1);
    const value = rest.reduce((sum, byte) => (sum << 8n) | BigInt(byte), BigInt(first & 0x3f));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed();
    return Number(value);
  }

  varints(count: number): number[] {
    return Array.from({ length: count }, () => this.varint());
  }

  /** Drops leading zeros. */
  skipZeros(): void {
    while (this.#bytes[0] === 0) this.#bytes.shift();
  }
}

const check = (holds: boolean): void => {
  if (!holds) throw new Malformed();
};

function decodeAck(type: number, queue: Queue): Frame {
  const [largest, delay, more, first] = queue.varints(4);
  check(more <= 255);
  const ranges: [number, number][] = [[largest - first, largest]];
  for (let index = 0; index < more; index++) {
    const [gap, length] = queue.varints(2);
    const top = ranges[index][0] - gap - 2;
    ranges.push([top - length, top]);
    check(top - length >= 0);
  }
  check(largest >= first);
  return { type, numbers: [delay, ...queue.varints(type === 3 ? 3 : 0)], ranges };
}

function decodeStream(type: number, queue: Queue): Frame {
  const id = queue.varint();
  const offset = type & 4 ? queue.varint() : 0;
  const length = type & 2 ? queue.varint() : queue.length;
  check(BigInt(offset) + BigInt(length) < 2n ** 53n);
  return { type: 8, numbers: [id, offset], fin: (type & 1) === 1, data: queue.take(length) };
}

function decodeOne(queue: Queue): Frame {
  const [type] = queue.take(1);
  if (type >= 0x08 && type <= 0x0f) return decodeStream(type, queue);
  if (type === 0x02 || type === 0x03) return decodeAck(type, queue);
  if (type === 0x00) queue.skipZeros();
  if (type <= 0x01) return { type };
  if (type === 0x30) return { type, data: queue.take(queue.length) };
  if (type === 0x31) return { type: 0x30, data: queue.take(queue.varint()) };
  if (type === 0x1a || type === 0x1b) return { type, data: queue.take(8) };
  if (type === 0x1c || type === 0x1d) {
    const numbers = queue.varints(type === 0x1c ? 2 : 1);
    return { type, numbers, data: queue.take(queue.varint()) };
  }
  if (type === 0x18) {
    const numbers = queue.varints(2);
    check(numbers[1] <= numbers[0] && queue.take(1)[0] === 8);
    return { type, numbers, data: queue.take(24) };
  }
  const counts: Record<number, number> = { 4: 3, 5: 2, 17: 2, 21: 2 };
  for (const one of [0x10, 0x12, 0x13, 0x14, 0x16, 0x17, 0x19]) counts[one] = 1;
  check(type in counts);
  const numbers = queue.varints(counts[type]);
  check(![0x12, 0x13, 0x16, 0x17].includes(type) || numbers[0] <= 2 ** 51);
  return { type, numbers };
}

/** What docs/wire-format.md says about a payload. */
export function decodeByTheBook(payload: readonly number[]): Decoded {
  const queue = new Queue(payload);
  const frames: Frame[] = [];
  try {
    while (queue.length > 0) frames.push(decodeOne(queue));
    return { frames, isMalformed: false };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { frames, isMalformed: true };
  }
}

/** The frame that the reader stands on. */
function frameOf(reader: FrameReader, type: number, bytes: Uint8Array): Frame {
  const data = (): number[] =>
    Array.from({ length: reader.length }, (_, index) => bytes[reader.dataAt + index]);
  const { id, offset, code, value } = reader;
  switch (type) {
    case 0x00:
    case 0x01:
      return { type };
    case 0x02:
    case 0x03: {
      const ranges = Array.from(
        { length: reader.rangeCount },
        (_, index) => [reader.ranges[2 * index], reader.ranges[2 * index + 1]] as const,
      );
      if (reader.largest !== ranges[0][1]) throw new Error('largest is not the first range');
      const counts = type === 0x03 ? [reader.ect0, reader.ect1, reader.ce] : [];
      return { type, numbers: [reader.delay, ...counts], ranges };
    }
    case 0x04:
      return { type, numbers: [id, code, value] };
    case 0x05:
      return { type, numbers: [id, code] };
    case 0x08:
      return { type, numbers: [id, offset], fin: reader.fin, data: data() };
    case 0x11:
    case 0x15:
      return { type, numbers: [id, value] };
    case 0x18:
      return { type, numbers: [id, value], data: data() };
    case 0x19:
      return { type, numbers: [id] };
    case 0x1a:
    case 0x1b:
    case 0x30:
      return { type, data: data() };
    case 0x1c:
      return { type, numbers: [code, value], data: data() };
    case 0x1d:
      return { type, numbers: [code], data: data() };
    default:
      return { type, numbers: [value] };
  }
}

/** All that `reader` finds in [at, end). Fails when it reads anything else, or does not come to an end. */
export function readAll(
  reader: FrameReader,
  bytes: Uint8Array,
  at = 0,
  end = bytes.length,
): Decoded {
  const frames: Frame[] = [];
  reader.reset(guarded(bytes, at, end), at, end);
  for (let type = reader.next(); type !== -1; type = reader.next()) {
    if (type === -2) return { frames, isMalformed: true };
    frames.push(frameOf(reader, type, bytes));
    if (frames.length > end - at) throw new Error('more frames than bytes');
  }
  return { frames, isMalformed: false };
}
