/**
 * A connection as the application holds it: streams, messages, datagrams, and its end.
 *
 * The work is the core's; this file turns its events into Node's and checks what the application gives. Made by
 * `Endpoint` only.
 *
 * Invariants: misuse throws synchronously with a code; what the peer does is an event, a rejection, or a count; after
 * 'close' no event comes.
 */

import { EventEmitter } from 'node:events';
import type { CloseInfo } from '../core/connection/close-info.js';
import type { Connection as CoreConnection } from '../core/connection/connection.js';
import type { ConnectionStats } from '../core/connection/stats.js';
import {
  EVENT_CLOSED,
  EVENT_DATAGRAM,
  EVENT_DATAGRAM_ROOM,
  EVENT_FINISHED,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_PATH_MTU,
  EVENT_READABLE,
  EVENT_RESET,
  EVENT_STOPPED,
  EVENT_STREAM,
  EVENT_WRITABLE,
} from '../core/event-ring.js';
import type { Stream as CoreStream } from '../core/streams/stream.js';
import type { SocketAddress } from '../io/batch-socket.js';
import { AsyncQueue } from './async-queue.js';
import * as diagnostics from './diagnostics.js';
import { emitSafely, guard } from './emit.js';
import { abortError, wrongType } from './errors.js';
import { type OptionTable, parseOptions } from './option-table.js';
import { type StreamOptions, TransportStream } from './stream.js';
import { ConnectionError, connectionEnded, overLimit } from './transport-errors.js';

/** The events of a connection and what their listeners get. */
export interface ConnectionEvents {
  /** The peer has opened a stream. Streams that nobody listens for wait, as many as `maxStreams`. */
  stream: [stream: TransportStream];
  /** A whole message; the bytes are the listener's. Without a listener or a loop, messages wait and the peer is held back. */
  message: [bytes: Uint8Array];
  /** An unreliable datagram; the bytes are the listener's. Without a listener or a loop the oldest give way. */
  datagram: [bytes: Uint8Array];
  /** There is room for datagrams again, after `sendDatagram` has returned false. */
  drain: [];
  /** The path carries datagrams of that size now, bytes. */
  pathMtu: [bytes: number];
  /** It is over; the same object as `closed` resolves to. Once. */
  close: [closed: CloseInfo];
}

/** Options of `close`. */
export interface CloseOptions {
  /** The application's code, 0 to 2^53 - 1; the peer sees it. Default 0. */
  readonly code?: number | undefined;
  /** For people; at most 256 bytes of UTF-8 are sent. Default ''. */
  readonly reason?: string | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** The rules behind `CloseOptions`. */
export const CLOSE_OPTIONS = {
  code: {
    kind: 'integer',
    default: 0,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    doc: 'code of the application',
  },
  reason: { kind: 'checked', expected: 'a string', accepts: isText, doc: 'for people' },
} as const satisfies OptionTable;

const STREAM_OPTIONS = {
  unidirectional: { kind: 'boolean', default: false, doc: 'only this side sends' },
  signal: { kind: 'signal', doc: 'destroys the stream when aborted' },
} as const satisfies OptionTable;

/** Datagrams that wait for a listener or a loop. */
const DATAGRAMS_MAX = 1024;

interface PendingMessage {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A secure connection to one peer. See the events in `ConnectionEvents`. */
export class Connection extends EventEmitter<ConnectionEvents> implements AsyncDisposable {
  /** 32 bytes: who the peer is. A copy. */
  readonly remotePublicKey: Uint8Array;
  /** Where it is. */
  readonly remoteAddress: SocketAddress;
  /** Resolves with why it ended, never rejects. */
  readonly closed: Promise<CloseInfo>;
  readonly #core: CoreConnection;
  readonly #streams = new AsyncQueue<TransportStream>();
  readonly #messages: AsyncQueue<Uint8Array>;
  readonly #datagrams = new AsyncQueue<Uint8Array>();
  readonly #open = new Set<TransportStream>();
  #onClosed: (closed: CloseInfo) => void = ignore;
  #hasDroppedDatagram = false;

