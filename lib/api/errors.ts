/**
 * The errors that misuse throws: each with a stable `code` and the offending value in its message.
 *
 * Nothing here is thrown for what the network does. Called by everything in `lib/api`.
 *
 * Invariant: showing a value never throws and calls no `toString`, custom inspection or getter of its content.
 */

import { inspect } from 'node:util';
import { isAnyArrayBuffer } from 'node:util/types';

/** What is wrong with an option. */
export type OptionErrorCode =
  /** No option has this name; the message names the nearest one. */
  | 'ERR_OPTION_UNKNOWN'
  /** The value has the wrong type. */
  | 'ERR_OPTION_TYPE'
  /** The value has the right type and lies outside what is allowed. */
  | 'ERR_OPTION_RANGE'
  /** Two options, each fine alone, contradict each other. */
  | 'ERR_OPTION_CONFLICT';

/** An option, or an environment variable that stands for one, cannot be used. Thrown synchronously. */
export class OptionError extends TypeError {
  readonly code: OptionErrorCode;
  /** The option's or the variable's name. */
  readonly option: string;
  /** What was given. */
  readonly value: unknown;

  constructor(code: OptionErrorCode, option: string, value: unknown, message: string) {
    super(message);
    this.code = code;
    this.option = option;
    this.value = value;
  }

  override get name(): string {
    return 'OptionError';
  }
}

/** Gives an error a `code`, as Node does. */
export function withCode<E extends Error>(error: E, code: string): E & { readonly code: string } {
  return Object.assign(error, { code });
}

/** A value as text for a message: short and on one line. */
export function show(value: unknown): string {
  try {
    return inspect(value, {
      depth: 0,
      breakLength: Number.POSITIVE_INFINITY,
      compact: true,
      customInspect: false,
      // Bytes may be a key or a message: their number says enough.
      maxArrayLength: ArrayBuffer.isView(value) || isAnyArrayBuffer(value) ? 0 : 4,
      maxStringLength: 80,
    });
  } catch {
    // It reads one property of its own: Symbol.toStringTag.
    return `a value of type ${typeof value} that cannot be shown`;
  }
}

/** ERR_SOCKET_CLOSED: the call needs an open socket. */
export function socketClosed(call: string): Error {
  return withCode(new Error(`${call}: the socket is closed`), 'ERR_SOCKET_CLOSED');
}

/** ERR_INVALID_ARG_TYPE: an argument of the wrong type. */
export function wrongType(name: string, expected: string, value: unknown): TypeError {
  return withCode(
    new TypeError(`${name} must be ${expected}, not ${show(value)}`),
    'ERR_INVALID_ARG_TYPE',
  );
}

/** ERR_OUT_OF_RANGE: an argument of the right type that lies outside what is allowed. */
export function outOfRange(name: string, expected: string, value: unknown): RangeError {
  return withCode(
    new RangeError(`${name} must be ${expected}, not ${show(value)}`),
    'ERR_OUT_OF_RANGE',
  );
}

/** ERR_DETACHED_BUFFER: the bytes were transferred away, or a resizable buffer shrank below the view. */
export function detachedBuffer(name: string): TypeError {
  return withCode(
    new TypeError(`${name}: its ArrayBuffer is detached, or was made smaller than the view`),
    'ERR_DETACHED_BUFFER',
  );
}

/** The AbortError of a call that its signal ended. */
export function abortError(signal: AbortSignal): Error {
  const error = new Error('the operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return withCode(error, 'ABORT_ERR');
}

/** Throws `error` where no caller can lose a result by it: it reaches 'uncaughtException'. */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
