/**
 * Frames: what is written is read, and whatever arrives is read as docs/wire-format.md says or refused.
 *
 * The exhaustive parts take all short payloads and all small ACK frames; the random ones compare with a reference
 * decoder. Every read goes through a guard that fails outside of the payload.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_ENCODING_ERROR } from '../../lib/core/error-codes.js';
import { FrameReader } from '../../lib/core/wire/frame-reader.js';
import { writeAck } from '../../lib/core/wire/frame-writer.js';
import { anyFrame, encode, sizeOf } from '../support/any-frame.js';
import { type Decoded, decodeByTheBook, type Frame, readAll } from '../support/frame-model.js';

const numRuns = Number(process.env.BURSTWIRE_PROPERTY_RUNS ?? 500);

/** Whether a frame without a length takes all that follows it. */
const isOpenEnded = (frame: Frame): boolean => frame.type === 0x08 || frame.type === 0x30;

/** Comparing by text is quicker than by `toEqual`, which does it when there is something to show. */
function expectSame(actual: Decoded, expected: Decoded): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual).toEqual(expected);
}

/** Padding follows padding as one (F4). */
const joined = (frames: readonly Frame[]): Frame[] =>
  frames.filter((frame, index) => frame.type !== 0 || frames[index - 1]?.type !== 0);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('every frame', () => {
  it('comes back as it was written, one behind the other, in the announced size', () => {
    const reader = new FrameReader();
    const payload = fc.array(anyFrame, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(payload, fc.boolean(), fc.nat({ max: 20 }), (frames, isOpen, at) => {
        const parts = frames.map((frame, index) => {
          const isLast = isOpen && index === frames.length - 1;
          const bytes = encode(frame, isLast);
          const size = sizeOf(frame, isLast);
          if (size !== bytes.length) expect(size).toBe(bytes.length);
          return bytes;
        });
        const bytes = concat([new Uint8Array(at).fill(1), ...parts, new Uint8Array(9).fill(1)]);
        const decoded = readAll(reader, bytes, at, bytes.length - 9);
        expectSame(decoded, { frames: joined(frames), isMalformed: false });
      }),
      { numRuns },
    );
  });

  it('is refused when it is cut off anywhere, though what was cut off is still in memory', () => {
    const reader = new FrameReader();
    const frame = anyFrame.filter(({ type }) => type > 1);
    fc.assert(
      fc.property(frame, (given) => {
        const bytes = encode(given);
        for (let end = 1; end < bytes.length; end++) {
          expectSame(readAll(reader, bytes, 0, end), { frames: [], isMalformed: true });
          if (reader.error !== FRAME_ENCODING_ERROR)
            expect(reader.error).toBe(FRAME_ENCODING_ERROR);
        }
      }),
      { numRuns },
    );
  });

  it('without a length is shorter when its data is cut off, and refused when its header is', () => {
    const reader = new FrameReader();
    fc.assert(
      fc.property(anyFrame.filter(isOpenEnded), (given) => {
        const bytes = encode(given, true);
        const data = given.data!;
        const header = bytes.length - data.length;
        for (let end = 1; end < bytes.length; end++) {
          const cut = { ...given, data: data.slice(0, end - header) };
          const expected = { frames: end < header ? [] : [cut], isMalformed: end < header };
          expectSame(readAll(reader, bytes, 0, end), expected);
        }
      }),
      { numRuns },
    );
  });
});

