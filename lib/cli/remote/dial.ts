/**
 * From HOST[:PORT] and --key to a connection, and what went wrong in words that say what to look at.
 *
 * Called by `perf client` and `send`. Invariant: without a key nobody is talked with, unless --trust any says so.
 */

import { isIPv6 } from 'node:net';
import type { CloseInfo, Connection, Endpoint } from '../../index.js';
import { type FlagTable, UsageError } from '../arguments.js';
import { parseTicket, type Ticket } from './keys.js';
import { printable } from './lines.js';

export const DEFAULT_PORT = 4433;

/** Options of every command that connects. */
export const DIAL_FLAGS = {
  port: {
    kind: 'number',
    short: 'p',
    default: DEFAULT_PORT,
    min: 1,
    max: 65_535,
    integer: true,
    about: 'UDP port, where HOST names none',
  },
  key: {
    kind: 'text',
    placeholder: 'KEY',
    about: 'the key that the other side has printed: nobody else can answer',
  },
  trust: {
    kind: 'choice',
    choices: ['any'],
    about: "'any': talk with whoever answers; somebody in between can read and change all",
  },
  identity: {
    kind: 'text',
    placeholder: 'FILE',
    about: "our own identity, from 'burstwire keygen' (default: a new one)",
  },
  timeout: {
    kind: 'number',
    default: 10,
    min: 1,
    max: 3600,
    about: 'seconds without an answer after which to give up',
  },
} as const satisfies FlagTable;

export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host`, `host:port`, `1.2.3.4:port`, `::1` and `[::1]:port`.
 *
 * @throws UsageError
 */
export function parseTarget(text: string, defaultPort: number): Target {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const host = isIPv6(text) ? text : (match?.[1] ?? match?.[2]);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  const isBracketed = match?.[1] !== undefined;
  if (host === undefined || (isBracketed && !isIPv6(host)) || port < 1 || port > 65_535) {
    throw new UsageError(
      `HOST must be a name or an address, with :PORT if you like, not '${text}'`,
    );
  }
  return { host, port };
}

/** @throws UsageError when it is not said whom to trust */
export function parseTrust(flags: {
  readonly key: string | undefined;
  readonly trust: 'any' | undefined;
}): Ticket | undefined {
  if (flags.key !== undefined) {
    if (flags.trust !== undefined) throw new UsageError('--key and --trust exclude each other');
    return parseTicket('--key', flags.key);
  }
  if (flags.trust === 'any') return undefined;
  throw new UsageError('--key is missing: the other side has printed it (or say --trust any)');
}

/** Why a connection could not be had, or has ended, or none can be waited for: for the person in front of the screen. */
export class RemoteError extends Error {}

/** @throws RemoteError; AbortError when `signal` has aborted first */
export async function dial(
  endpoint: Endpoint,
  target: Target,
  options: {
    readonly ticket: Ticket | undefined;
    readonly timeoutSeconds: number;
    readonly signal: AbortSignal;
  },
): Promise<Connection> {
  const { ticket, signal } = options;
  const limit = AbortSignal.timeout(options.timeoutSeconds * 1000);
  try {
    return await endpoint.connect({
      address: target.host,
      port: target.port,
      signal: AbortSignal.any([signal, limit]),
      ...(ticket === undefined ? { trust: 'any' as const } : { publicKey: ticket.publicKey }),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new RemoteError(
      limit.aborted ? nobody(target, options.timeoutSeconds) : whyNot(target, error as Error),
    );
  }
}

/** Why a connection is over. @param who the other side, e.g. 'the server' */
export function whyOver({ origin, reason, code }: CloseInfo, who: string): string {
  if (origin === 'idle') return `${who} does not answer any more`;
  return `${who} has closed the connection (${printable(reason) || `code ${code}`})`;
}

/** HOST:PORT as it is typed. */
export function targetText({ host, port }: Target): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

function nobody(target: Target, seconds?: number): string {
  const when = seconds === undefined ? '' : ` within ${seconds} s`;
  return (
    `nobody has answered at ${targetText(target)}${when}: is it running there, is the key the one that it has ` +
    'printed, does it let us in (--allow there, --identity here), and does UDP pass?'
  );
}

function whyNot(target: Target, error: Error & { readonly code?: string }): string {
  switch (error.code) {
    case 'ERR_CONNECT_TIMEOUT':
      return nobody(target);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `there is no host '${target.host}' (${error.code})`;
    case 'ERR_CONNECT_REFUSED':
      return `${targetText(target)} takes no connections now: ${error.message}`;
    default:
      return `cannot connect to ${targetText(target)}: ${error.message}`;
  }
}
