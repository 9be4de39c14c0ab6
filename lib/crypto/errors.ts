/**
 * The errors that misuse of `lib/crypto` throws: each with a stable `code` and what was wrong in its message.
 *
 * It does not know the API's error classes (imports point the other way), but its option errors have their shape:
 * `name`, `code`, `option`, `value`. Called by everything in this folder.
 *
 * Invariant: no message holds a byte of a key; of keys it tells names and sizes alone.
 */

/** A TypeError with a code. */
export type CodedTypeError = TypeError & { readonly code: string };

/**
 * ERR_INVALID_KEY: a key, IV, nonce or header key that is no Uint8Array, or of the wrong size.
 *
 * @param name what it is, as the caller calls it
 * @param expected what it must be
 * @param value what was given; only its kind and size are told
 */
export function invalidKey(name: string, expected: string, value: unknown): CodedTypeError {
  const error = new TypeError(`${name} must be ${expected}, not ${kindOf(value)}`);
  return Object.assign(error, { code: 'ERR_INVALID_KEY' });
}

/** ERR_OPTION_RANGE: an option, or the variable that stands for it, has a value that is not among the choices. */
export function invalidChoice(option: string, choices: readonly string[], value: unknown): Error {
  const list = choices.map((choice) => `'${choice}'`).join(', ');
  const shown = typeof value === 'string' ? `'${value.slice(0, 80)}'` : kindOf(value);
  const error = new TypeError(`${option} must be one of ${list}, not ${shown}`);
  error.name = 'OptionError';
  return Object.assign(error, { code: 'ERR_OPTION_RANGE', option, value });
}

/** ERR_ENGINE_UNAVAILABLE: the engine that was asked for by name cannot run here. */
export function engineUnavailable(engine: string, reason: string): Error {
  const error = new Error(`the crypto engine '${engine}' is not available: ${reason}`);
  return Object.assign(error, { code: 'ERR_ENGINE_UNAVAILABLE', reason });
}

/** Throws ERR_INVALID_KEY unless `value` is a Uint8Array of `sizeBytes` bytes. */
export function requireBytes(name: string, value: unknown, sizeBytes: number): void {
  if (!(value instanceof Uint8Array) || value.length !== sizeBytes) {
    throw invalidKey(name, `a Uint8Array of ${sizeBytes} bytes`, value);
  }
}

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return `one of ${value.length} bytes`;
  return value === null ? 'null' : `a value of type ${typeof value}`;
}
