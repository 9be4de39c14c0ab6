/**
 * Frames as bytes, for peers that keep to no rule: any value, any order. It checks nothing.
 *
 * Used by test/threats. Invariant: what comes out is well formed, so that only what it means is wrong.
 */

import * as types from '../../../lib/core/wire/frame-types.js';
import { writeVarint } from '../../../lib/core/wire/varint.js';

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The same bytes, so many times. */
export function repeated(part: Uint8Array, times: number): Uint8Array {
  const bytes = new Uint8Array(part.length * times);
  for (let index = 0; index < times; index++) bytes.set(part, index * part.length);
  return bytes;
}

/** A type and numbers behind it. */
export function frame(type: number, ...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(1 + 8 * values.length);
  bytes[0] = type;
  let at = 1;
  for (const value of values) at = writeVarint(bytes, at, value);
  return bytes.slice(0, at);
}

/** STREAM with offset and length. */
export function stream(id: number, offset: number, data: Uint8Array, fin = false): Uint8Array {
  const type = types.FRAME_STREAM | 0x06 | (fin ? 1 : 0);
  return join(frame(type, id, offset, data.length), data);
}

/** ACK of [smallest, largest] ranges, the newest first. */
export function ack(ranges: readonly (readonly [number, number])[], delay = 0): Uint8Array {
  const values = [ranges[0][1], delay, ranges.length - 1, ranges[0][1] - ranges[0][0]];
  for (let index = 1; index < ranges.length; index++) {
    values.push(ranges[index - 1][0] - ranges[index][1] - 2, ranges[index][1] - ranges[index][0]);
  }
  return frame(types.FRAME_ACK, ...values);
}

/** PATH_CHALLENGE and PATH_RESPONSE: `mark` makes their 8 bytes. */
export function path(type: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = type;
  new DataView(bytes.buffer).setFloat64(1, mark);
  return bytes;
}

/** NEW_CONNECTION_ID; id and token follow from the sequence. */
export function newId(sequence: number, retirePriorTo: number): Uint8Array {
  const tail = new Uint8Array(25);
  tail[0] = 8;
  new DataView(tail.buffer).setFloat64(1, sequence + 0.5);
  new DataView(tail.buffer).setFloat64(9, sequence + 0.25);
  return join(frame(types.FRAME_NEW_CONNECTION_ID, sequence, retirePriorTo), tail);
}
