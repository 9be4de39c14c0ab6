/**
 * The options of `connect`: where to, and who is expected there.
 *
 * It resolves no names. Called by `Endpoint.connect`.
 *
 * Invariant: a peer of unknown identity is never talked with by oversight: without a key, somebody must decide.
 */

import { isIP } from 'node:net';
import { OptionError, show } from './errors.js';
import { type OptionTable, parseOptions } from './option-table.js';

/** Options of `connect`. */
export interface ConnectOptions {
  /** A literal address, or a host name that is looked up once. */
  readonly address: string;
  /** 1 to 65,535. */
  readonly port: number;
  /** The family of `address`, or the one that is looked up. Default: what the socket reaches. */
  readonly family?: 'IPv4' | 'IPv6' | undefined;
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
  readonly family: 'IPv4' | 'IPv6' | undefined;
  readonly publicKey: Uint8Array | undefined;
  readonly trustsAny: boolean;
  readonly signal: AbortSignal | undefined;
}

const isFamily = (value: unknown): value is 'IPv4' | 'IPv6' => value === 'IPv4' || value === 'IPv6';
const isAny = (value: unknown): value is 'any' => value === 'any';

/** The rules behind `ConnectOptions`. */
export const CONNECT_OPTIONS = {
  address: { kind: 'text', doc: 'a literal address or a host name' },
  port: { kind: 'integer', default: 0, min: 1, max: 65_535, doc: 'port of the peer' },
  family: {
    kind: 'checked',
    expected: "'IPv4' or 'IPv6'",
    accepts: isFamily,
    doc: 'family of the address',
  },
  publicKey: { kind: 'bytes', byteLength: 32, doc: 'who is expected' },
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
  const { address, port, family, publicKey, trust, signal } = values;
  for (const name of ['address', 'port'] as const) {
    if (names.has(name)) continue;
    throw new OptionError(
      'ERR_OPTION_TYPE',
      name,
      undefined,
      `connect: option '${name}' is missing`,
    );
  }
  const version = isIP(address!);
  if (family !== undefined && version !== 0 && family !== `IPv${version}`) {
    throw new OptionError(
      'ERR_OPTION_CONFLICT',
      'family',
      family,
      `connect: option 'family' ${show(family)} contradicts option 'address' ${show(address)}`,
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
    family,
    publicKey: publicKey?.slice(),
    trustsAny: trust === 'any',
    signal,
  });
}