describe('any bytes', () => {
  /** Compares at an offset, with bytes around that would be read as something. */
  function compare(reader: FrameReader, payload: Uint8Array): void {
    const bytes = concat([Uint8Array.of(1, 1, 1), payload, new Uint8Array(9).fill(1)]);
    const decoded = readAll(reader, bytes, 3, 3 + payload.length);
    expectSame(decoded, decodeByTheBook([...payload]));
    const error = decoded.isMalformed ? FRAME_ENCODING_ERROR : 0;
    if (reader.error !== error) expect(reader.error).toBe(error);
  }

  it('of length 1 and 2, all of them, are read as the reference reads them', () => {
    const reader = new FrameReader();
    for (let first = 0; first < 256; first++) {
      compare(reader, Uint8Array.of(first));
      for (let second = 0; second < 256; second++) compare(reader, Uint8Array.of(first, second));
    }
  });

  const type = fc.integer({ min: 0, max: 0x33 });
  const small = fc.integer({ min: 0, max: 12 });
  const byte = fc.integer({ min: 0, max: 255 });

  it('are read as the reference reads them', () => {
    const reader = new FrameReader();
    const noise = fc.uint8Array({ maxLength: 200, size: 'max' });
    const frameLike = fc
      .tuple(type, fc.array(fc.oneof(small, small, byte), { maxLength: 60 }))
      .map(([first, rest]) => Uint8Array.of(first, ...rest));
    fc.assert(
      fc.property(fc.oneof(noise, frameLike), (payload) => compare(reader, payload)),
      { numRuns: 4 * numRuns },
    );
  });

  it('that were frames before some of them changed, are read as the reference reads them', () => {
    const reader = new FrameReader();
    const change = fc.record({ at: fc.nat({ max: 1000 }), value: fc.oneof(byte, small) });
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 4 }), changes, (frames, list) => {
        const payload = concat(frames.map((frame) => encode(frame)));
        for (const { at, value } of list) payload[at % payload.length] = value;
        compare(reader, payload);
      }),
      { numRuns: 2 * numRuns },
    );
  });
});

describe('ACK frames of up to three ranges and values of 0 to 8, all of them', () => {
  /** Packet numbers, one by one, from the largest down; undefined when one is below 0. */
  function acknowledged(largest: number, first: number, pairs: readonly number[]): string {
    let text = '';
    let number = largest + 1;
    const count = (numbers: number): void => {
      for (let index = 0; index < numbers; index++) text += `${--number} `;
    };
    count(first + 1);
    for (let index = 0; index < pairs.length; index += 2) {
      number -= pairs[index] + 1;
      count(pairs[index + 1] + 1);
    }
    return number < 0 ? 'malformed' : text;
  }

  /** The same of the reader. */
  function read(reader: FrameReader, bytes: Uint8Array): string {
    reader.reset(bytes, 0, bytes.length);
    if (reader.next() !== 2) return 'malformed';
    let text = '';
    for (let index = 0; index < reader.rangeCount; index++) {
      const smallest = reader.ranges[2 * index];
      for (let number = reader.ranges[2 * index + 1]; number >= smallest; number--) {
        text += `${number} `;
      }
    }
    return reader.next() === -1 ? text : 'something behind it';
  }

  it.each([0, 1, 2])(
    'acknowledge what the model does, with %i gaps, and are written alike',
    (gaps) => {
      const reader = new FrameReader();
      const values: number[] = new Array(2 + 2 * gaps).fill(0);
      const bytes = new Uint8Array(5 + 2 * gaps);
      const written = new Uint8Array(bytes.length);
      const wrong: number[][] = [];
      for (let nth = 0; nth < 9 ** values.length; nth++) {
        for (let field = 0, rest = nth; field < values.length; field++) {
          values[field] = rest % 9;
          rest = Math.floor(rest / 9);
        }
        const pairs = values.slice(2);
        bytes.set([2, values[0], 5, gaps, values[1]]);
        bytes.set(pairs, 5);
        const expected = acknowledged(values[0], values[1], pairs);
        let isRight = read(reader, bytes) === expected;
        if (isRight && expected !== 'malformed') {
          const size = writeAck(written, 0, reader.ranges, gaps + 1, 5, false, 0, 0, 0);
          isRight = size === bytes.length && bytes.every((byte, at) => byte === written[at]);
        }
        if (!isRight) wrong.push([...values]);
      }
      expect(wrong).toEqual([]);
    },
  );
});
