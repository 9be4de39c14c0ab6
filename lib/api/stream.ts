/**
 * A stream of a connection as a Duplex of `node:stream`.
 *
 * It moves chunks between Node's machinery and the core: nothing is copied on the way out, and what one batch brought
 * comes in as one chunk. Made by `Connection` only.
 *
 * Invariants: a chunk that was written is the caller's again when its callback has been called, and not before; the end
 * of one stream never ends the connection; what was received before the connection ended can still be read.
 */

import { Duplex, type DuplexOptions } from 'node:stream';
import type { Stream as CoreStream } from '../core/streams/stream.js';
import { type BorrowedReader, guardReader } from './borrowed-reader.js';
import { assertAttached } from './destination.js';
import { callSafely } from './emit.js';
import { detachedBuffer, outOfRange, throwLater, wrongType } from './errors.js';
import { parseOptions } from './option-table.js';
import type { WriteCallback } from './release-queue.js';
import { StreamFarewell } from './stream-farewell.js';
import { PRIORITY_OPTIONS, type StreamPriority } from './stream-options.js';
import { StreamError, streamDestroyed } from './transport-errors.js';
import { CHUNK, WrittenChunks } from './written-chunks.js';

/** Bytes in Node's buffers before back-pressure; the core's own come on top (4 MiB to send, the window to receive). */
const WRITABLE_BYTES = 1 << 20;
const READABLE_BYTES = 256 << 10;

/** Whoever keeps a list of streams. */
export interface StreamHost {
  /** It was destroyed, or has ended. Once. */
  onStreamGone(stream: TransportStream): void;
}

/**
 * A stream: ordered, reliable bytes.
 *
 * One that the peer has opened counts for `maxStreams` until our half has ended and its own was read to the end, or until
 * it is destroyed.
 *
 * Back-pressure is Node's. `write` keeps the caller's chunk, without a copy, until its callback; that comes when the peer
 * has acknowledged the chunk. 'finish' comes when the peer has acknowledged everything and the end. `destroy(error)`
 * gives up: the peer sees a reset with `error.code` if that is a number, else 0. When the peer gives up sending, that is
 * an 'error' with ERR_STREAM_RESET and its code. When it wants no more of our bytes, what was not acknowledged and every
 * later write fail with ERR_STREAM_STOPPED; reading may go on until then. A chunk whose ArrayBuffer is transferred away
 * before its callback destroys the stream with ERR_DETACHED_BUFFER, and the peer sees a reset with code 0.
 */
export class TransportStream extends Duplex {
  /** QUIC's number of the stream (RFC 9000 section 2.1). */
  readonly id: number;
  readonly #core: CoreStream;
  readonly #host: StreamHost;
  readonly #chunks: WrittenChunks;
  readonly #farewell: StreamFarewell;
  #defaultEncoding: BufferEncoding = 'utf8';
  #wantsBytes = false;
  #isBorrowing = false;
  #isEndPushed = false;
  #isConnectionOver = false;

  /** @param highWaterMark bytes, both ways; undefined: the defaults */
  constructor(core: CoreStream, host: StreamHost, highWaterMark?: number) {
    // `readable` and `writable` are options of Node that its types forget.
    super({
      readable: core.receiving !== undefined,
      writable: core.sending !== undefined,
      readableHighWaterMark: highWaterMark ?? READABLE_BYTES,
      writableHighWaterMark: highWaterMark ?? WRITABLE_BYTES,
      allowHalfOpen: true,
      autoDestroy: true,
    } as DuplexOptions);
    this.#core = core;
    this.#host = host;
    this.#chunks = new WrittenChunks(core);
    this.#farewell = new StreamFarewell(this, core);
    this.id = core.id;
    core.data = this;
  }

  /** Only one side sends. */
  get unidirectional(): boolean {
    return this.#core.isUnidirectional;
  }

  /** We opened it. */
  get isLocal(): boolean {
    return this.#core.isLocal;
  }

  /** Bytes that the peer has acknowledged, from the beginning without a gap. */
  get bytesAcknowledged(): number {
    return this.#core.released;
  }

  /** How the stream is served beside the others of its connection. A snapshot. */
  get priority(): Required<StreamPriority> {
    const { urgency, weight } = this.#core;
    return { urgency, weight };
  }

