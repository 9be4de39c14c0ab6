/**
 * The options of `connect`: where to, and who is expected there.
 *
 * It resolves no names. Called by `Endpoint.connect`.
 *
 * Invariant: a peer of unknown identity is never talked with by oversight: without a key, somebody must decide.
 */

import { OptionError } from './errors.js';
import { type OptionTable, parseOptions } from './option-table.js';

/** Options of `connect`. */
export interface ConnectOptions {
  /** A literal address, or a host name that is looked up once. */
  readonly address: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** The peer's static public key, 32 bytes: nobody else can answer. Copied. Without it `authorize` or `trust` decides. */
  readonly publicKey?: Uint8Array | undefined;
  /** `'any'`: talk with whoever answers, as TLS without certificates would. */
  readonly trust?: 'any' | undefined;
  /** Gives up when aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface ConnectConfig {
  readonly address: string;
  readonly port: number;
  readonly publicKey: Uint8Array | undefined;
  readonly trustsAny: boolean;
  readonly signal: AbortSignal | undefined;
}

const isPublicKey = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && value.byteLength === 32;
const isAny = (value: unknown): value is 'any' => value === 'any';

const CONNECT_OPTIONS = {
  address: { kind: 'text', doc: 'a literal address or a host name' },
  port: { kind: 'integer', default: 0, min: 1, max: 65_535, doc: 'port of the peer' },
  publicKey: {
    kind: 'checked',
    expected: 'a Uint8Array of 32 bytes',
    accepts: isPublicKey,
    doc: 'who is expected',
  },
  trust: { kind: 'checked', expected: "'any'", accepts: isAny, doc: 'whoever answers is right' },
  signal: { kind: 'signal', doc: 'gives up when aborted' },
} as const satisfies OptionTable;

/**
 * Checks the options of `connect`.
 *
 * @param hasAuthorize the endpoint has an `authorize`
 * @throws OptionError with any of its codes
 */
export function parseConnectOptions(given: unknown, hasAuthorize: boolean): ConnectConfig {
  const { values, given: names } = parseOptions('connect', CONNECT_OPTIONS, given);
  const { address, port, publicKey, trust, signal } = values;
  for (const name of ['address', 'port'] as const) {
    if (names.has(name)) continue;
    throw new OptionError(
      'ERR_OPTION_TYPE',
      name,
      undefined,
      `connect: option '${name}' is missing`,
    );
  }
  if (publicKey === undefined && trust === undefined && !hasAuthorize) {
    throw new OptionError(
      'ERR_OPTION_CONFLICT',
      'publicKey',
      undefined,
      "connect: without option 'publicKey' somebody must decide who the peer may be: give the endpoint an " +
        "'authorize' function, or say trust: 'any'",
    );
  }
  return Object.freeze({
    address: address!,
    port,
    publicKey: publicKey?.slice(),
    trustsAny: trust === 'any',
    signal,
  });
}
