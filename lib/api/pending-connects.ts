/**
 * The connects of an endpoint that are not decided: from options to a promise.
 *
 * It looks names up, begins attempts of the core, gives up when a signal says so. Called by `Endpoint`, with its own
 * connects and with the core's events.
 *
 * Invariants: each promise settles once; what an attempt holds (a pin on its peer, a listener on a signal) is let go
 * when it does; an attempt that was given up never becomes a connection.
 */

import type { Endpoint as CoreEndpoint } from '../core/endpoint/endpoint.js';
import type { HandshakeFailure } from '../core/handshake/outcome.js';
import type { Addresses } from '../core/ports.js';
import { type AddressBook, PEERS_FULL } from '../io/address-book.js';
import type { SocketAddress } from '../io/batch-socket.js';
import { nowUs } from '../io/clock.js';
import type { ConnectConfig } from './connect-options.js';
import type { Connection } from './connection.js';
import { abortError } from './errors.js';
import { resolveHost } from './open-bound.js';
import { ConnectError, type ConnectErrorCode } from './transport-errors.js';

/** Why an attempt failed, as the core says it. */
export type ConnectFailure = HandshakeFailure | 'tooManyConnections' | 'refused';

const FAILURES: Readonly<Record<ConnectFailure, readonly [ConnectErrorCode, string]>> = {
  timeout: ['ERR_CONNECT_TIMEOUT', 'nobody answered'],
  noCommonVersion: ['ERR_CONNECT_FAILED', 'no common version or suite'],
  ownKey: ['ERR_CONNECT_FAILED', 'the peer has our own static key'],
  unauthorized: ['ERR_CONNECT_UNAUTHORIZED', "authorize refused the peer's key"],
  lowOrderKey: ['ERR_CONNECT_FAILED', 'the key of the peer is no good point'],
  internalError: ['ERR_CONNECT_FAILED', 'something went wrong inside this endpoint'],
  refused: ['ERR_CONNECT_REFUSED', 'the peer takes no connections'],
  tooManyConnections: ['ERR_TOO_MANY_CONNECTIONS', 'maxConnections is reached'],
};

interface Pending {
  readonly config: ConnectConfig;
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: Error) => void;
}

/** What it needs of its endpoint. */
export interface ConnectParts {
  readonly core: CoreEndpoint;
  readonly book: AddressBook;
  readonly addresses: Addresses;
  readonly local: SocketAddress;
  readonly ipv6Only: boolean;
  /** There is something to send. */
  wake(): void;
}

export class PendingConnects {
  readonly #parts: ConnectParts;
  readonly #pending = new Map<number, Pending>();
  /** Attempts that were given up in this turn: their success may be on its way already. */
  readonly #cancelled = new Set<number>();
  #isClosed = false;

  constructor(parts: ConnectParts) {
    this.#parts = parts;
  }

  /** Whether this attempt takes whoever answers. */
  trustsAny(attempt: number): boolean {
    return this.#pending.get(attempt)?.config.trustsAny === true;
  }

  /** Rejects with a ConnectError, with the system error of the look-up, or with an AbortError. */
  async connect(config: ConnectConfig): Promise<Connection> {
    const { signal, port } = config;
    if (signal?.aborted) throw abortError(signal);
    const looked = resolveHost(config.address, this.#familyOf(config));
    const address = await (signal === undefined ? looked : unlessAborted(looked, signal));
    if (signal?.aborted) throw abortError(signal);
    if (this.#isClosed) throw endpointClosed();
    const peer = this.#parts.book.idOf({ address, port });
    if (peer <= 0) {
      const why = peer === PEERS_FULL ? 'every peer id is in use' : 'this socket cannot reach it';
      throw new ConnectError('ERR_CONNECT_FAILED', `connect to ${address}:${port} failed: ${why}`);
    }
    return this.#attempt(config, peer);
  }

  /**
   * An attempt has become a connection. 'taken': somebody waited for it; 'cancelled': it was given up; 'unknown': it was
   * decided before (both sides had connected, and now the peer's handshake counts).
   */
  succeed(attempt: number, make: () => Connection): 'taken' | 'cancelled' | 'unknown' {
    const pending = this.#pending.get(attempt);
    if (pending === undefined) return this.#cancelled.has(attempt) ? 'cancelled' : 'unknown';
    pending.resolve(make());
    return 'taken';
  }

  /** An attempt has failed; the error that it is rejected with, or undefined when nobody waits any more. */
  fail(attempt: number, reason: ConnectFailure): ConnectError | undefined {
    const pending = this.#pending.get(attempt);
    if (pending === undefined) return undefined;
    const { address, port } = pending.config;
    const [code, text] = FAILURES[reason];
    const error = new ConnectError(code, `connect to ${address}:${port} failed: ${text}`);
    pending.reject(error);
    return error;
  }

  /** Gives all of them up. */
  close(): void {
    this.#isClosed = true;
    for (const attempt of [...this.#pending.keys()]) this.#cancel(attempt, endpointClosed());
  }

  #cancel(attempt: number, error: Error): void {
    this.#cancelled.add(attempt);
    setImmediate(() => this.#cancelled.delete(attempt));
    this.#parts.core.cancel(attempt, nowUs());
    this.#parts.wake();
    this.#pending.get(attempt)?.reject(error);
  }

  #attempt(config: ConnectConfig, peer: number): Promise<Connection> {
    const { core, addresses } = this.#parts;
    const { signal, publicKey } = config;
    return new Promise((resolve, reject) => {
      const attempt = core.connect({ peer, remoteStatic: publicKey }, nowUs());
      addresses.pin(peer);
      const onAbort = (): void => this.#cancel(attempt, abortError(signal!));
      const settle = (): void => {
        this.#pending.delete(attempt);
        addresses.unpin(peer);
        signal?.removeEventListener('abort', onAbort);
      };
      this.#pending.set(attempt, {
        config,
        resolve: (connection) => {
          settle();
          resolve(connection);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#parts.wake();
    });
  }

  /** Family of the addresses that are looked for; 0: either. */
  #familyOf({ family }: ConnectConfig): 0 | 4 | 6 {
    const { local, ipv6Only } = this.#parts;
    if (family !== undefined) return family === 'IPv4' ? 4 : 6;
    if (local.family === 'IPv4') return 4;
    return ipv6Only || local.address !== '::' ? 6 : 0;
  }
}

/** ERR_ENDPOINT_CLOSED. */
export function endpointClosed(): ConnectError {
  return new ConnectError('ERR_ENDPOINT_CLOSED', 'connect: the endpoint is closed');
}

/** What `promise` gives; an AbortError as soon as the signal is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    const leave = (): void => signal.removeEventListener('abort', onAbort);
    promise.finally(leave).then(resolve, reject);
  });
}