  constructor(core: CoreConnection, remoteAddress: SocketAddress) {
    super();
    this.#core = core;
    core.data = this;
    this.remotePublicKey = core.remotePublicKey.slice();
    this.remoteAddress = remoteAddress;
    this.#messages = new AsyncQueue((bytes) => core.streams.onMessageTaken(bytes.byteLength));
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
    this.on('newListener', (event) => this.#onNewListener(event));
  }

  /** Whether this side began the connection. */
  get isInitiator(): boolean {
    return this.#core.isInitiator;
  }

  /** 32 bytes that both sides share and nobody else has: to bind other protocols to this connection. A copy. */
  get handshakeHash(): Uint8Array {
    return this.#core.handshakeHash.slice();
  }

  /** Bytes of the largest unreliable datagram that path and peer take now; 0: the peer takes none. */
  get maxDatagramPayload(): number {
    return Math.max(this.#core.maxDatagramPayload, 0);
  }

  /**
   * Opens a stream. The peer hears of it with its first bytes. Beyond what the peer allows at once it waits its turn.
   *
   * @throws OptionError; ERR_CONNECTION_CLOSED; ERR_STREAM_LIMIT when 1,024 streams wait already; AbortError
   */
  openStream(options?: StreamOptions): TransportStream {
    const { values } = parseOptions('openStream', STREAM_OPTIONS, options);
    if (values.signal?.aborted) throw abortError(values.signal);
    this.#requireOpen('openStream');
    const core = this.#core.openStream(values.unidirectional);
    if (core === undefined) {
      throw overLimit('ERR_STREAM_LIMIT', 'openStream: 1024 streams wait for the peer already');
    }
    const stream = this.#adopt(core);
    const { signal } = values;
    if (signal !== undefined) destroyOnAbort(stream, signal);
    return stream;
  }

  /**
   * Sends a message: reliable, whole, in no order with others. Borrows the bytes until the promise settles; it resolves
   * when the peer has acknowledged all of it.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE synchronously
   * @returns rejects with ERR_MESSAGE_TOO_LARGE (the peer's limit), ERR_QUEUE_FULL (65,536 messages or 64 MiB are under
   *   way), ERR_CONNECTION_CLOSED, or a ConnectionError when the connection ends first
   */
  sendMessage(bytes: Uint8Array): Promise<void> {
    requireBytes('sendMessage: bytes', bytes);
    return new Promise((resolve, reject) => {
      const refused = this.#core.sendMessage(bytes, { resolve, reject });
      if (refused === 0) return;
      if (refused === -1) {
        const text = `sendMessage: ${bytes.byteLength} bytes are above what the peer takes`;
        reject(overLimit('ERR_MESSAGE_TOO_LARGE', text));
      } else if (refused === -2) {
        reject(overLimit('ERR_QUEUE_FULL', 'sendMessage: too many messages are under way'));
      } else {
        reject(connectionEnded('sendMessage', this.#core.closed));
      }
    });
  }

  /**
   * Sends an unreliable datagram (RFC 9221). Copies the bytes. False when something was dropped here: this one, because
   * it is larger than `maxDatagramPayload` or the connection is ending, or the oldest in a full queue.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE
   */
  sendDatagram(bytes: Uint8Array): boolean {
    requireBytes('sendDatagram: bytes', bytes);
    const isKept = this.#core.sendDatagram(bytes) === 0;
    if (!isKept) this.#hasDroppedDatagram = true;
    return isKept;
  }

  /** Streams of the peer, one at a time. Several loops share them. Ends with the connection. */
  streams(): AsyncIterableIterator<TransportStream> {
    return this.#streams.iterate();
  }

  /** Messages of the peer, one at a time; a loop that does not ask holds the peer back. Ends with the connection. */
  messages(): AsyncIterableIterator<Uint8Array> {
    return this.#messages.iterate();
  }

  /** Unreliable datagrams, one at a time; at most 1,024 wait, the oldest give way. Ends with the connection. */
  datagrams(): AsyncIterableIterator<Uint8Array> {
    return this.#datagrams.iterate();
  }

  /** A snapshot of what the connection measures and counts. */
  stats(): ConnectionStats {
    return this.#core.stats();
  }

  /**
   * Closes in good order: no new streams or messages from now on; once everything that was written is acknowledged, the
   * peer is told. Streams that are still being written to have to be ended by the application, or it waits for them to
   * be acknowledged as far as they are. Resolves with why the connection ended.
   *
   * @throws OptionError
   */
  close(options?: CloseOptions): Promise<CloseInfo> {
    const { values } = parseOptions('close', CLOSE_OPTIONS, options);
    for (const stream of this.#open) stream.flushBeforeClose();
    this.#core.close(values.code, values.reason ?? '', true);
    return this.closed;
  }

  /** Ends it at once: what is not acknowledged may be lost. The peer is told the code. */
  destroy(options?: CloseOptions): Promise<CloseInfo> {
    const { values } = parseOptions('destroy', CLOSE_OPTIONS, options);
    this.#core.close(values.code, values.reason ?? '', false);
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // --- the endpoint's side: events of the core ---------------------------------------------------------------------------

  /** Never throws. */
  dispatch(kind: number, subject: unknown, value: number): void {
    switch (kind) {
      case EVENT_READABLE:
        streamOf(subject)?.onReadable();
        return;
      case EVENT_WRITABLE:
        guard(() => streamOf(subject)?.onWritable());
        return;
      case EVENT_STREAM:
        this.#onStream(subject as CoreStream);
        return;
      case EVENT_MESSAGE:
        this.#deliver('message', this.#messages, subject as Uint8Array);
        return;
      case EVENT_DATAGRAM:
        if (this.#datagrams.length >= DATAGRAMS_MAX) this.#datagrams.shift();
        this.#deliver('datagram', this.#datagrams, subject as Uint8Array);
        return;
      case EVENT_MESSAGE_DONE:
        this.#onMessageDone(subject as PendingMessage, value);
        return;
      case EVENT_CLOSED:
        this.#onEnd();
        return;
      default:
        guard(() => this.#dispatchRare(kind, subject, value));
    }
  }

  #dispatchRare(kind: number, subject: unknown, value: number): void {
    switch (kind) {
      case EVENT_FINISHED:
        streamOf(subject)?.onFinished();
        return;
      case EVENT_RESET:
        streamOf(subject)?.onReset(value);
        return;
      case EVENT_STOPPED:
        streamOf(subject)?.onStopped(value);
        return;
      case EVENT_PATH_MTU:
        this.emit('pathMtu', value);
        return;
      case EVENT_DATAGRAM_ROOM:
        if (!this.#hasDroppedDatagram) return;
        this.#hasDroppedDatagram = false;
        this.emit('drain');
    }
  }

  #onStream(core: CoreStream): void {
    this.#deliver('stream', this.#streams, this.#adopt(core));
  }

  #adopt(core: CoreStream): TransportStream {
    const stream = new TransportStream(core);
    this.#open.add(stream);
    stream.once('close', () => this.#open.delete(stream));
    if (diagnostics.streamOpen.hasSubscribers) {
      diagnostics.streamOpen.publish({ connection: this, stream });
    }
    return stream;
  }

  /** To the listeners if there are any, else to the loops. */
  #deliver<T>(event: 'stream' | 'message' | 'datagram', queue: AsyncQueue<T>, item: T): void {
    queue.push(item);
    if (this.listenerCount(event) > 0) this.#drain(event, queue);
  }

  #drain<T>(event: 'stream' | 'message' | 'datagram', queue: AsyncQueue<T>): void {
    while (queue.length > 0 && this.listenerCount(event) > 0) {
      emitSafely(this as EventEmitter, event, queue.shift());
    }
  }

  /** What has waited for a listener comes once it is there. */
  #onNewListener(event: string | symbol): void {
    process.nextTick(() => {
      if (event === 'stream') this.#drain('stream', this.#streams);
      else if (event === 'message') this.#drain('message', this.#messages);
      else if (event === 'datagram') this.#drain('datagram', this.#datagrams);
    });
  }

  #onMessageDone(message: PendingMessage, error: number): void {
    if (error === 0) message.resolve();
    else if (this.#core.closed !== undefined)
      message.reject(new ConnectionError(this.#core.closed));
    else message.reject(overLimit('ERR_MESSAGE_REFUSED', `the peer refused the message: ${error}`));
  }

  #onEnd(): void {
    const closed = this.#core.closed!;
    const isOrderly = closed.isApplication && closed.code === 0;
    const error = new ConnectionError(closed);
    for (const stream of [...this.#open]) guard(() => stream.onConnectionOver(error, isOrderly));
    this.#streams.end();
    this.#messages.end();
    this.#datagrams.end();
    if (diagnostics.connectionClose.hasSubscribers) {
      diagnostics.connectionClose.publish({ connection: this, closed });
    }
    this.#onClosed(closed);
    emitSafely(this as EventEmitter, 'close', closed);
  }

  #requireOpen(call: string): void {
    const { phase, isFinishing, closed } = this.#core;
    if (phase !== 'open' || isFinishing) throw connectionEnded(call, closed);
  }
}

function streamOf(core: unknown): TransportStream | undefined {
  return (core as CoreStream).data as TransportStream | undefined;
}

function requireBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongType(name, 'a Uint8Array', value);
}

function destroyOnAbort(stream: TransportStream, signal: AbortSignal): void {
  const onAbort = (): void => {
    stream.destroy(abortError(signal));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', onAbort));
}

function ignore(): void {}
