/**
 * Arguments of the calls of node:dgram, read the way node:dgram reads them.
 *
 * Called by `socket`. Invariant: nothing of the socket has changed when one of these throws, and each reads a value of the
 * application once.
 */

import type { Message } from '../../io/facade/handle.js';
import { badPort, outOfBounds, wrongArgument, wrongMessage, wrongRange } from './errors.js';

/** A message of one datagram, and its bytes. */
export interface Payload {
  readonly message: Message;
  readonly byteLength: number;
}

export function checkNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== 'number') throw wrongArgument(name, 'of type number', value);
}

export function checkString(value: unknown, name: string): asserts value is string {
  if (typeof value !== 'string') throw wrongArgument(name, 'of type string', value);
}

/** A number from 0 to 2^32 - 1. */
export function checkUint32(value: unknown, name: string): asserts value is number {
  checkNumber(value, name);
  if (!Number.isInteger(value)) throw wrongRange(name, 'an integer', value);
  if (value < 0 || value > 0xffffffff) throw wrongRange(name, '>= 0 && <= 4294967295', value);
}

/** `ArrayBuffer.isView`, in the words of Node's types. */
function isView(value: unknown): value is NodeJS.ArrayBufferView {
  return ArrayBuffer.isView(value);
}

/** A port as a number, or as text that is one: 1 to 65,535. */
export function readPort(value: unknown): number {
  const isText = typeof value === 'string' && value.trim() !== '';
  if (typeof value !== 'number' && !isText) throw badPort('Port', value);
  const port = Number(value);
  if (port !== port >>> 0 || port > 0xffff || port === 0) throw badPort('Port', value);
  return port;
}

/** The piece of a message that `offset` and `length` name. */
export function slice(buffer: unknown, offset: unknown, length: unknown): Uint8Array {
  const bytes = typeof buffer === 'string' ? Buffer.from(buffer) : buffer;
  if (!isView(bytes)) throw wrongMessage('buffer', buffer);
  const from = (offset as number) >>> 0;
  const count = (length as number) >>> 0;
  if (from > bytes.byteLength) throw outOfBounds('offset');
  if (from + count > bytes.byteLength) throw outOfBounds('length');
  return new Uint8Array(bytes.buffer, bytes.byteOffset + from, count);
}

/** A message, or a list of pieces of one. */
export function readPayload(given: unknown): Payload {
  if (typeof given === 'string') return { message: given, byteLength: Buffer.byteLength(given) };
  if (isView(given)) return { message: given, byteLength: given.byteLength };
  if (!Array.isArray(given)) throw wrongMessage('buffer', given);
  const pieces: NodeJS.ArrayBufferView[] = [];
  let byteLength = 0;
  for (let i = 0; i < given.length; i++) {
    const piece: unknown = given[i];
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    if (!isView(bytes)) throw wrongMessage('buffer list arguments', given);
    pieces.push(bytes);
    byteLength += bytes.byteLength;
  }
  return { message: pieces, byteLength };
}

/** Bytes of its own, for a message that has to wait for its address. */
export function keep({ message, byteLength }: Payload): Payload {
  if (typeof message === 'string') return { message, byteLength };
  const views: readonly NodeJS.ArrayBufferView[] = isView(message) ? [message] : message;
  const bytes = views.map((view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return { message: Buffer.concat(bytes), byteLength };
}
