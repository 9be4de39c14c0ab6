/**
 * The errors of node:dgram, with the codes, names and messages of Node 20, built from public parts alone.
 *
 * Called by everything in `lib/api/dgram`. Invariant: `code`, `name` and `message` are those that node:dgram gives for the
 * same mistake; test/dgram compares them with node:dgram itself.
 */

import { getSystemErrorMap, type InspectOptions, inspect } from 'node:util';

type ErrorClass = new (message: string) => Error;

/** An error as Node's own: its stack and its text show the code. */
function coded(Base: ErrorClass, code: string, message: string): NodeJS.ErrnoException {
  const error = new Base(message);
  const head = `${error.name} [${code}]: ${message}`;
  const frames = (error.stack ?? '').split('\n').slice(message.split('\n').length);
  error.stack = [head, ...frames].join('\n');
  Object.defineProperty(error, 'toString', {
    value: () => head,
    writable: true,
    configurable: true,
  });
  return Object.assign(error, { code });
}

export const badType = (): Error =>
  coded(TypeError, 'ERR_SOCKET_BAD_TYPE', 'Bad socket type specified. Valid types are: udp4, udp6');
export const alreadyBound = (): Error =>
  coded(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
export const notRunning = (): Error => coded(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
export const isConnected = (): Error =>
  coded(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
export const notConnected = (): Error =>
  coded(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');
export const badBufferSize = (): Error =>
  coded(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer');
export const badDescriptor = (type: string): Error =>
  coded(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${type}`);
export const missingArgument = (name: string): Error =>
  coded(TypeError, 'ERR_MISSING_ARGS', `The "${name}" argument must be specified`);
export const outOfBounds = (name: string): Error =>
  coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', `"${name}" is outside of buffer bounds`);
export const ipBlocked = (address: string): Error =>
  coded(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`);

/** @param expected as it stands behind "must be": `of type string` */
export function wrongArgument(name: string, expected: string, value: unknown): Error {
  const kind = name.includes('.') ? 'property' : 'argument';
  const message = `The "${name}" ${kind} must be ${expected}. Received ${kindOf(value)}`;
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', message);
}

/** A message, or an element of a list of them, that is neither text nor bytes. */
export function wrongMessage(name: string, value: unknown): Error {
  const expected = 'of type string or an instance of Buffer, TypedArray, or DataView';
  return wrongArgument(name, expected, value);
}

export function wrongRange(name: string, expected: string, value: number): Error {
  const shown =
    Number.isInteger(value) && Math.abs(value) > 2 ** 32
      ? String(value).replace(/\B(?=(\d{3})+$)/g, '_')
      : inspect(value);
  return coded(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${expected}. Received ${shown}`,
  );
}

export function badPort(name: string, value: unknown): Error {
  return coded(
    RangeError,
    'ERR_SOCKET_BAD_PORT',
    `${name} should be > 0 and < 65536. Received ${kindOf(value)}.`,
  );
}

/** What a value is, in Node's words: `undefined`, `type number (1)`, `an instance of Array`. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'function') return `function ${value.name}`;
  if (typeof value === 'object') {
    const name: unknown = value.constructor?.name;
    if (typeof name === 'string' && name !== '') return `an instance of ${name}`;
    return inspect(value, { depth: -1 });
  }
  const shown = inspect(value, { colors: false });
  return `type ${typeof value} (${shown.length > 28 ? `${shown.slice(0, 25)}...` : shown})`;
}

/** Made anew by each call of Node's. */
let systemErrors: ReadonlyMap<number, [name: string, text: string]> | undefined;

/** Name and text of a libuv error; `errno` is below 0. */
function systemEntry(errno: number): readonly [name: string, text: string] {
  systemErrors ??= getSystemErrorMap();
  return systemErrors.get(errno) ?? [`Unknown system error ${errno}`, 'unknown error'];
}

/** What a system call said: `setTTL EINVAL`. */
export function systemError(errno: number, syscall: string): NodeJS.ErrnoException {
  const [code] = systemEntry(errno);
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall });
}

/** The same about an address: `send EMSGSIZE 127.0.0.1:12345`. */
export function addressError(
  errno: number,
  syscall: string,
  address: string | undefined,
  port?: number,
): NodeJS.ErrnoException {
  const [code] = systemEntry(errno);
  let where = '';
  if (port !== undefined && port > 0) where = ` ${address}:${port}`;
  else if (address) where = ` ${address}`;
  const error = new Error(`${syscall} ${code}${where}`);
  return Object.assign(error, { errno, code, syscall, address }, port ? { port } : {});
}

/** ERR_SOCKET_BUFFER_SIZE, a SystemError: what the system said stands in `info`. */
export function bufferSizeError(errno: number, receive: boolean): Error {
  const [code, text] = systemEntry(errno);
  const syscall = receive ? 'uv_recv_buffer_size' : 'uv_send_buffer_size';
  const message = `Could not get or set buffer size: ${syscall} returned ${code} (${text})`;
  const info = { errno, code, message: text, syscall };
  const error = new Error(message);
  error.stack = (error.stack ?? '').replace('Error:', 'SystemError [ERR_SOCKET_BUFFER_SIZE]:');
  const field = (name: 'errno' | 'syscall') => ({
    enumerable: true,
    configurable: true,
    get: () => info[name],
    set: (value: never) => {
      info[name] = value;
    },
  });
  return Object.defineProperties(error, {
    toString: {
      value: () => `SystemError [ERR_SOCKET_BUFFER_SIZE]: ${message}`,
      writable: true,
      configurable: true,
    },
    name: { value: 'SystemError', writable: true, configurable: true },
    code: {
      value: 'ERR_SOCKET_BUFFER_SIZE',
      enumerable: true,
      writable: true,
      configurable: true,
    },
    info: { value: info, enumerable: true, configurable: true },
    errno: field('errno'),
    syscall: field('syscall'),
    // As Node shows its own: with what the getters say.
    [inspect.custom]: {
      value: (_depth: number, options: InspectOptions) =>
        inspect(error, { ...options, getters: true, customInspect: false }),
    },
  });
}
