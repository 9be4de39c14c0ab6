/**
 * Any frame, as an arbitrary of fast-check; and the frames of frame-model as bytes, by way of frame-writer.
 */

import fc from 'fast-check';
import * as writer from '../../lib/core/wire/frame-writer.js';
import type { Frame } from './frame-model.js';

/** Writes `frame`; STREAM and DATAGRAM with a length, or without when `isLast`. */
export function encode(frame: Frame, isLast = false): Uint8Array {
  const bytes = new Uint8Array(4000);
  const { type, numbers = [], data = [] } = frame;
  const [a, b, c] = numbers;
  const content = Uint8Array.from(data);
  const length = isLast ? writer.NO_LENGTH : content.length;
  const behind = (header: number): Uint8Array => {
    bytes.set(content, header);
    return bytes.slice(0, header + content.length);
  };
  switch (type) {
    case 0x00:
    case 0x01:
      return Uint8Array.of(type);
    case 0x02:
    case 0x03: {
      const ranges = Float64Array.from(frame.ranges!.flat());
      const count = frame.ranges!.length;
      return bytes.slice(
        0,
        writer.writeAck(bytes, 0, ranges, count, a, type === 3, b, c, numbers[3]),
      );
    }
    case 0x04:
      return bytes.slice(0, writer.writeResetStream(bytes, 0, a, b, c));
    case 0x05:
      return bytes.slice(0, writer.writeStopSending(bytes, 0, a, b));
    case 0x08:
      return behind(writer.writeStreamHeader(bytes, 0, a, b, length, frame.fin!));
    case 0x11:
    case 0x15:
      return bytes.slice(0, writer.writeTwoVarintFrame(bytes, 0, type, a, b));
    case 0x18: {
      const [id, token] = [content.subarray(0, 8), content.subarray(8)];
      return bytes.slice(0, writer.writeNewConnectionId(bytes, 0, a, b, id, token));
    }
    case 0x1a:
    case 0x1b:
      return bytes.slice(0, writer.writePath(bytes, 0, type, content));
    case 0x1c:
    case 0x1d:
      return bytes.slice(0, writer.writeClose(bytes, 0, type, a, b ?? 0, content));
    case 0x30:
      return behind(writer.writeDatagramHeader(bytes, 0, length));
    default:
      return bytes.slice(0, writer.writeVarintFrame(bytes, 0, type, a));
  }
}

/** What the `...Bytes` functions say about the same frame. */
export function sizeOf(frame: Frame, isLast = false): number {
  const { type, numbers = [], data = [] } = frame;
  const [a, b, c] = numbers;
  const length = isLast ? writer.NO_LENGTH : data.length;
  switch (type) {
    case 0x00:
    case 0x01:
      return 1;
    case 0x02:
    case 0x03: {
      const ranges = Float64Array.from(frame.ranges!.flat());
      return writer.ackBytes(ranges, frame.ranges!.length, a, type === 3, b, c, numbers[3]);
    }
    case 0x04:
      return writer.resetStreamBytes(a, b, c);
    case 0x05:
      return writer.stopSendingBytes(a, b);
    case 0x08:
      return writer.streamHeaderBytes(a, b, length) + data.length;
    case 0x11:
    case 0x15:
      return writer.twoVarintFrameBytes(a, b);
    case 0x18:
      return writer.newConnectionIdBytes(a, b);
    case 0x1a:
    case 0x1b:
      return writer.PATH_FRAME_BYTES;
    case 0x1c:
    case 0x1d:
      return writer.closeBytes(type, a, b ?? 0, data.length);
    case 0x30:
      return writer.datagramHeaderBytes(length) + data.length;
    default:
      return writer.varintFrameBytes(a);
  }
}

const edges = [
  0,
  1,
  0x3f,
  0x40,
  0x3fff,
  0x4000,
  2 ** 30 - 1,
  2 ** 30,
  2 ** 31,
  2 ** 32,
  2 ** 53 - 1,
];
/** A varint, of every length about as often, and the values where the length changes. */
const number = fc.oneof(
  fc.constantFrom(...edges),
  fc.integer({ min: 0, max: 300 }),
  fc.maxSafeNat(),
);
const dataOf = (minLength: number, maxLength: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 255 }), { minLength, maxLength });
const streams = number.map((value) => Math.min(value, 2 ** 51));

/** Ranges from the top down: a largest number, then lengths and gaps as far as they go. */
const ranges = fc
  .tuple(number, fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 70 }))
  .map(([largest, steps]) => {
    const list: [number, number][] = [];
    let top = largest;
    for (const [length, gap] of steps) {
      const bottom = Math.max(0, top - length);
      list.push([bottom, top]);
      top = bottom - gap - 2;
      if (top < 0) break;
    }
    return list;
  });

const counted = (type: number, ...numbers: fc.Arbitrary<number>[]): fc.Arbitrary<Frame> =>
  fc.tuple(...numbers).map((values) => ({ type, numbers: values }));

/** Any frame, every type as often. */
export const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.constantFrom<Frame>({ type: 0x00 }, { type: 0x01 }),
  fc.tuple(ranges, number).map(([list, delay]) => ({ type: 2, numbers: [delay], ranges: list })),
  fc
    .tuple(ranges, fc.tuple(number, number, number, number))
    .map(([list, numbers]) => ({ type: 3, numbers, ranges: list })),
  counted(0x04, number, number, number),
  counted(0x05, number, number),
  fc
    .record({ id: number, offset: number, fin: fc.boolean(), data: dataOf(0, 100) })
    .map(({ id, offset, fin, data }) => {
      const most = Number.MAX_SAFE_INTEGER - data.length;
      return { type: 8, numbers: [id, Math.min(offset, most)], fin, data };
    }),
  counted(0x10, number),
  counted(0x11, number, number),
  counted(0x12, streams),
  counted(0x13, streams),
  counted(0x14, number),
  counted(0x15, number, number),
  counted(0x16, streams),
  counted(0x17, streams),
  fc.tuple(number, number, dataOf(24, 24)).map(([sequence, prior, data]) => ({
    type: 0x18,
    numbers: [sequence, Math.min(sequence, prior)],
    data,
  })),
  counted(0x19, number),
  fc.tuple(fc.constantFrom(0x1a, 0x1b), dataOf(8, 8)).map(([type, data]) => ({ type, data })),
  fc.tuple(number, number, dataOf(0, 70)).map(([code, type, data]) => ({
    type: 0x1c,
    numbers: [code, type],
    data,
  })),
  fc.tuple(number, dataOf(0, 70)).map(([code, data]) => ({ type: 0x1d, numbers: [code], data })),
  dataOf(0, 100).map((data) => ({ type: 0x30, data })),
);
