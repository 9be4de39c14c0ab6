/**
 * A connection as the application holds it: streams, messages, datagrams, and its end.
 *
 * The work is the core's; this file turns its events into Node's and checks what the application gives. What waits for
 * the application is in inbox.ts, its streams are in open-streams.ts. Made by `Endpoint` only.
 *
 * Invariants: misuse throws synchronously with a code; what the peer does is an event, a rejection, or a count; after
 * 'close' no event comes; what waits for the application is bounded.
 */

import { EventEmitter } from 'node:events';
import type { CloseInfo } from '../core/connection/close-info.js';
import type { Connection as CoreConnection } from '../core/connection/connection.js';
import {
  EVENT_CLOSED,
  EVENT_DATAGRAM,
  EVENT_DATAGRAM_ROOM,
  EVENT_MESSAGE,
  EVENT_MESSAGE_DONE,
  EVENT_PATH_MTU,
  EVENT_STREAM,
} from '../core/event-ring.js';
import type { Stream as CoreStream } from '../core/streams/stream.js';
import type { SocketAddress } from '../io/batch-socket.js';
import { CLOSE_OPTIONS, type CloseOptions } from './connection-options.js';
import { assertAttached } from './destination.js';
import * as diagnostics from './diagnostics.js';
import { emitSafely } from './emit.js';
import { abortError, throwLater, wrongType } from './errors.js';
import { Inbox, type InboxHost } from './inbox.js';
import { OpenStreams, tellStream } from './open-streams.js';
import { parseOptions } from './option-table.js';
import { type PendingMessage, sendMessage, settleMessage } from './pending-message.js';
import type { TransportStream } from './stream.js';
import {
  MESSAGE_OPTIONS,
  type MessageOptions,
  STREAM_OPTIONS,
  type StreamOptions,
} from './stream-options.js';
import { connectionEnded, overLimit } from './transport-errors.js';
import { type ConnectionStats, readConnectionStats } from './transport-stats.js';

export { CLOSE_OPTIONS, type CloseOptions } from './connection-options.js';

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
  /** The peer has another address, and has proved it: the new `remoteAddress`. Nothing else changes. */
  path: [remoteAddress: SocketAddress];
  /** The path carries datagrams of that size now, bytes. */
  pathMtu: [bytes: number];
  /** It is over; the same object as `closed` resolves to. Once. */
  close: [closed: CloseInfo];
}

