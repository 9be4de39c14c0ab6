/**
 * Frames as they are read: each clause of docs/wire-format.md with bytes written by hand. All short payloads and random
 * ones: test/property/frames.test.ts.
 */

import { describe, expect, it } from 'vitest';
import { FRAME_ENCODING_ERROR } from '../../../../lib/core/error-codes.js';
import {
  FRAME_MALFORMED,
  FRAMES_END,
  FrameReader,
} from '../../../../lib/core/wire/frame-reader.js';
import { type Frame, readAll } from '../../../support/frame-model.js';

/** A payload from hex; spaces separate what belongs together. */
const payload = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The frames of a payload that is well-formed to its end. */
function read(hex: string): readonly Frame[] {
  const { frames, isMalformed } = readAll(new FrameReader(), payload(hex));
  expect(isMalformed).toBe(false);
  return frames;
}

/** The error of a payload whose first frame is malformed; 0 when it is not. */
function errorOf(hex: string): number {
  const reader = new FrameReader();
  const bytes = payload(hex);
  reader.reset(bytes, 0, bytes.length);
  return reader.next() === FRAME_MALFORMED ? reader.error : 0;
}

const MAX = 'c01fffffffffffff';
const MAX_PLUS_1 = 'c020000000000000';

describe('F1: a payload', () => {
  it('is frames one after the other', () => {
    expect(read('01 0a0401aa 01').map(({ type }) => type)).toEqual([0x01, 0x08, 0x01]);
  });

  it('without frames is at its end at once', () => {
    const reader = new FrameReader();
    reader.reset(payload('0101'), 1, 1);
    expect(reader.next()).toBe(FRAMES_END);
    expect(reader.next()).toBe(FRAMES_END);
  });

  it('is not read beyond a malformed frame, whose type stays known', () => {
    const reader = new FrameReader();
    reader.reset(payload('01 06 01 01'), 0, 4);
    expect([reader.next(), reader.next(), reader.next(), reader.next()]).toEqual([1, -2, -2, -2]);
    expect(reader.error).toBe(FRAME_ENCODING_ERROR);
    expect(reader.rawType).toBe(0x06);
  });

  it('starts anew with reset, whatever the one before was', () => {
    const reader = new FrameReader();
    reader.reset(payload('06'), 0, 1);
    reader.next();
    reader.reset(payload('01'), 0, 1);
    expect([reader.error, reader.next(), reader.rawType, reader.at]).toEqual([0, 1, 1, 1]);
  });
});

describe('reset', () => {
  it.each([
    [-1, 1],
    [0, 3],
    [2, 1],
    [0.5, 2],
    [0, 1.5],
    [Number.NaN, 1],
  ])('throws for [%d, %d) of two bytes and stays where it was', (at, end) => {
    const reader = new FrameReader();
    reader.reset(payload('01'), 0, 1);
    expect(() => reader.reset(new Uint8Array(2), at, end)).toThrow(RangeError);
    expect(reader.next()).toBe(1);
  });
});

describe('F2: a varint', () => {
  it.each([
    ['25', 37],
    ['7bbd', 15_293],
    ['9d7f3e7d', 494_878_333],
    ['bfffffff', 2 ** 30 - 1],
    ['c000000080000000', 2 ** 31],
    ['c0000000ffffffff', 2 ** 32 - 1],
    ['c0123456789abcde', 0x12_3456_789a_bcde],
    [MAX, 2 ** 53 - 1],
  ])('%s is %d', (hex, value) => {
    expect(read(`10 ${hex}`)).toEqual([{ type: 0x10, numbers: [value] }]);
  });

  it.each(['4025', '80000025', 'c000000000000025'])('in a longer form is taken: %s', (hex) => {
    expect(read(`10 ${hex}`)).toEqual([{ type: 0x10, numbers: [37] }]);
  });

  it.each([MAX_PLUS_1, 'c220000000000000', 'ffffffffffffffff'])('above 2^53 - 1: %s', (hex) => {
    expect(errorOf(`10 ${hex}`)).toBe(FRAME_ENCODING_ERROR);
  });

  it('above 2^53 - 1 is refused in every field of every frame', () => {
    const fields: [string, number][] = [
      ['02', 4],
      ['04', 3],
      ['05', 2],
      ['0e', 3],
      ['10', 1],
      ['11', 2],
      ['12', 1],
      ['14', 1],
      ['15', 2],
      ['16', 1],
      ['18', 2],
      ['19', 1],
      ['1c', 3],
      ['1d', 2],
      ['31', 1],
    ];
    for (const [type, count] of fields) {
      for (let bad = 0; bad < count; bad++) {
        const numbers = Array.from({ length: count }, (_, at) => (at === bad ? MAX_PLUS_1 : '00'));
        const hex = `${type} ${numbers.join(' ')} 08 ${'00'.repeat(24)}`;
        expect([hex, errorOf(hex)]).toEqual([hex, FRAME_ENCODING_ERROR]);
      }
    }
  });
});

