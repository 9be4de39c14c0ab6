/**
 * The errors of connections and streams: what a peer or a path has done to a call that was right.
 *
 * Rejected or emitted, never thrown by a turn. `code` is stable; `remoteCode` is the number that the peer gave. Called by
 * everything of the secure transport in `lib/api`.
 *
 * Invariant: an error says who ended it and why, in words.
 */

import type { CloseInfo } from '../core/connection/close-info.js';
import { CONNECTION_REFUSED } from '../core/error-codes.js';
import { withCode } from './errors.js';

export type { CloseInfo };

/** Codes of `ConnectError`. */
export type ConnectErrorCode =
  /** Nobody answered within the handshake's time. */
  | 'ERR_CONNECT_TIMEOUT'
  /** `authorize` said no to the peer's key. */
  | 'ERR_CONNECT_UNAUTHORIZED'
  /**
   * The peer takes no connections, or has as many as it takes, or closed this one before it began. (With `publicKey` it begins
   * with the answer: what comes after that, `closed` says.)
   */
  | 'ERR_CONNECT_REFUSED'
  /**
   * The peer speaks no version or suite of ours, has our own key, or a key that is none; or the socket cannot reach it; or
   * this endpoint had no memory for it.
   */
  | 'ERR_CONNECT_FAILED'
  /** This endpoint has as many connections as `maxConnections` allows. */
  | 'ERR_TOO_MANY_CONNECTIONS'
  /** The endpoint was closed, before or meanwhile. */
  | 'ERR_ENDPOINT_CLOSED';

/** `connect` failed. */
export class ConnectError extends Error {
  readonly code: ConnectErrorCode;

  constructor(code: ConnectErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  override get name(): string {
    return 'ConnectError';
  }
}

/** Codes of `ConnectionError`. */
export type ConnectionErrorCode =
  /** One side closed it, in the ordinary way: code 0 of an application. */
  | 'ERR_CONNECTION_CLOSED'
  /** An application closed it with another code: `remoteCode`, or the code of our own `close`. */
  | 'ERR_CONNECTION_APPLICATION'
  /** The peer takes no connections any more (CONNECTION_REFUSED): it stopped while this one began. */
  | 'ERR_CONNECTION_REFUSED'
  /** Both sides connected to each other at once, and the other handshake's connection is the one that stays. */
  | 'ERR_CONNECTION_REPLACED'
  /** Nothing came for the idle timeout. */
  | 'ERR_CONNECTION_TIMEOUT'
  /** The peer has no such connection any more: it was started anew, or its close got lost (a stateless reset). */
  | 'ERR_CONNECTION_RESET'
  /** The peer was in breach of the protocol, or says that we were: see `name` in `closed`. */
  | 'ERR_CONNECTION_PROTOCOL';

/** The connection is over, and with it what was asked of it. */
export class ConnectionError extends Error {
  readonly code: ConnectionErrorCode;
  /** Why it ended. */
  readonly closed: CloseInfo;

  constructor(closed: CloseInfo) {
    super(describe(closed));
    this.code = codeOf(closed);
    this.closed = closed;
  }

  override get name(): string {
    return 'ConnectionError';
  }

  /** The code that the peer closed it with; undefined when it was not the peer. */
  get remoteCode(): number | undefined {
    return this.closed.origin === 'remote' ? this.closed.code : undefined;
  }
}

/** Codes of `StreamError`. */
export type StreamErrorCode =
  /** The peer gave up sending (RESET_STREAM). */
  | 'ERR_STREAM_RESET'
  /** The peer wants no more of our bytes (STOP_SENDING). */
  | 'ERR_STREAM_STOPPED';

/** A stream ended before its end. The connection goes on. */
export class StreamError extends Error {
  readonly code: StreamErrorCode;
  /** The code that the peer's application gave. */
  readonly remoteCode: number;

  constructor(code: StreamErrorCode, remoteCode: number) {
    const what = code === 'ERR_STREAM_RESET' ? 'reset the stream' : 'stopped reading the stream';
    super(`the peer ${what} with code ${remoteCode}`);
    this.code = code;
    this.remoteCode = remoteCode;
  }

  override get name(): string {
    return 'StreamError';
  }
}

/** ERR_MESSAGE_TOO_LARGE, ERR_QUEUE_FULL, ERR_STREAM_LIMIT: the call asks for more than is allowed. */
export function overLimit(code: string, message: string): Error {
  return withCode(new RangeError(message), code);
}

/** ERR_CONNECTION_CLOSED for a call on a connection that is over or ending. */
export function connectionEnded(call: string, closed: CloseInfo | undefined): Error {
  const why = closed === undefined ? 'the connection is closing' : describe(closed);
  return withCode(new Error(`${call}: ${why}`), 'ERR_CONNECTION_CLOSED');
}

/** ERR_STREAM_DESTROYED for a write that will not be acknowledged any more. */
export function streamDestroyed(): Error {
  return withCode(new Error('the stream was destroyed'), 'ERR_STREAM_DESTROYED');
}

function codeOf({ origin, isApplication, code }: CloseInfo): ConnectionErrorCode {
  if (origin === 'idle') return 'ERR_CONNECTION_TIMEOUT';
  if (origin === 'discarded') return 'ERR_CONNECTION_REPLACED';
  if (origin === 'reset') return 'ERR_CONNECTION_RESET';
  if (isApplication) return code === 0 ? 'ERR_CONNECTION_CLOSED' : 'ERR_CONNECTION_APPLICATION';
  const isRefused = origin === 'remote' && code === CONNECTION_REFUSED;
  return isRefused ? 'ERR_CONNECTION_REFUSED' : 'ERR_CONNECTION_PROTOCOL';
}

function describe({ origin, isApplication, code, name, reason }: CloseInfo): string {
  if (origin === 'idle') return 'the connection is over: nothing came for the idle timeout';
  if (origin === 'discarded') return 'the connection is over: another one with this peer stays';
  if (origin === 'reset') return 'the connection is over: the peer does not know it any more';
  const who = origin === 'remote' ? 'the peer' : 'this side';
  const what = isApplication ? `code ${code}` : name;
  const why = reason === '' || reason === name ? '' : `: ${reason}`;
  return `the connection is over: ${who} closed it with ${what}${why}`;
}
