/**
 * A bound UDP socket as the application holds it: events, sends, life and end.
 *
 * The work is done by `BatchReader`, `Sender` and `SendOutcome`; this file joins them to the events and to the
 * engine's life. Made by `bind` only.
 *
 * Invariants: after `close` no event but 'close' is emitted, and each send throws; the engine's callbacks are set
 * once, here.
 */

import { EventEmitter } from 'node:events';
import { AddressBook, type AddressLike } from '../io/address-book.js';
import type { BatchSocket, EngineInfo, SocketAddress } from '../io/batch-socket.js';
import { BatchReader } from './batch-reader.js';
import type { Payload, SendOptions } from './destination.js';
import { socketClosed, throwLater } from './errors.js';
import { BorrowedBatch, type ReceiveBatch } from './receive-batch.js';
import { SendBatch, type SendBatchOptions } from './send-batch.js';
import { type DatagramError, SendOutcome } from './send-outcome.js';
import { Sender } from './sender.js';
import { readStats, type UdpStats } from './udp-stats.js';

/** The events of a socket and what their listeners get. */
export interface UdpSocketEvents {
  /** Datagrams arrived. The batch is borrowed until the listener returns. The socket reads while one listens. */
  batch: [batch: ReceiveBatch];
  /** There may be room again, after a send that took less than it was given. */
  drain: [];
  /** One datagram could not be sent; the rest of its call goes on. */
  datagramError: [error: DatagramError];
  /** The socket is closed. Once. */
  close: [];
  /** Closing on behalf of an AbortSignal failed. The network never causes it. */
  error: [error: Error];
}

export type { AddressLike, EngineInfo, SocketAddress };

/** What `bind` decided about a socket. */
export interface UdpSocketSettings {
  readonly info: EngineInfo;
  readonly signal: AbortSignal | undefined;
  readonly debug: boolean;
}

/**
 * A UDP socket that moves datagrams in batches.
 *
 * Receive with `on('batch', ...)` or `for await (const batch of socket)`: until one of them is there, and again when
 * none is left, what arrives waits in the kernel's buffer. Several listeners see each batch; several loops get their
 * own copies; a loop that falls behind (64 batches or 16 MiB) stops the reading for all.
 *
 * Every send returns how many datagrams the kernel took, at once, and holds nothing back. When that is fewer than
 * given, the others were reported by 'datagramError' during the call or are still the caller's: resume at the
 * returned count plus the number of 'datagramError' events of that call, when 'drain' comes.
 */