describe('F3: a frame type', () => {
  it('in a longer form is refused', () => {
    for (const hex of ['4001', '80000001', 'c000000000000001', '4008 00', '4002 00000000']) {
      expect(errorOf(hex)).toBe(FRAME_ENCODING_ERROR);
    }
  });

  it('that is not ours is refused, and each of ours is known', () => {
    const known: number[] = [];
    for (let type = 0; type < 256; type++) {
      const bytes = new Uint8Array(40);
      bytes[0] = type;
      // A NEW_CONNECTION_ID says how long its id is.
      if (type === 0x18) bytes[3] = 8;
      if (errorOf(Buffer.from(bytes).toString('hex')) === 0) known.push(type);
    }
    const expected = [0, 1, 2, 3, 4, 5];
    for (let type = 0x08; type <= 0x1d; type++) expected.push(type);
    expect(known).toEqual([...expected, 0x30, 0x31]);
  });
});

describe('F4: the fields', () => {
  it('PADDING, of any length, is one frame', () => {
    expect(read('000000 01 00')).toEqual([{ type: 0 }, { type: 1 }, { type: 0 }]);
  });

  it('PADDING ends where it ends, wherever it lies: long runs are read by words', () => {
    const reader = new FrameReader();
    for (let offset = 0; offset < 5; offset++) {
      for (let length = 1; length <= 150; length++) {
        for (const behind of [0, 1, 7, 70]) {
          // 0xff everywhere else: what is read beyond the end would be seen.
          const bytes = new Uint8Array(offset + length + behind + 3).fill(0xff);
          bytes.fill(0, offset, offset + length);
          bytes.fill(1, offset + length, offset + length + behind);
          reader.reset(bytes, offset, offset + length + behind);
          expect([reader.next(), reader.at]).toEqual([0, offset + length]);
          expect(reader.next()).toBe(behind === 0 ? FRAMES_END : 1);
        }
      }
    }
  });

  it('RESET_STREAM and STOP_SENDING', () => {
    expect(read('04 04 4123 80010000 05 06 07')).toEqual([
      { type: 0x04, numbers: [4, 0x123, 0x10000] },
      { type: 0x05, numbers: [6, 7] },
    ]);
  });

  it.each(['10', '12', '13', '14', '16', '17', '19'])('one number: 0x%s', (type) => {
    expect(read(`${type} 5234`)).toEqual([{ type: Number(`0x${type}`), numbers: [0x1234] }]);
  });

  it.each(['11', '15'])('a stream and a limit: 0x%s', (type) => {
    expect(read(`${type} 05 5234`)).toEqual([{ type: Number(`0x${type}`), numbers: [5, 0x1234] }]);
  });

  it('PATH_CHALLENGE and PATH_RESPONSE', () => {
    expect(read('1a 0102030405060708 1b ffffffffffffffff')).toEqual([
      { type: 0x1a, data: [1, 2, 3, 4, 5, 6, 7, 8] },
      { type: 0x1b, data: new Array(8).fill(255) },
    ]);
  });

  it('CONNECTION_CLOSE with a frame type, that of the application without', () => {
    expect(read('1c 0a 02 03 616263 1d 4100 00')).toEqual([
      { type: 0x1c, numbers: [0x0a, 2], data: [0x61, 0x62, 0x63] },
      { type: 0x1d, numbers: [0x100], data: [] },
    ]);
  });

  it('the frame type of an application close is 0, whatever the frame before it had', () => {
    const reader = new FrameReader();
    reader.reset(payload('10 09 1d 05 00'), 0, 5);
    reader.next();
    reader.next();
    expect([reader.code, reader.value]).toEqual([5, 0]);
  });
});

