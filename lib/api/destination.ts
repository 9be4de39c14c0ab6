/**
 * Turns what the caller of a send says into what the engine wants: peer ids, an ECN mark, plain bytes.
 *
 * All application code that a send can run (getters of addresses and options, Proxies) runs in here, and nothing in
 * here reads a pointer. Called by `Sender` and `SendBatch`.
 *
 * Invariant: a misuse throws before anything was sent.
 */

import { isAnyArrayBuffer, isTypedArray, isUint8Array } from 'node:util/types';
import {
  type AddressBook,
  type AddressLike,
  NOT_A_PORT,
  NOT_AN_ADDRESS,
  NOT_AN_OBJECT,
  NOT_THE_FAMILY,
} from '../io/address-book.js';
import { byteLengthOf } from '../io/true-bytes.js';
import { detachedBuffer, OptionError, outOfRange, show, withCode, wrongType } from './errors.js';
import { nearest } from './nearest.js';

/** How one call, or one reserved datagram, is sent. */
export interface SendOptions {
  /** The ECN field of the IP header (RFC 3168): 0 (default) to 3. Ignored where `engine.ecn` is false. */
  readonly ecn?: 0 | 1 | 2 | 3 | undefined;
  /**
   * The local address to send from, as `batch.local(i)` gives it (IP_PKTINFO, ip(7)). Default: the kernel chooses.
   * Its port is not used. The dgram engine ignores it.
   */
  readonly from?: AddressLike | undefined;
}

/** Bytes that can be sent: any view, or a whole buffer. Borrowed until the call returns. */
export type Payload = ArrayBufferView | ArrayBufferLike;

/**
 * The id of a destination.
 *
 * @throws TypeError ERR_INVALID_ARG_TYPE (not an object), ERR_INVALID_ADDRESS (not a literal, a contradicting family,
 *   a family that this socket cannot reach); RangeError ERR_SOCKET_BAD_PORT; Error ERR_PEERS_FULL
 */
export function resolveAddress(book: AddressBook, to: unknown, name: string): number {
  const id = book.idOf(to);
  if (id > 0) return id;
  throw addressError(book, id, to, name);
}

function addressError(book: AddressBook, code: number, to: unknown, name: string): Error {
  switch (code) {
    case NOT_AN_OBJECT:
      return wrongType(name, 'an object { address, port }', to);
    case NOT_A_PORT: {
      const text = `${name}.port must be an integer from 1 to 65535, not ${show(book.rejectedPort)}`;
      return withCode(new RangeError(text), 'ERR_SOCKET_BAD_PORT');
    }
    case NOT_AN_ADDRESS: {
      const text = `${name}.address must be a literal IP address that this socket can reach, not ${show(book.rejectedAddress)}`;
      return withCode(new TypeError(text), 'ERR_INVALID_ADDRESS');
    }
    case NOT_THE_FAMILY: {
      const text = `${name}.family ${show(book.rejectedFamily)} is not the family of ${show(book.rejectedAddress)}`;
      return withCode(new TypeError(text), 'ERR_INVALID_ADDRESS');
    }
    default: {
      const text = `${name} ${show(book.rejectedAddress)}: every place for an address is held; raise option 'maxPeers' or send in smaller calls`;
      return withCode(new Error(text), 'ERR_PEERS_FULL');
    }
  }
}

/** The ECN mark and the source address of one call. Reused: read it before the next call. */
export class SendMarks {
  ecn = 0;
  from: unknown = undefined;

  /**
   * Reads the options of a send, each once.
   *
   * @throws OptionError ERR_OPTION_UNKNOWN, ERR_OPTION_TYPE, ERR_OPTION_RANGE
   */
  read(options: unknown): void {
    this.ecn = 0;
    this.from = undefined;
    if (options === undefined) return;
    if (typeof options !== 'object' || options === null) {
      const text = `send options must be an object, not ${show(options)}`;
      throw new OptionError('ERR_OPTION_TYPE', 'options', options, text);
    }
    for (const name of Object.keys(options)) {
      if (name !== 'ecn' && name !== 'from') throw unknownSendOption(name);
    }
    const { ecn, from } = options as { ecn?: unknown; from?: unknown };
    this.ecn = ecn === undefined ? 0 : checkEcn(ecn);
    this.from = from;
  }
}

function checkEcn(value: unknown): number {
  if (value === 0 || value === 1 || value === 2 || value === 3) return value;
  const code = typeof value === 'number' ? 'ERR_OPTION_RANGE' : 'ERR_OPTION_TYPE';
  throw new OptionError(code, 'ecn', value, `send option 'ecn' must be 0 to 3, not ${show(value)}`);
}

function unknownSendOption(name: string): OptionError {
  const near = nearest(name, ['ecn', 'from']);
  const hint = near === undefined ? 'known are ecn, from' : `did you mean '${near}'?`;
  return new OptionError(
    'ERR_OPTION_UNKNOWN',
    name,
    undefined,
    `no send option ${show(name)}; ${hint}`,
  );
}

const at = Uint8Array.prototype.at;

/**
 * The bytes of a payload as a Uint8Array, without copying.
 *
 * @throws TypeError ERR_INVALID_ARG_TYPE, ERR_DETACHED_BUFFER
 */
export function bytesOf(payload: unknown, name: string): Uint8Array {
  return isUint8Array(payload) ? payload : viewOf(payload, name);
}

function viewOf(payload: unknown, name: string): Uint8Array {
  const isView = ArrayBuffer.isView(payload);
  if (!isView && !isAnyArrayBuffer(payload)) {
    throw wrongType(name, 'a Uint8Array, another view, or an ArrayBuffer', payload);
  }
  // A typed array whose resizable buffer shrank says that it lies at 0 and is empty; a DataView throws.
  if (isTypedArray(payload)) assertAttached(payload, name);
  try {
    if (!isView) return new Uint8Array(payload);
    return new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength);
  } catch {
    throw detachedBuffer(name);
  }
}

/**
 * Tells an empty payload from one whose buffer is gone. Runs no application code.
 *
 * @throws TypeError ERR_DETACHED_BUFFER
 */
export function assertAttached(bytes: NodeJS.TypedArray, name: string): void {
  if (byteLengthOf(bytes as Uint8Array) !== 0) return;
  try {
    // Every method of a typed array refuses a detached or out-of-bounds one; this one does nothing else here.
    at.call(bytes as Uint8Array, 0);
  } catch {
    throw detachedBuffer(name);
  }
}

/**
 * Checks a number that must be an integer in a range; nothing is converted.
 *
 * @throws TypeError ERR_INVALID_ARG_TYPE, RangeError ERR_OUT_OF_RANGE
 */
export function checkInteger(value: unknown, min: number, max: number, name: string): number {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, `an integer from ${min} to ${max}`, value);
  }
  return value;
}