export class UdpSocket extends EventEmitter<UdpSocketEvents> implements AsyncDisposable {
  readonly #engine: BatchSocket;
  readonly #info: EngineInfo;
  readonly #address: SocketAddress;
  readonly #book: AddressBook;
  readonly #outcome: SendOutcome;
  readonly #sender: Sender;
  readonly #reader: BatchReader;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#abort();
  // Reading follows the listeners of 'batch'. The first event comes before the listener is there.
  readonly #onListenerAdded = (event: unknown): void => {
    if (event === 'batch') this.#reader.setListening(true);
  };
  readonly #onListenerRemoved = (event: unknown): void => {
    if (event === 'batch') this.#reader.setListening(this.listenerCount('batch') > 0);
  };
  #closing: Promise<void> | undefined = undefined;

  constructor(engine: BatchSocket, settings: UdpSocketSettings) {
    super();
    this.#engine = engine;
    this.#info = settings.info;
    const { address, port, family } = engine.local;
    this.#address = Object.freeze({ address, port, family });
    this.#book = new AddressBook(engine.peers);
    this.#outcome = new SendOutcome(engine, this.#book, {
      wantsErrors: () => this.listenerCount('datagramError') > 0,
      datagramError: (error) => this.emit('datagramError', error),
      drain: () => this.emit('drain'),
    });
    this.#sender = new Sender(this.#parts());
    this.#reader = new BatchReader(
      engine,
      new BorrowedBatch(this.#book, this.#address),
      (batch) => this.emit('batch', batch),
      settings.debug,
    );
    this.#plainEmitter().on('newListener', this.#onListenerAdded);
    this.#plainEmitter().on('removeListener', this.#onListenerRemoved);
    engine.onReadable = () => this.#reader.run();
    engine.onWritable = () => this.#outcome.writable();
    engine.onSendError = (remote, errno) => this.#outcome.late(remote, errno);
    this.#signal = settings.signal;
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The bound address. Frozen. */
  get address(): SocketAddress {
    return this.#address;
  }

  /** Which engine runs, with what, and why not with more. Frozen. */
  get engine(): EngineInfo {
    return this.#info;
  }

  /**
   * Sends one datagram.
   *
   * @param payload borrowed until the call returns; may be empty
   * @param to a literal address and a port; reusing one frozen object, such as `batch.remote(i)`, is cheapest
   * @returns 1 when the kernel took it, else 0
   * @throws TypeError ERR_INVALID_ARG_TYPE, ERR_INVALID_ADDRESS, ERR_DETACHED_BUFFER; RangeError ERR_SOCKET_BAD_PORT;
   *   OptionError; Error ERR_SOCKET_CLOSED, ERR_PEERS_FULL. Never for what the network does.
   */
  send(payload: Payload, to: AddressLike, options?: SendOptions): number {
    return this.#sender.send(payload, to, options);
  }

  /**
   * Sends one datagram for each payload, in order. Neighbours of equal size and destination become trains.
   *
   * @param payloads borrowed until the call returns
   * @param to one address for all, or an array with one for each payload
   * @returns how many the kernel took
   * @throws as `send`, before anything was sent; RangeError ERR_OUT_OF_RANGE when the arrays differ in length
   */
  sendBatch(
    payloads: readonly Payload[],
    to: AddressLike | readonly AddressLike[],
    options?: SendOptions,
  ): number {
    return this.#sender.sendBatch(payloads, to, options);
  }

  /**
   * Cuts `bytes` into datagrams of `segmentSize` bytes, the last one possibly shorter, and sends them as trains.
   *
   * @param bytes borrowed until the call returns; empty: nothing is sent
   * @param segmentSize 1 to 65,527 bytes
   * @returns how many datagrams the kernel took
   * @throws as `send`; RangeError ERR_OUT_OF_RANGE for `segmentSize`
   */
  sendSegments(
    bytes: Payload,
    segmentSize: number,
    to: AddressLike,
    options?: SendOptions,
  ): number {
    return this.#sender.sendSegments(bytes, segmentSize, to, options);
  }

  /**
   * A batch to fill in place and to send again and again. What is pending in it holds the addresses that it goes to:
   * `clear()` a batch that is given up.
   *
   * @throws OptionError; Error ERR_SOCKET_CLOSED
   */
  createSendBatch(options?: SendBatchOptions): SendBatch {
    if (this.#closing !== undefined) throw socketClosed('createSendBatch');
    return new SendBatch(this.#parts(), options);
  }

  /** The counters now; after `close`, the last ones. */
  stats(): UdpStats {
    return readStats(this.#engine);
  }

  /** Keeps the process alive while the socket is open (the default). */
  ref(): this {
    if (this.#closing === undefined) this.#engine.ref();
    return this;
  }

  /** Lets the process end although the socket is open. */
  unref(): this {
    if (this.#closing === undefined) this.#engine.unref();
    return this;
  }

  /**
   * Closes the socket: sends throw from now on, loops end, batches that wait in them are let go. May be called in any
   * listener, and again. Resolves when the descriptor is closed and 'close' was emitted.
   */
  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Owned copies of batches from now on, in a bounded queue of their own. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceiveBatch> {
    return this.#reader.iterate();
  }

  /** As every emitter's; what the socket itself needs to hear of stays. */
  override removeAllListeners(eventName?: string | symbol): this {
    const emitter: EventEmitter = this.#plainEmitter();
    if (eventName === undefined) super.removeAllListeners();
    else super.removeAllListeners(eventName as never);
    if (emitter.listenerCount('newListener', this.#onListenerAdded) === 0) {
      emitter.on('newListener', this.#onListenerAdded);
    }
    if (emitter.listenerCount('removeListener', this.#onListenerRemoved) === 0) {
      emitter.on('removeListener', this.#onListenerRemoved);
    }
    this.#reader.setListening(this.listenerCount('batch') > 0);
    return this;
  }

  /** This socket without the types of its events, among which Node's own two are not. */
  #plainEmitter(): EventEmitter {
    return this as unknown as EventEmitter;
  }

  #parts() {
    return {
      engine: this.#engine,
      book: this.#book,
      outcome: this.#outcome,
      isClosed: () => this.#closing !== undefined,
    };
  }

  async #finish(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#outcome.close();
    this.#reader.close();
    await this.#engine.close();
    try {
      this.emit('close');
    } catch (error) {
      throwLater(error);
    }
  }

  #abort(): void {
    this.close().catch((error: Error) => this.emit('error', error));
  }
}