describe('F6: STREAM', () => {
  const data = [0xaa, 0xbb];

  it.each([
    ['08 04 aabb', 4, 0, false],
    ['09 04 aabb', 4, 0, true],
    ['0a 04 02 aabb', 4, 0, false],
    ['0b 04 02 aabb', 4, 0, true],
    ['0c 04 40ff aabb', 4, 255, false],
    ['0d 04 40ff aabb', 4, 255, true],
    ['0e 04 40ff 02 aabb', 4, 255, false],
    ['0f 04 40ff 02 aabb', 4, 255, true],
  ])('%s', (hex, id, offset, fin) => {
    expect(read(hex)).toEqual([{ type: 8, numbers: [id, offset], fin, data }]);
  });

  it('may be empty, with and without a length', () => {
    expect(read('0b 04 00 09 04')).toEqual([
      { type: 8, numbers: [4, 0], fin: true, data: [] },
      { type: 8, numbers: [4, 0], fin: true, data: [] },
    ]);
  });

  it('may end at 2^53 - 1 and not behind it', () => {
    expect(errorOf(`0e 00 ${MAX} 00`)).toBe(0);
    expect(errorOf(`0e 00 c01ffffffffffffe 01 aa`)).toBe(0);
    expect(errorOf(`0e 00 ${MAX} 01 aa`)).toBe(FRAME_ENCODING_ERROR);
    expect(errorOf(`0c 00 ${MAX} aa`)).toBe(FRAME_ENCODING_ERROR);
    expect(errorOf(`0e 00 ${MAX} ${MAX} aa`)).toBe(FRAME_ENCODING_ERROR);
  });

  it('F5: with a length beyond the payload is refused', () => {
    expect(errorOf('0a 00 03 aabb')).toBe(FRAME_ENCODING_ERROR);
    expect(errorOf(`0a 00 ${MAX} aabb`)).toBe(FRAME_ENCODING_ERROR);
  });
});

describe('F7: ACK', () => {
  it('of one number, of one range, of three', () => {
    expect(read('02 00 00 00 00')).toEqual([{ type: 2, numbers: [0], ranges: [[0, 0]] }]);
    expect(read('02 09 4100 00 09')).toEqual([{ type: 2, numbers: [256], ranges: [[0, 9]] }]);
    expect(read('02 20 01 02 02 00 01 03 04').at(0)?.ranges).toEqual([
      [30, 32],
      [27, 28],
      [18, 22],
    ]);
  });

  it('with ECN counts', () => {
    expect(read('03 09 01 00 02 4100 00 05')).toEqual([
      { type: 3, numbers: [1, 256, 0, 5], ranges: [[7, 9]] },
    ]);
  });

  it.each([
    ['the first range', '02 04 00 00 05'],
    ['a gap', '02 04 00 01 01 02 00'],
    ['a range', '02 09 00 01 03 02 03'],
    ['a gap as large as there is', `02 04 00 01 00 ${MAX} 00`],
    ['a range as large as there is', `02 09 00 01 00 00 ${MAX}`],
  ])('below 0 by %s is refused', (_what, hex) => {
    expect(errorOf(hex)).toBe(FRAME_ENCODING_ERROR);
  });

  it('down to 0 is not', () => {
    expect(read('02 04 00 01 01 01 00').at(0)?.ranges).toEqual([
      [3, 4],
      [0, 0],
    ]);
  });

  it('of 256 ranges is read, of 257 refused', () => {
    const ack = (more: number): string =>
      `02 4800 00 ${(0x4000 | more).toString(16)} 00 ${'0000'.repeat(more)}`;
    const [{ ranges }] = read(ack(255));
    expect(ranges?.length).toBe(256);
    expect(ranges?.at(-1)).toEqual([2048 - 510, 2048 - 510]);
    expect(errorOf(ack(256))).toBe(FRAME_ENCODING_ERROR);
  });

  it('announcing ranges that are not there is refused', () => {
    expect(errorOf('02 20 00 02 00 00 00 00')).toBe(FRAME_ENCODING_ERROR);
    expect(errorOf(`02 20 00 ${MAX} 00`)).toBe(FRAME_ENCODING_ERROR);
  });
});

describe('F10: DATAGRAM', () => {
  it('with and without a length, and empty', () => {
    expect(read('31 02 aabb 31 00 30 cc')).toEqual([
      { type: 0x30, data: [0xaa, 0xbb] },
      { type: 0x30, data: [] },
      { type: 0x30, data: [0xcc] },
    ]);
    expect(read('30')).toEqual([{ type: 0x30, data: [] }]);
  });
});

describe('F11: NEW_CONNECTION_ID', () => {
  const rest = (length: number): string => '11'.repeat(length);

  it('has 8 bytes of id and 16 of token', () => {
    expect(read(`18 05 05 08 ${rest(24)}`)).toEqual([
      { type: 0x18, numbers: [5, 5], data: new Array(24).fill(0x11) },
    ]);
  });

  it.each(['00', '07', '09', '14', '4008'])('with a length of 0x%s is refused', (length) => {
    expect(errorOf(`18 05 00 ${length} ${rest(40)}`)).toBe(FRAME_ENCODING_ERROR);
  });

  it('that retires itself is refused', () => {
    expect(errorOf(`18 05 06 08 ${rest(24)}`)).toBe(FRAME_ENCODING_ERROR);
  });
});

describe('F12: a number of streams', () => {
  it.each(['12', '13', '16', '17'])('0x%s takes 2^51 and not one more', (type) => {
    expect(errorOf(`${type} c008000000000000`)).toBe(0);
    expect(errorOf(`${type} c008000000000001`)).toBe(FRAME_ENCODING_ERROR);
  });
});