  /**
   * Says how the stream is served beside the others of its connection, from the next packet on, on this side only: see
   * `StreamPriority`. What is left out stays as it is. Streams of the peer begin with the defaults.
   *
   * @throws OptionError; RangeError ERR_OUT_OF_RANGE on a stream that only receives
   */
  setPriority(priority: StreamPriority): void {
    const { values, given } = parseOptions('setPriority', PRIORITY_OPTIONS, priority);
    if (this.#core.sending === undefined) {
      throw outOfRange('setPriority', 'called on a stream that sends', this.id);
    }
    const { urgency, weight } = this.#core;
    this.#core.setPriority(
      given.has('urgency') ? values.urgency : urgency,
      given.has('weight') ? values.weight : weight,
    );
  }

  /**
   * The receive path without a copy: `reader` gets each piece where it lies, in order, as it comes, instead of 'data'. It
   * borrows the bytes until it returns. There is no back-pressure but its own time. 'end' comes as ever. undefined goes
   * back to 'data'. What it throws surfaces as an uncaught exception, and reading goes on.
   *
   * @throws TypeError ERR_INVALID_ARG_TYPE; RangeError ERR_OUT_OF_RANGE on a stream that only sends
   */
  readBorrowed(reader: BorrowedReader | undefined): void {
    if (reader !== undefined && typeof reader !== 'function') {
      throw wrongType('readBorrowed: reader', 'a function or undefined', reader);
    }
    if (this.#core.receiving === undefined) {
      throw outOfRange('readBorrowed', 'called on a stream that receives', this.id);
    }
    this.#isBorrowing = reader !== undefined;
    if (reader === undefined) {
      this.#core.borrow(undefined);
      this.onReadable();
      return;
    }
    const borrower = guardReader(this, reader);
    // What Node's buffer holds already was sent before.
    for (let chunk = this.read(); chunk !== null; chunk = this.read()) {
      borrower(chunk, 0, chunk.byteLength);
    }
    this.#core.borrow(borrower);
    this.onReadable();
    // The end is told through the machinery, which only looks for it while somebody reads.
    this.resume();
  }

  // --- Node's side ---------------------------------------------------------------------------------------------------

  override setDefaultEncoding(encoding: BufferEncoding): this {
    super.setDefaultEncoding(encoding);
    this.#defaultEncoding = encoding;
    return this;
  }

  /**
   * As every Writable's.
   *
   * @throws also TypeError ERR_DETACHED_BUFFER
   */
  override write(chunk: unknown, callback?: WriteCallback): boolean;
  override write(chunk: unknown, encoding: BufferEncoding, callback?: WriteCallback): boolean;
  override write(
    chunk: unknown,
    encoding?: BufferEncoding | WriteCallback,
    callback?: WriteCallback,
  ): boolean {
    const given = typeof encoding === 'function' ? encoding : callback;
    const characters = typeof encoding === 'string' ? encoding : this.#defaultEncoding;
    // As the machinery would; how many bytes base64 and hex make is only known afterwards.
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, characters) : chunk;
    if (bytes instanceof Uint8Array) assertAttached(bytes, CHUNK);
    const end = this.#chunks.offeredBytes + byteLengthOf(bytes);
    // The machinery calls back when the core has taken the chunk; the caller's turn is when it has let go of it.
    const hasRoom =
      typeof given === 'function'
        ? super.write(bytes, (error) => this.#whenReleased(end, given, error))
        : super.write(bytes);
    this.#chunks.offeredBytes = end;
    return hasRoom;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#chunks.write(chunk, callback);
  }

  override _writev(
    chunks: readonly { readonly chunk: Uint8Array }[],
    callback: WriteCallback,
  ): void {
    this.#chunks.writev(chunks, callback);
  }

  override _final(callback: WriteCallback): void {
    // The connection was closed in good order, and nobody waits for this end: no error, but no 'finish' either.
    if (this.#farewell.isBegun && this.#farewell.lastError === undefined) return;
    this.#chunks.finish(callback);
  }

  override _read(): void {
    this.#wantsBytes = true;
    this.#pull();
  }

  override read(size?: number): ReturnType<Duplex['read']> {
    const chunk = super.read(size);
    if (this.#farewell.isBegun) this.#farewell.leaveWhenRead();
    return chunk;
  }

  /**
   * The bytes as they come. Leaving the loop early destroys the stream; its end does not: what is written in answer goes
   * on. (Node's own loop destroys a Duplex at the end of its readable half.)
   */
  override async *[Symbol.asyncIterator](): ReturnType<Duplex[typeof Symbol.asyncIterator]> {
    let isRead = false;
    try {
      yield* this.iterator({ destroyOnReturn: false });
      isRead = true;
    } finally {
      if (!isRead) this.destroy();
    }
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const code = codeOf(error);
    const { sending, receiving } = this.#core;
    if (sending !== undefined && !this.#core.isFinished) this.#core.reset(code);
    if (receiving !== undefined && !this.#isEndPushed) this.#core.stop(code);
    this.#core.data = undefined;
    const waiting = this.#chunks.abandon();
    callback(error);
    this.#host.onStreamGone(this);
    this.#chunks.fail(waiting, () => error ?? this.#chunks.refusal ?? streamDestroyed());
  }

  // --- the core's side: called by Connection for its events ------------------------------------------------------------

  /** Never throws: what a listener throws surfaces, and reading goes on. */
  onReadable(): void {
    try {
      if (this.#isBorrowing) this.#core.deliver();
      this.#pull();
    } catch (error) {
      throwLater(error);
      process.nextTick(() => this.onReadable());
    }
  }

  /**
   * The connection will close in good order: what was written until now, and the end if there was one, goes to the core
   * now. Not what a 'drain' brings: that may never end.
   */
  flushBeforeClose(): void {
    while (this.writableCorked > 0) this.uncork();
    // The machinery hands over all that it holds at once.
    this.#chunks.goOn();
    // It would say so only after this tick.
    const hasEnd = this.writableEnded && this.#chunks.refusal === undefined && !this.destroyed;
    if (hasEnd && this.#core.sending !== undefined) this.#core.finish();
  }

  onWritable(): void {
    this.#chunks.onWritable();
  }

  onFinished(): void {
    this.#chunks.onFinished();
  }

  onReset(code: number): void {
    this.destroy(new StreamError('ERR_STREAM_RESET', code));
  }

  /** A chunk that we gave to the core has gone before it was delivered. */
  onChunkGone(): void {
    this.destroy(detachedBuffer(CHUNK));
  }

  onStopped(code: number): void {
    const error = new StreamError('ERR_STREAM_STOPPED', code);
    this.#chunks.refusal ??= error;
    const isBusy = this.#farewell.isUnsettled || this.#chunks.isFinishing;
    // An answer may still come: with nothing under way it can be read, until somebody writes.
    if (isBusy || this.#core.receiving === undefined || this.readableEnded) this.destroy(error);
  }

  /**
   * The connection is over. What was received can still be read, and then the stream ends too; what was not acknowledged
   * is lost, which is an error. `isOrderly`: an application closed it with code 0.
   */
  onConnectionOver(error: Error, isOrderly: boolean): void {
    if (this.#isConnectionOver || this.destroyed) return;
    this.#isConnectionOver = true;
    this.#chunks.onConnectionOver();
    this.onReadable();
    if (this.#farewell.isNeedless || this.destroyed) return;
    this.#chunks.refusal ??= error;
    this.#farewell.begin(error, isOrderly);
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  #pull(): void {
    if (this.#core.receiving === undefined) return;
    while (this.#wantsBytes && !this.#isBorrowing && !this.destroyed) {
      const chunk = this.#core.read();
      if (chunk === undefined) break;
      this.#wantsBytes = this.push(chunk);
    }
    // Who has taken the end may be sent another stream: so only when somebody reads, not while the stream waits unclaimed.
    if (!this.#wantsBytes || this.#isEndPushed || this.destroyed || !this.#core.takeEnd()) return;
    this.#isEndPushed = true;
    this.push(null);
  }

  #whenReleased(end: number, callback: WriteCallback, error: Error | null | undefined): void {
    if (error) callSafely(callback, error);
    else if (this.destroyed && this.#core.released < end) {
      callSafely(callback, this.errored ?? streamDestroyed());
    } else this.#chunks.whenReleased(end, callback);
  }
}

/** Bytes of a chunk. What is none the machinery refuses. */
function byteLengthOf(chunk: unknown): number {
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0;
}

/** The code that the peer sees: a number that the error carries as its `code`, else 0. */
function codeOf(error: Error | null): number {
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && Number.isSafeInteger(code) && code >= 0 ? code : 0;
}
