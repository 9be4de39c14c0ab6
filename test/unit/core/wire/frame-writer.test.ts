/**
 * Frames as they are written: the bytes of each, and misuse. That all of them come back: test/property/frames.test.ts.
 */

import { describe, expect, it } from 'vitest';
import {
  ackBytes,
  NO_LENGTH,
  streamHeaderBytes,
  writeAck,
  writeClose,
  writeDatagramHeader,
  writeNewConnectionId,
  writePath,
  writeResetStream,
  writeStopSending,
  writeStreamHeader,
  writeTwoVarintFrame,
  writeVarintFrame,
} from '../../../../lib/core/wire/frame-writer.js';

/** What `write` puts at 3, which must be all that it touches. */
function written(write: (bytes: Uint8Array, at: number) => number): string {
  const bytes = new Uint8Array(80).fill(0xee);
  const next = write(bytes, 3);
  const around = [...bytes.subarray(0, 3), ...bytes.subarray(next)];
  expect(around.every((byte) => byte === 0xee)).toBe(true);
  return Buffer.from(bytes.subarray(3, next)).toString('hex');
}

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe('STREAM', () => {
  it.each([
    [4, 0, NO_LENGTH, false, '0804'],
    [4, 0, NO_LENGTH, true, '0904'],
    [4, 0, 0, false, '0a0400'],
    [4, 0, 100, true, '0b044064'],
    [4, 1400, NO_LENGTH, false, '0c044578'],
    [68, 2 ** 32, NO_LENGTH, true, '0d4044c000000100000000'],
    [4, 1400, 5, false, '0e04457805'],
    [4, 1400, 5, true, '0f04457805'],
  ])('id %d, offset %d, length %d, fin %s', (id, offset, length, fin, hex) => {
    expect(written((bytes, at) => writeStreamHeader(bytes, at, id, offset, length, fin))).toBe(hex);
    expect(streamHeaderBytes(id, offset, length)).toBe(hex.length / 2);
  });

  it.each([
    [-1, 0, 0],
    [0, -1, 0],
    [0, 0, -2],
    [0.5, 0, 0],
    [0, 2 ** 53, 0],
  ])('throws for id %d, offset %d, length %d', (id, offset, length) => {
    expect(() => writeStreamHeader(filled(30, 0), 0, id, offset, length, false)).toThrow(
      RangeError,
    );
    expect(() => streamHeaderBytes(id, offset, length)).toThrow(RangeError);
  });
});

describe('ACK', () => {
  const ranges = Float64Array.of(30, 32, 27, 28, 18, 22);
  const write = (count: number, ecn: boolean): string =>
    written((bytes, at) => writeAck(bytes, at, ranges, count, 1, ecn, 256, 0, 5));

  it('writes as many ranges as it is told', () => {
    expect(write(1, false)).toBe('0220010002');
    expect(write(3, false)).toBe('022001020200010304');
  });

  it('writes the counts with ECN alone', () => {
    expect(write(1, true)).toBe('032001000241000005');
  });

  it.each([
    ['none', Float64Array.of(), 0],
    ['fewer than told', ranges, 4],
    ['more than a receiver reads', new Float64Array(600), 257],
    ['NaN of them', ranges, Number.NaN],
    ['ascending', Float64Array.of(0, 0, 5, 6), 2],
    ['touching', Float64Array.of(5, 6, 3, 4), 2],
    ['backwards', Float64Array.of(6, 5), 1],
    ['below 0', Float64Array.of(-1, 5), 1],
  ])('throws for ranges that are %s', (_what, given, count) => {
    const bytes = filled(2000, 0);
    expect(() => ackBytes(given, count, 0, false, 0, 0, 0)).toThrow(RangeError);
    expect(() => writeAck(bytes, 0, given, count, 0, false, 0, 0, 0)).toThrow(RangeError);
  });
});

describe('the others', () => {
  it('DATAGRAM', () => {
    expect(written((bytes, at) => writeDatagramHeader(bytes, at, NO_LENGTH))).toBe('30');
    expect(written((bytes, at) => writeDatagramHeader(bytes, at, 1200))).toBe('3144b0');
  });

  it('RESET_STREAM and STOP_SENDING', () => {
    expect(written((bytes, at) => writeResetStream(bytes, at, 4, 0x123, 65_536))).toBe(
      '0404412380010000',
    );
    expect(written((bytes, at) => writeStopSending(bytes, at, 6, 7))).toBe('050607');
  });

  it('frames of one and two numbers', () => {
    expect(written((bytes, at) => writeVarintFrame(bytes, at, 0x10, 0x1234))).toBe('105234');
    expect(written((bytes, at) => writeTwoVarintFrame(bytes, at, 0x11, 5, 64))).toBe('11054040');
  });

  it('NEW_CONNECTION_ID', () => {
    const id = filled(8, 0xaa);
    const token = filled(16, 0xbb);
    expect(written((bytes, at) => writeNewConnectionId(bytes, at, 5, 2, id, token))).toBe(
      `18050208${'aa'.repeat(8)}${'bb'.repeat(16)}`,
    );
  });

  it('NEW_CONNECTION_ID with an id or a token of other lengths, or that retires itself, throws', () => {
    const write = (prior: number, id: number, token: number) => () =>
      writeNewConnectionId(filled(80, 0), 0, 5, prior, filled(id, 1), filled(token, 1));
    expect(write(5, 8, 16)).not.toThrow();
    expect(write(6, 8, 16)).toThrow(RangeError);
    expect(write(5, 7, 16)).toThrow('connection id of 7 bytes instead of 8');
    expect(write(5, 8, 17)).toThrow('stateless reset token of 17 bytes instead of 16');
  });

  it('PATH_CHALLENGE and PATH_RESPONSE, of 8 bytes alone', () => {
    const data = filled(8, 0xcc);
    expect(written((bytes, at) => writePath(bytes, at, 0x1a, data))).toBe(`1a${'cc'.repeat(8)}`);
    expect(written((bytes, at) => writePath(bytes, at, 0x1b, data))).toBe(`1b${'cc'.repeat(8)}`);
    expect(() => writePath(filled(20, 0), 0, 0x1a, filled(9, 0))).toThrow(RangeError);
  });

  it('CONNECTION_CLOSE with a frame type, that of the application without', () => {
    const reason = new Uint8Array([0x61, 0x62]);
    expect(written((bytes, at) => writeClose(bytes, at, 0x1c, 0x0a, 2, reason))).toBe(
      '1c0a02026162',
    );
    expect(written((bytes, at) => writeClose(bytes, at, 0x1d, 0x100, 2, reason))).toBe(
      '1d4100026162',
    );
  });
});