/** A secure connection to one peer. See the events in `ConnectionEvents`. */
export class Connection
  extends EventEmitter<ConnectionEvents>
  implements AsyncDisposable, InboxHost
{
  static {
    // Whoever begins to listen gets what has waited. Every way of listening goes through one of these three; watching
    // 'newListener' instead would cost each of ten thousand connections two listeners.
    for (const name of ['on', 'addListener', 'prependListener'] as const) {
      const inherited = EventEmitter.prototype[name];
      const value = function listen(this: Connection, event: string, listener: () => void) {
        inherited.call(this, event, listener);
        this.#inbox.onListeners(event);
        return this;
      };
      Object.defineProperty(Connection.prototype, name, {
        value,
        configurable: true,
        writable: true,
      });
    }
  }

  readonly #core: CoreConnection;
  readonly #inbox: Inbox;
  // Made when they are asked for, as many connections are many.
  #publicKey: Uint8Array | undefined = undefined;
  #closed: Promise<CloseInfo> | undefined = undefined;
  #onClosed: ((closed: CloseInfo) => void) | undefined = undefined;
  #openStreams: OpenStreams | undefined = undefined;
  /** The application was told why it ended, or is about to be. */
  #isOver = false;
  #hasDroppedDatagram = false;
  #remoteAddress: SocketAddress;

  constructor(core: CoreConnection, remoteAddress: SocketAddress) {
    super();
    this.#core = core;
    core.data = this;
    this.#remoteAddress = remoteAddress;
    this.#inbox = new Inbox(this.#plainEmitter(), this);
  }

  /** 32 bytes: who the peer is. A copy. */
  get remotePublicKey(): Uint8Array {
    this.#publicKey ??= this.#core.remotePublicKey;
    return this.#publicKey;
  }

  /** Resolves with why it ended, never rejects. */
  get closed(): Promise<CloseInfo> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#isOver) resolve(this.#core.closed!);
      else this.#onClosed = resolve;
    });
    return this.#closed;
  }

  /** Where the peer is. It follows the peer to another address (a NAT that forgot, another network) once that is proved. */
  get remoteAddress(): SocketAddress {
    return this.#remoteAddress;
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
    const { signal, highWaterMark } = values;
    if (signal?.aborted) throw abortError(signal);
    this.#requireOpen('openStream');
    const core = this.#core.openStream(values.unidirectional);
    if (core === undefined) {
      throw overLimit('ERR_STREAM_LIMIT', 'openStream: 1024 streams wait for the peer already');
    }
    core.setPriority(values.urgency, values.weight);
    const stream = this.#streams().add(core, highWaterMark < 0 ? undefined : highWaterMark);
    if (signal !== undefined) destroyOnAbort(stream, signal);
    return stream;
  }

  /**
   * Sends a message: reliable, whole, in no order with others. Borrows the bytes until the promise settles; it resolves
   * when the peer has acknowledged all of it. A more urgent one (`options.urgency`) overtakes others, and streams.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE, ERR_DETACHED_BUFFER; OptionError; all synchronously
   * @returns rejects with ERR_MESSAGE_TOO_LARGE (the peer's limit), ERR_QUEUE_FULL (65,536 messages or 64 MiB are under
   *   way), ERR_CONNECTION_CLOSED, a ConnectionError when the connection ends first, or ERR_DETACHED_BUFFER when the
   *   bytes were transferred away before they were sent
   */
  sendMessage(bytes: Uint8Array, options?: MessageOptions): Promise<void> {
    requireBytes('sendMessage: bytes', bytes);
    const { values } = parseOptions('sendMessage', MESSAGE_OPTIONS, options);
    return sendMessage(this.#core, bytes, values.urgency);
  }

  /**
   * Sends an unreliable datagram (RFC 9221). Copies the bytes. False when something was dropped here: this one, because
   * it is larger than `maxDatagramPayload` or the connection is ending, or the oldest in a full queue.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE, ERR_DETACHED_BUFFER
   */
  sendDatagram(bytes: Uint8Array): boolean {
    requireBytes('sendDatagram: bytes', bytes);
    const isKept = this.#core.sendDatagram(bytes) === 0;
    if (!isKept) this.#hasDroppedDatagram = true;
    return isKept;
  }

  /** Streams of the peer, one at a time. Several loops share them. Ends with the connection. */
  streams(): AsyncIterableIterator<TransportStream> {
    return this.#inbox.streams.iterate();
  }

  /** Messages of the peer, one at a time; a loop that does not ask holds the peer back. Ends with the connection. */
  messages(): AsyncIterableIterator<Uint8Array> {
    return this.#inbox.messages.iterate();
  }

  /**
   * Unreliable datagrams, one at a time. At most 1,024 or 4 MiB wait, the oldest give way (`stats().datagramsUnread`).
   * Ends with the connection.
   */
  datagrams(): AsyncIterableIterator<Uint8Array> {
    return this.#inbox.datagrams.iterate();
  }

  /** A snapshot of what the connection measures and counts. */
  stats(): ConnectionStats {
    return readConnectionStats(this.#core, {
      datagramsUnread: this.#inbox.datagramsUnread,
      streamsUnclaimed: this.#openStreams?.unclaimed ?? 0,
      messagesUntaken: this.#inbox.messagesUntaken,
    });
  }

  /**
   * Closes in good order: no new streams or messages from now on; once everything that was written until now is
   * acknowledged, and every end of a stream until now, the peer is told. Streams that the application leaves open do not
   * hold it back, nor does what is written to them later: of that, what is not acknowledged by then is lost. Nor does a
   * peer that takes nothing: when nothing of what is waited for was acknowledged for 3 seconds (on a slow path for three
   * probe timeouts), the connection is closed anyway, and what was not acknowledged fails. Resolves with why it ended.
   *
   * @throws OptionError
   */
  close(options?: CloseOptions): Promise<CloseInfo> {
    const { values } = parseOptions('close', CLOSE_OPTIONS, options);
    const { closed } = this;
    this.#openStreams?.flushBeforeClose();
    this.#core.close(values.code, values.reason ?? '', true);
    return closed;
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
    try {
      this.#dispatch(kind, subject, value);
    } catch (error) {
      throwLater(error);
    }
  }

  /** The peer is at another address now. Never throws. */
  onPath(remoteAddress: SocketAddress): void {
    this.#remoteAddress = remoteAddress;
    emitSafely(this.#plainEmitter(), 'path', remoteAddress);
  }

  #dispatch(kind: number, subject: unknown, value: number): void {
    switch (kind) {
      case EVENT_STREAM:
        this.#inbox.onStream(this.#streams().addUnclaimed(subject as CoreStream));
        return;
      case EVENT_MESSAGE:
        this.#inbox.onMessage(subject as Uint8Array);
        return;
      case EVENT_DATAGRAM:
        this.#inbox.onDatagram(subject as Uint8Array);
        return;
      case EVENT_MESSAGE_DONE:
        settleMessage(subject as PendingMessage, value, this.#core.closed);
        return;
      case EVENT_PATH_MTU:
        this.emit('pathMtu', value);
        return;
      case EVENT_DATAGRAM_ROOM:
        if (!this.#hasDroppedDatagram) return;
        this.#hasDroppedDatagram = false;
        this.emit('drain');
        return;
      case EVENT_CLOSED:
        this.#onEnd();
        return;
      default:
        tellStream(kind, subject, value);
    }
  }

  /** Of InboxHost. */
  onStreamTaken(stream: TransportStream): void {
    this.#streams().onTaken(stream);
  }

  /** Of InboxHost. */
  onMessageTaken(bytes: Uint8Array): void {
    this.#core.streams.onMessageTaken(bytes.byteLength);
  }

  #streams(): OpenStreams {
    this.#openStreams ??= new OpenStreams(this, () => this.#inbox.streams.onUseless());
    return this.#openStreams;
  }

  #onEnd(): void {
    const closed = this.#core.closed!;
    this.#openStreams?.end(closed);
    this.#inbox.end();
    if (diagnostics.connectionClose.hasSubscribers) {
      diagnostics.connectionClose.publish({ connection: this, closed });
    }
    this.#isOver = true;
    this.#onClosed?.(closed);
    emitSafely(this.#plainEmitter(), 'close', closed);
  }

  #requireOpen(call: string): void {
    const { phase, isFinishing, closed } = this.#core;
    if (phase !== 'open' || isFinishing) throw connectionEnded(call, closed);
  }

  /** This connection without the types of its events, among which Node's own two are not. */
  #plainEmitter(): EventEmitter {
    return this as unknown as EventEmitter;
  }
}

function requireBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongType(name, 'a Uint8Array', value);
  assertAttached(value, name);
}

function destroyOnAbort(stream: TransportStream, signal: AbortSignal): void {
  const onAbort = (): void => {
    stream.destroy(abortError(signal));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', onAbort));
}
